//! The events of one call of the hook `event`, as plugins read and change them.

use bytes::Bytes;
use std::sync::Arc;
use weir_dialect::{Document, EditError, Pieces};

/// The events of one call. They are opened when a plugin asks for their pieces.
#[derive(Debug, Default)]
pub(crate) struct CallEvents {
    data: Vec<Bytes>,
    opened: Option<Vec<Document>>,
    /// Of each piece that was told last: its event, and its index among the pieces of that.
    places: Vec<(usize, usize)>,
    /// The texts that the hook is given are all that there are.
    plain: bool,
    /// The stream is over.
    finished: bool,
    /// The plugin has asked for more than these texts.
    looked: bool,
}

impl CallEvents {
    /// Events with these data. `plain` says that the texts that the hook is given are all that there are, and `finished`
    /// that the stream is over.
    pub(crate) fn new(data: Vec<Bytes>, plain: bool, finished: bool) -> Self {
        Self { data, plain, finished, ..Self::default() }
    }

    /// Whether the texts that the hook is given are all that there are.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether the stream is over.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether the plugin has asked for more than the texts that it was given.
    pub(crate) fn looked(&self) -> bool {
        self.looked
    }

    /// Bytes of their data, as they came.
    pub(crate) fn bytes(&self) -> usize {
        self.data.iter().map(Bytes::len).sum()
    }

    /// The data of one, as it is now.
    pub(crate) fn data(&mut self, index: usize) -> Option<Bytes> {
        self.looked = true;
        match &mut self.opened {
            None => self.data.get(index).cloned(),
            Some(opened) => opened.get_mut(index)?.bytes().ok(),
        }
    }

    /// Every piece of text in any of them, by their events.
    pub(crate) fn pieces(&mut self) -> Result<Vec<Arc<Pieces>>, EditError> {
        self.looked = true;
        let all = self.open().iter_mut().map(Document::pieces).collect::<Result<Vec<_>, _>>()?;
        let of = |(event, pieces): (usize, &Arc<Pieces>)| (0..pieces.len()).map(move |index| (event, index));
        self.places = all.iter().enumerate().flat_map(of).collect();
        Ok(all)
    }

    /// Where a piece stands, by its index in [`pieces`](Self::pieces) as they were told last.
    pub(crate) fn pointer(&mut self, index: usize) -> Result<Option<String>, EditError> {
        if self.places.is_empty() {
            self.pieces()?;
        }
        let Some(&(event, inner)) = self.places.get(index) else { return Ok(None) };
        self.open().get_mut(event).map_or(Ok(None), |event| event.pointer(inner))
    }

    /// Replaces one piece, by its index in [`pieces`](Self::pieces) as they were told last.
    pub(crate) fn set_piece(&mut self, index: usize, text: &str) -> Result<(), EditError> {
        if self.places.is_empty() {
            self.pieces()?;
        }
        let gone = EditError::NoPiece { index, count: self.places.len() };
        let Some(&(event, inner)) = self.places.get(index) else { return Err(gone) };
        self.open().get_mut(event).ok_or(gone)?.set_piece(inner, text)
    }

    /// Those that were changed, by their index, with their data as it is now, and whether more than tokens of `logprobs` was.
    pub(crate) fn changed(&mut self) -> impl Iterator<Item = (usize, Bytes, bool)> {
        let opened = self.opened.iter_mut().flatten().enumerate();
        let changed = opened.filter(|(_, event)| event.is_changed());
        changed.filter_map(|(index, event)| Some((index, event.bytes().ok()?, event.says_otherwise())))
    }

    fn open(&mut self) -> &mut Vec<Document> {
        let data = &self.data;
        self.opened.get_or_insert_with(|| data.iter().cloned().map(Document::event).collect())
    }
}
