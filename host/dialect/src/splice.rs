//! Changing a few bytes of a text and copying the rest as it stands.

use bytes::Bytes;
use weir_http::json::{self, Span};

/// What takes the place of a span.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patch<'a> {
    /// JSON text as it is.
    Json(&'static str),
    /// A string, to be quoted and escaped, between two pieces of JSON text.
    Quoted(&'static str, &'a str, &'static str),
}

impl Patch<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Json(text) => text.len(),
            Self::Quoted(before, text, after) => before.len() + json::escaped_len(text) + after.len(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Json(text) => out.extend_from_slice(text.as_bytes()),
            Self::Quoted(before, text, after) => {
                out.extend_from_slice(before.as_bytes());
                json::escape_into(out, text);
                out.extend_from_slice(after.as_bytes());
            }
        }
    }
}

/// `body` with each span replaced; an empty span inserts. The spans are in order and do not overlap. Allocates once.
pub(crate) fn splice(body: &[u8], patches: &[(Span, Patch<'_>)]) -> Bytes {
    debug_assert!(patches.is_sorted_by(|(one, _), (next, _)| one.end <= next.start), "in order, without overlap");
    debug_assert!(patches.iter().all(|(span, _)| span.start <= span.end && span.end <= body.len()));
    let added: usize = patches.iter().map(|(_, patch)| patch.len()).sum();
    let removed: usize = patches.iter().map(|(span, _)| span.end - span.start).sum();
    let mut out = Vec::with_capacity((body.len() + added).saturating_sub(removed));
    let mut at = 0;
    for (span, patch) in patches {
        out.extend_from_slice(body.get(at..span.start).unwrap_or_default());
        patch.write(&mut out);
        at = span.end;
    }
    out.extend_from_slice(body.get(at..).unwrap_or_default());
    Bytes::from(out)
}
