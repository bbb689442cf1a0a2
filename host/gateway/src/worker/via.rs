//! `Via` (RFC 9110 section 7.6.3): what this gateway calls itself to the servers behind it, and by which it knows a
//! request that has come back to it.

use http::header::VIA;
use http::{HeaderMap, HeaderValue};

/// The name of this gateway among others.
#[derive(Debug)]
pub(crate) struct Via {
    name: Box<str>,
    /// The member of `Via` that it adds.
    own: HeaderValue,
}

impl Via {
    /// A gateway that is called `name`, a token.
    pub(crate) fn new(name: &str) -> Self {
        let own = HeaderValue::from_str(&format!("1.1 {name}"));
        Self { name: name.into(), own: own.unwrap_or(HeaderValue::from_static("1.1 weir")) }
    }

    /// Whether a request has been here before: somebody on its way was called as this gateway is.
    pub(crate) fn has_seen(&self, headers: &HeaderMap) -> bool {
        let members = headers.get_all(VIA).into_iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        members.map(receiver).any(|receiver| receiver.eq_ignore_ascii_case(self.name.as_bytes()))
    }

    /// What goes upstream with a request: who it came from, if it came with headers that say so, and this gateway.
    pub(crate) fn behind(&self, headers: Option<&HeaderMap>) -> HeaderValue {
        let mut all = Vec::new();
        for value in headers.into_iter().flat_map(|headers| headers.get_all(VIA)) {
            all.extend_from_slice(value.as_bytes());
            all.extend_from_slice(b", ");
        }
        if all.is_empty() {
            return self.own.clone();
        }
        all.extend_from_slice(self.own.as_bytes());
        HeaderValue::from_maybe_shared(bytes::Bytes::from(all)).unwrap_or_else(|_| self.own.clone())
    }
}

/// Who received it, of a member `protocol receiver [comment]`.
fn receiver(member: &[u8]) -> &[u8] {
    let mut words = member.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.nth(1).unwrap_or_default()
}
