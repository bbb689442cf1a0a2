//! The texts of a body that a view has nowhere else: whatever was not understood, wherever it stands, for nothing may be hidden.

use weir_http::json::{Cursor, JsonKind, JsonSyntaxError, Span};

use super::names::{UNSHOWN, is_opaque, prefix};
use super::write::ViewWriter;
use crate::canon::RawJson;

/// Writes the member that has them, by their places in the body (RFC 6901), if there are any. `figures` are members whose
/// values are figures.
pub(super) fn write(
    out: &mut ViewWriter,
    body: &RawJson,
    start: usize,
    figures: &[&str],
) -> Result<(), JsonSyntaxError> {
    let bytes = body.bytes();
    let mut rest =
        Rest { body: bytes, sources: out.sources(), next: 0, start, path: String::new(), found: Vec::new(), figures };
    let mut cursor = Cursor::new(bytes)?;
    rest.value(&mut cursor, b"")?;
    if rest.found.is_empty() {
        return Ok(());
    }
    out.out.name(&format!("{}.rest", prefix(out.wire))).open();
    for (pointer, span) in &rest.found {
        let mut name = Vec::new();
        weir_http::json::escape_into(&mut name, pointer);
        out.out.name_raw(name.get(1..name.len() - 1).unwrap_or_default());
        out.raw(&RawJson::checked(bytes.slice(span.start..span.end)));
    }
    out.out.close();
    Ok(())
}

struct Rest<'a> {
    body: &'a [u8],
    /// What is shown already, by where it begins in the whole body.
    sources: Vec<Span>,
    next: usize,
    /// Where in the whole body its value begins.
    start: usize,
    path: String,
    found: Vec<(String, Span)>,
    figures: &'a [&'a str],
}

impl Rest<'_> {
    fn value(&mut self, cursor: &mut Cursor<'_>, name: &[u8]) -> Result<(), JsonSyntaxError> {
        let kind = cursor.kind()?;
        if self.is_shown(cursor.at()) || self.figures.iter().any(|figure| figure.as_bytes() == name) {
            cursor.skip()?;
            return Ok(());
        }
        match kind {
            JsonKind::Object => {
                cursor.enter_object()?;
                while let Some(key) = cursor.next_key()? {
                    let before = self.path.len();
                    self.path.push('/');
                    self.path.push_str(&key.lossy().replace('~', "~0").replace('/', "~1"));
                    self.value(cursor, key.raw())?;
                    self.path.truncate(before);
                }
            }
            JsonKind::Array => {
                cursor.enter_array()?;
                let mut index = 0_usize;
                while cursor.next_element()? {
                    let before = self.path.len();
                    self.path.push('/');
                    self.path.push_str(&index.to_string());
                    self.value(cursor, name)?;
                    self.path.truncate(before);
                    index += 1;
                }
            }
            JsonKind::String => {
                let (span, _) = cursor.skip()?;
                self.put(span, name);
            }
            JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                cursor.skip()?;
            }
        }
        Ok(())
    }

    fn put(&mut self, span: Span, name: &[u8]) {
        let is_known = UNSHOWN.iter().any(|(known, _)| known.as_bytes() == name);
        let content = self.body.get(span.start + 1..span.end - 1).unwrap_or_default();
        if !(content.is_empty() || is_known && is_opaque(content)) {
            self.found.push((self.path.clone(), span));
        }
    }

    fn is_shown(&mut self, at: usize) -> bool {
        let at = at + self.start;
        while self.sources.get(self.next).is_some_and(|span| span.end <= at) {
            self.next += 1;
        }
        self.sources.get(self.next).is_some_and(|span| span.start <= at)
    }
}
