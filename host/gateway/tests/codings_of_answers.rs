//! Every answer is read here: whether it is one, whether all of it has come, what it used. So nothing but `identity` is asked
//! for, whatever a client accepts, what says that it is coded and is not, or in a way that nobody knows, is no answer, and the client
//! gets its answer plain.

use crate::guest;

use crate::guest::Guest;
use crate::support::h2::{self, question, run, whole};
use crate::support::no_answers::{are_no_answers, case, good};
use crate::support::providers::{asking, gateway_of};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, config_with, post, send};
use bytes::Bytes;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// What clients say of what they accept: the header's values, none to several.
const ACCEPTED: [&[&str]; 13] = [
    &[],
    &[""],
    &["gzip"],
    &["br"],
    &["gzip, deflate, br, zstd"],
    &["*"],
    &["*;q=0"],
    &["identity;q=0"],
    &["identity;q=0, gzip;q=1.0, *;q=0"],
    &["gzip", "br"],
    &["identity"],
    &["x-what-is-it"],
    &["GZIP;q=0.5"],
];

const EMBEDDING: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}"#;

/// Answers whatever is asked.
fn provider() -> Upstream {
    Upstream::start(|_, seen, stream| {
        let answer = if seen.head.contains("/embeddings") {
            ok("application/json", EMBEDDING)
        } else if seen.json()["stream"] == true {
            [STREAM, &chunk(&delta("hello")), &chunk(DONE), END].concat()
        } else {
            ok("application/json", CHAT)
        };
        stream.write_all(&answer).is_ok()
    })
}

/// Asks with these values of `accept-encoding`.
fn ask(gateway: &Gateway, (method, path, body): (&str, &str, &str), accepted: &[&str]) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(accepted.iter().map(|value| ("accept-encoding", *value)));
    send(gateway.address, method, path, &headers, body.as_bytes())
}

/// The values of `accept-encoding` in a head, each field by itself.
fn asked_for(head: &str) -> Vec<String> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let values = fields.filter(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
    values.map(|(_, value)| value.trim().to_owned()).collect()
}

#[test]
fn nothing_but_identity_goes_upstream_whatever_a_client_accepts_and_it_is_answered_plain() {
    let upstream = provider();
    let reader = Guest::on("response", "(call $pass)").and("event", "(call $pass)");
    let plain = Gateway::start(&config(upstream.address));
    let read = guest::gateway(upstream.address, "", &[("reader", &reader, "")]);
    let (whole, streamed) = (chat("hi"), chat_stream("hi"));
    let questions = [
        ("POST", "/v1/chat/completions", whole.as_str()),
        ("POST", "/v1/chat/completions", streamed.as_str()),
        ("POST", "/v1/embeddings", r#"{"model":"m","input":"hi"}"#),
    ];
    for gateway in [&plain, &read] {
        for question in questions {
            for accepted in ACCEPTED {
                let before = upstream.seen().len();
                let reply = ask(gateway, question, accepted);
                assert_eq!((reply.status, reply.header("content-encoding")), (200, None), "{question:?} {accepted:?}");
                let text = reply.text();
                assert!(
                    text == CHAT || text == EMBEDDING || text == [&delta("hello"), DONE].concat(),
                    "{question:?} {accepted:?}: {text}"
                );
                let seen = &upstream.seen()[before..];
                assert_eq!((seen.len(), asked_for(&seen[0].head)), (1, vec!["identity".to_owned()]), "{accepted:?}");
            }
        }
    }
    // The list of models is the gateway's own, and so are its refusals: nothing goes upstream for them.
    let before = upstream.seen().len();
    for accepted in ACCEPTED {
        for question in [("GET", "/v1/models", ""), ("POST", "/v1/chat/completions", "{")] {
            let reply = ask(&plain, question, accepted);
            assert_eq!(reply.header("content-encoding"), None, "{question:?} {accepted:?}");
            assert!(reply.json().is_object());
        }
    }
    assert_eq!(upstream.seen().len(), before);
}

#[test]
fn over_http2_on_both_sides_it_is_the_same() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let upstream = h2::upstream(move |parts, _| {
        let values = parts.headers.get_all("accept-encoding").iter();
        notes.lock().unwrap().push(values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>());
        async { h2::answer("application/json", Bytes::from(CHAT)) }
    });
    let gateway = Gateway::start(&config_with(upstream, "http2 = \"always\"", ""));
    run(async {
        let mut sender = h2::connect(gateway.address).await;
        for accepted in ACCEPTED {
            let mut request = question(gateway.address, ACME, &chat("hi"));
            for value in accepted {
                request.headers_mut().append("accept-encoding", value.parse().unwrap());
            }
            let response = sender.send_request(request).await.unwrap();
            assert!(!response.headers().contains_key("content-encoding"), "{accepted:?}");
            assert_eq!(whole(response).await, (200, CHAT.to_owned()), "{accepted:?}");
        }
    });
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), ACCEPTED.len());
    assert!(seen.iter().all(|values| *values == ["identity"]), "{seen:?}");
}

#[test]
fn what_says_that_it_is_coded_and_is_not_is_no_answer_in_whichever_field_it_says_so() {
    let cases: [(&[&str], bool); 11] = [
        (&["gzip"], false),
        (&["BR"], false),
        (&["identity, gzip"], false),
        (&["identity", "gzip"], false),
        (&["", "zstd"], false),
        (&["aes128gcm"], false),
        (&[], true),
        (&[""], true),
        (&["identity"], true),
        (&["Identity", "identity"], true),
        (&[" , "], true),
    ];
    let answers = cases.iter().flat_map(|(values, _)| {
        let fields: String = values.iter().map(|value| format!("content-encoding: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 200 OK\r\n{fields}");
        let json = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{CHAT}", CHAT.len());
        let events = format!("content-type: text/event-stream\r\nconnection: close\r\n\r\n{}{DONE}", delta("hello"));
        [format!("{head}{json}"), format!("{head}{events}")]
    });
    let answers: Vec<_> = answers.collect();
    let upstream = Upstream::start(move |n, _, stream| stream.write_all(answers[n].as_bytes()).is_ok() && n % 2 == 0);
    let gateway = Gateway::start(&config(upstream.address));
    for (values, is_plain) in cases {
        for (body, answer) in [(chat("hi"), CHAT.to_owned()), (chat_stream("hi"), [&delta("hello"), DONE].concat())] {
            let reply = ask(&gateway, ("POST", "/v1/chat/completions", &body), &["gzip, br"]);
            if is_plain {
                assert_eq!((reply.status, reply.text()), (200, answer), "{values:?}");
            } else {
                assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_encoded"), "{values:?}");
            }
        }
    }
    assert_eq!(upstream.seen().len(), 2 * cases.len());
}

/// What a provider says of the gateway's account, which is for no client to see.
const ACCOUNT: &str = r#"{"error":{"message":"You exceeded your quota, org-secret","type":"insufficient_quota","code":"insufficient_quota"}}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    coder.write_all(text.as_bytes()).unwrap();
    coder.finish().unwrap()
}

/// A refusal with these fields.
fn refusal(line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {line}\r\n{fields}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn what_is_said_against_a_request_is_not_relayed_where_its_coding_cannot_be_read() {
    let coded = gzip(ACCOUNT);
    let words = gzip(r#"{"error":{"message":"no such parameter","code":"invalid_value"}}"#);
    let mut cases = Vec::new();
    for (line, fields, body) in [
        ("400 Bad Request", "content-encoding: compress\r\n", &coded[..]),
        ("404 Not Found", "Content-Encoding: GZIP, gzip\r\n", &coded),
        ("422 No", "content-encoding: gzip\r\ncontent-encoding: br\r\n", &coded),
        ("413 Too Large", "content-encoding: br\r\n", b"\xff\xff\xff"),
        ("508 Loop Detected", "content-encoding: zstd\r\n", &coded),
        ("400 Bad Request", "content-encoding: deflate\r\n", &words),
        // It is said to be coded, and is not.
        ("400 Bad Request", "content-encoding: gzip\r\n", ACCOUNT.as_bytes()),
        // It is, and that is not said.
        ("400 Bad Request", "content-type: application/json\r\n", &coded),
    ] {
        for streaming in [false, true] {
            let says = Upstream::fixed(refusal(line, fields, body));
            cases.push(case(format!("{line} {fields} ({streaming})"), says, streaming, (502, "upstream_encoded")));
        }
    }
    are_no_answers(&cases);
    // Of a rate the status says all that there is to say.
    let upstream = Upstream::fixed(refusal("429 Too Many Requests", "content-encoding: aes128gcm\r\n", &coded));
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (429, "upstream_rate_limited"));
}

#[test]
fn what_is_said_of_the_account_reaches_no_client_in_whichever_form_it_is_said() {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| ACCOUNT.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let (encoded, account) = ("upstream_encoded", "upstream_auth");
    let mut cases = Vec::new();
    for (body, code) in [
        (utf16(u16::to_le_bytes), encoded),
        ([b"\xff\xfe".to_vec(), utf16(u16::to_le_bytes)].concat(), encoded),
        ([b"\xfe\xff".to_vec(), utf16(u16::to_be_bytes)].concat(), encoded),
        (ACCOUNT.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(), encoded),
        (format!("[{ACCOUNT}]").into_bytes(), account),
        (format!("\u{feff}\r\n[ {ACCOUNT} ]\n").into_bytes(), account),
        (format!(r#"{{"error":[{ACCOUNT}]}}"#).into_bytes(), account),
        (format!(r#"{{"detail":{ACCOUNT}}}"#).into_bytes(), account),
        (ACCOUNT.replace("\"code\"", "\"c\\u006fde\"").replace("\"type\"", "\"kind\"").into_bytes(), account),
        (ACCOUNT.replace(":\"insufficient_quota", ":\"insufficient\\u005fquota").into_bytes(), account),
        (format!("data: {ACCOUNT}\n\n").into_bytes(), account),
        (format!("{ACCOUNT}{ACCOUNT}").into_bytes(), account),
        (ACCOUNT.as_bytes()[..ACCOUNT.len() - 1].to_vec(), account),
        (serde_json::to_vec(ACCOUNT).unwrap(), account),
        (b"<h1>400</h1><code>invalid_api_key</code>".to_vec(), account),
    ] {
        let says = Upstream::fixed(refusal("400 Bad Request", "content-type: application/json\r\n", &body));
        cases.push(case(String::from_utf8_lossy(&body), says, false, (502, code)));
    }
    are_no_answers(&cases);
}

#[test]
fn what_is_said_against_a_request_and_can_be_read_is_relayed_as_it_came() {
    let bodies: [&[u8]; 6] = [
        br#"[{"error":{"code":400,"message":"API key: insufficient_quota","status":"INVALID_ARGUMENT"}}]"#,
        br#"{"detail":[{"type":"missing","loc":["body"],"input":{"type":"insufficient_quota"}}]}"#,
        b"<html>404</html>",
        b"Stra\xdfe nicht gefunden",
        b"{\"error\":{\"message\":\"half",
        b"\x1b[31mno\x1b[0m",
    ];
    let upstreams =
        bodies.map(|body| Upstream::fixed(refusal("400 Bad Request", "content-type: text/plain\r\n", body)));
    let gateway = gateway_of(&upstreams, &good(), "");
    for (n, body) in bodies.iter().enumerate() {
        let reply = post(gateway.address, ACME, &asking(&format!("m{n}"), false));
        assert_eq!((reply.status, &reply.body[..]), (400, *body));
    }
}

#[test]
fn what_cannot_be_read_says_nothing_against_the_health_of_who_says_it() {
    let upstreams = [
        Upstream::fixed(refusal("400 Bad Request", "", b"you said: insufficient_quota")),
        Upstream::fixed(refusal("400 Bad Request", "", b"\0")),
        Upstream::fixed(refusal("400 Bad Request", "content-encoding: gzip\r\n", b"you said: gzip")),
    ];
    let gateway = gateway_of(&upstreams, &good(), "health = { failures = 2, aside = \"60s\" }");
    for (n, upstream) in upstreams.iter().enumerate() {
        for asked in 1..=6 {
            let reply = post(gateway.address, ACME, &asking(&format!("m{n}"), false));
            assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("next/other")), "{n}");
            // A client that makes it repeat its words would else put it aside for everybody.
            assert_eq!(upstream.seen().len(), asked, "{n}");
        }
    }
    soon_eq!(gateway.metric("weir_upstream_put_aside_total", &[]), 0.0);
}
