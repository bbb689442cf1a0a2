//! Where what a view shows stands in the body that it was made of, so that a change of it can be put there.

use bytes::Bytes;
use weir_http::json::{JsonKind, Span};

use crate::canon::{JsonText, JsonWriter, RawJson};

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShownForm {
    /// As it stands.
    Same,
    /// Arguments of a call, which are a value, as the text of it.
    Arguments,
    /// Another value, as the text of it.
    Value,
    /// Data, as a URL with a head of so many bytes.
    Url(usize),
}

/// A value of a view that stands in the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShownValue {
    /// Where in the view it begins, and how long it is there.
    pub(super) at: usize,
    pub(super) len: usize,
    /// Where it stands in the body.
    pub(super) from: Span,
    pub(super) form: ShownForm,
}

/// All of them, by where they stand in the view.
#[derive(Debug, Default)]
pub(super) struct SourceMap(Vec<ShownValue>);

/// What is to stand in the place of a part of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) from: Span,
    pub(super) text: Bytes,
}

impl SourceMap {
    /// Takes note of one. They come in order.
    pub(super) fn push(&mut self, value: ShownValue) {
        self.0.push(value);
    }

    /// Whether what begins there in the body is shown.
    pub(super) fn shows(&self, start: usize) -> bool {
        self.0.iter().any(|value| value.from.start == start)
    }

    /// Where in the body everything stands that is shown.
    pub(super) fn sources(&self) -> Vec<Span> {
        self.0.iter().map(|value| value.from).collect()
    }

    /// The change of the body that makes of a value of the view another one; none if the body has no place for it.
    pub(super) fn splice(&self, view: &Bytes, shown: &RawJson, changed: &RawJson) -> Option<Splice> {
        let at = offset(view, shown.bytes())?;
        let found = self.0.binary_search_by_key(&at, |value| value.at).ok()?;
        let value = self.0.get(found).filter(|value| value.len == shown.bytes().len())?;
        if shown.kind() != changed.kind() {
            return None;
        }
        let text = match value.form {
            ShownForm::Same => changed.bytes().clone(),
            ShownForm::Arguments => arguments(&changed.text()?),
            ShownForm::Value => any_value(&changed.text()?, shown),
            ShownForm::Url(head) => {
                let due = shown.bytes().get(..head)?;
                let data = changed.bytes().strip_prefix(due)?;
                [b"\"", data].concat().into()
            }
        };
        Some(Splice { from: value.from, text })
    }
}

/// Where a slice of these bytes begins in them; none if it is of others.
pub(super) fn offset(of: &Bytes, slice: &Bytes) -> Option<usize> {
    let at = slice.as_ptr().addr().checked_sub(of.as_ptr().addr())?;
    (at + slice.len() <= of.len()).then_some(at)
}

/// The body with these changes. Of two that meet, the first counts.
pub(super) fn spliced(body: &Bytes, mut splices: Vec<Splice>) -> Bytes {
    splices.sort_by_key(|splice| (splice.from.start, std::cmp::Reverse(splice.from.end)));
    let mut out = Vec::with_capacity(body.len() + splices.iter().map(|splice| splice.text.len()).sum::<usize>());
    let mut done = 0;
    for splice in &splices {
        if splice.from.start < done {
            continue;
        }
        out.extend_from_slice(body.get(done..splice.from.start).unwrap_or_default());
        out.extend_from_slice(&splice.text);
        done = splice.from.end;
    }
    out.extend_from_slice(body.get(done..).unwrap_or_default());
    out.into()
}

/// Arguments of a call as the value that they are; what is none is wrapped.
fn arguments(text: &JsonText) -> Bytes {
    crate::canon::ToolInput::Text(text.clone()).to_object().0.bytes().clone()
}

/// A value that was shown as text; what is none any more is said in its place.
fn any_value(text: &JsonText, shown: &RawJson) -> Bytes {
    let was = shown.text().and_then(|text| RawJson::parse_text(&text).ok()).map_or(JsonKind::Null, |was| was.kind());
    let value = RawJson::parse_text(text).ok();
    if let Some(value) = value.as_ref().filter(|value| value.kind() == was) {
        return value.bytes().clone();
    }
    if was != JsonKind::Object {
        return text.token().clone();
    }
    let mut out = JsonWriter::default();
    out.open().name("result").raw(value.as_ref().unwrap_or(&RawJson::of_text(text))).close();
    out.finish()
}
