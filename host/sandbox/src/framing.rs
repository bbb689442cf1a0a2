//! Headers that frame or address a message, or concern one connection: the host alone sets them, whoever the message is for.

/// Not for plugins to set, in lower case: RFC 9110 sections 6.6, 7.2, 7.6, 7.8, 8.6 and 10.1, RFC 9112 section 6.1, RFC
/// 7540 section 3.2.1, and `Proxy-Connection`, which no RFC has and some clients send. Where a kind of message has more of
/// its own, they stand with it.
pub(crate) const FRAMING: [&str; 12] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "via",
    "expect",
    "http2-settings",
    "proxy-connection",
];
