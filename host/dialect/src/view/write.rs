//! How a view is written: what it takes from the body is noted.

use bytes::Bytes;
use weir_http::json::Span;

use super::map::{ShownForm, ShownValue, SourceMap, offset};
use super::names::{is_unshown, prefix};
use crate::canon::{JsonText, JsonWriter, RawJson, RawMembers};
use crate::wire::WireFormat;

/// Writes a view.
#[derive(Debug)]
pub(super) struct ViewWriter {
    pub(super) out: JsonWriter,
    pub(super) wire: WireFormat,
    body: Bytes,
    map: SourceMap,
    /// It is an answer's, whose tokens stand beside what they repeat.
    pub(super) is_answer: bool,
    /// What is shown in other words.
    retold: Vec<Span>,
}

impl ViewWriter {
    pub(super) fn new(wire: WireFormat, body: &Bytes) -> Self {
        let out = JsonWriter::with_capacity(body.len() + body.len() / 8 + 512);
        Self { out, wire, body: body.clone(), map: SourceMap::default(), is_answer: false, retold: Vec::new() }
    }

    /// What was written, and where it comes from.
    pub(super) fn finish(self) -> (Bytes, SourceMap) {
        (self.out.finish(), self.map)
    }

    /// Where in the body everything stands that was written, by where that begins.
    pub(super) fn sources(&self) -> Vec<Span> {
        let mut sources = self.map.sources();
        sources.extend(&self.retold);
        sources.sort_unstable_by_key(|span| (span.start, span.end));
        sources
    }

    /// Takes note that a value was shown in other words.
    pub(super) fn retell(&mut self, value: &RawJson) {
        if let Some(start) = offset(&self.body, value.bytes()) {
            self.retold.push(Span { start, end: start + value.bytes().len() });
        }
    }

    /// A string as it stands.
    pub(super) fn text(&mut self, text: &JsonText) {
        self.out.text(text);
        self.note(text.token(), text.token().len(), ShownForm::Same);
    }

    /// A value as it stands.
    pub(super) fn raw(&mut self, raw: &RawJson) {
        self.out.raw(raw);
        self.note(raw.bytes(), raw.bytes().len(), ShownForm::Same);
    }

    /// A value in a string.
    pub(super) fn raw_as_text(&mut self, raw: &RawJson, form: ShownForm) {
        let before = self.out.len();
        let text = raw.to_text();
        self.out.text(&text);
        debug_assert!(self.out.len() > before, "a string has quotes");
        self.note(raw.bytes(), text.token().len(), form);
    }

    /// Data behind this head of a URL.
    pub(super) fn url(&mut self, head: &str, data: &JsonText) {
        let head = JsonText::of(head);
        let url = JsonText::concat([&head, data]);
        self.out.text(&url);
        self.note(data.token(), url.token().len(), ShownForm::Url(head.token().len() - 1));
    }

    /// A member with a string, if there is one.
    pub(super) fn text_member(&mut self, name: &str, text: Option<&JsonText>) {
        if let Some(text) = text {
            self.out.name(name);
            self.text(text);
        }
    }

    /// A member with a value, if there is one.
    pub(super) fn raw_member(&mut self, name: &str, raw: Option<&RawJson>) {
        if let Some(raw) = raw {
            self.out.name(name);
            self.raw(raw);
        }
    }

    /// The name of a member that only the wire has.
    pub(super) fn own_name(&mut self, name: &[u8]) {
        let name = [prefix(self.wire).as_bytes(), b".", name].concat();
        self.out.name_raw(&name);
    }

    /// Members that only the wire has.
    pub(super) fn extras(&mut self, extra: &RawMembers) {
        for (name, value) in extra.iter() {
            if self.is_shown(name, value) {
                self.own_name(name);
                self.raw(value);
            }
        }
    }

    /// Whether a value stands in the body.
    pub(super) fn is_of_body(&self, value: &RawJson) -> bool {
        offset(&self.body, value.bytes()).is_some()
    }

    /// Whether a value of the body was written.
    pub(super) fn is_noted(&self, value: &RawJson) -> bool {
        offset(&self.body, value.bytes()).is_some_and(|start| self.map.shows(start))
    }

    /// Whether there is any among them that is shown.
    pub(super) fn has_extras(&self, extra: &RawMembers) -> bool {
        extra.iter().any(|(name, value)| self.is_shown(name, value))
    }

    /// What was put together anew stands in the body in another way, and is told with the rest.
    fn is_shown(&self, name: &[u8], value: &RawJson) -> bool {
        self.is_of_body(value) && !is_unshown(name, value)
    }

    fn note(&mut self, source: &Bytes, len: usize, form: ShownForm) {
        if let Some(start) = offset(&self.body, source) {
            let at = self.out.len() - len;
            let from = Span { start, end: start + source.len() };
            self.map.push(ShownValue { at, len, from, form });
        }
    }
}
