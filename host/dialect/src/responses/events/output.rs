//! What is put out so far, and how its events are numbered.

use std::fmt;

use bytes::Bytes;

use crate::canon::{JsonText, JsonWriter, NewEvent, RawJson};
use crate::responses::kinds::NewItemIds;

/// What is put out so far.
#[derive(Debug)]
pub(super) struct StreamOutput {
    /// The number of the next event.
    sequence: u64,
    /// For identifiers that nobody else gives.
    pub(super) ids: NewItemIds,
    /// The number of the first item.
    first: usize,
    /// Items by their number; none of one that is not complete.
    items: Vec<Option<RawJson>>,
    /// Their bytes.
    held: usize,
}

impl StreamOutput {
    /// Nothing, of an answer with this number.
    pub(super) fn new(answer: u128) -> Self {
        Self::behind(answer, 0, 0)
    }

    /// The same behind what others have put out: with the number of its next event, and of its next item.
    pub(super) fn behind(answer: u128, sequence: u64, first: usize) -> Self {
        Self { sequence, ids: NewItemIds::of(answer), first, items: Vec::new(), held: 0 }
    }

    /// An event: its type, its number, and what else is written.
    pub(super) fn event(
        &mut self,
        name: &'static str,
        capacity: usize,
        write: impl FnOnce(&mut JsonWriter),
    ) -> NewEvent {
        let mut out = JsonWriter::with_capacity(capacity);
        out.open().name("type").string(name).name("sequence_number").number(self.sequence);
        self.sequence += 1;
        write(&mut out);
        out.close();
        NewEvent { name: Some(name), data: out.finish() }
    }

    /// A number for an item, which begins with this.
    pub(super) fn begin(&mut self, out: &mut Vec<NewEvent>, write: impl FnOnce(&mut JsonWriter)) -> usize {
        let number = self.first.saturating_add(self.items.len());
        self.items.push(None);
        out.push(self.event("response.output_item.added", 256, |out| {
            out.name("output_index").number(number as u64).name("item");
            write(out);
        }));
        number
    }

    /// An item is complete.
    pub(super) fn complete(&mut self, number: usize, item: RawJson, out: &mut Vec<NewEvent>) {
        out.push(self.event("response.output_item.done", item.bytes().len() + 96, |out| {
            out.name("output_index").number(number as u64).name("item").raw(&item);
        }));
        self.held += item.bytes().len();
        if let Some(place) = self.items.get_mut(number.saturating_sub(self.first)) {
            *place = Some(item);
        }
    }

    /// The items that are complete.
    pub(super) fn items(&self) -> impl Iterator<Item = &RawJson> {
        self.items.iter().flatten()
    }

    /// The bytes of these.
    pub(super) fn held(&self) -> usize {
        self.held
    }
}

/// Text that grows, as it stands on a wire.
#[derive(Default)]
pub(super) struct SaidText(Vec<u8>);

impl SaidText {
    /// Says more.
    pub(super) fn push(&mut self, text: &JsonText) {
        if self.0.is_empty() {
            self.0.push(b'"');
        }
        self.0.extend_from_slice(text.escaped());
    }

    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.len() <= 1
    }

    /// Its bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of it so far.
    pub(super) fn text(&self) -> JsonText {
        if self.0.is_empty() {
            return JsonText::EMPTY;
        }
        let mut token = Vec::with_capacity(self.0.len() + 1);
        token.extend_from_slice(&self.0);
        token.push(b'"');
        RawJson::checked(Bytes::from(token)).text().unwrap_or_default()
    }
}

/// What somebody said is nothing for logs.
impl fmt::Debug for SaidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaidText({} bytes)", self.0.len())
    }
}
