//! The events of one call of the hook `event`, as plugins read and change them.

use crate::contract::Piece;
use bytes::Bytes;
use std::sync::Arc;
use weir_dialect::{Document, EditError};

/// The events of one call. They are opened when a plugin asks for their pieces.
#[derive(Debug, Default)]
pub(crate) struct Events {
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

impl Events {
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

    /// Every piece of text in any of them.
    pub(crate) fn pieces(&mut self) -> Result<Arc<[Piece]>, EditError> {
        self.looked = true;
        let (mut all, mut places) = (Vec::new(), Vec::new());
        for (event, document) in self.open().iter_mut().enumerate() {
            let pieces = document.pieces()?;
            let number = u32::try_from(event).unwrap_or(u32::MAX);
            places.extend((0..pieces.len()).map(|index| (event, index)));
            all.extend(pieces.into_iter().map(|piece| Piece::of(piece, number)));
        }
        self.places = places;
        Ok(all.into())
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

    /// Those that were changed, by their index, with their data as it is now.
    pub(crate) fn changed(&mut self) -> impl Iterator<Item = (usize, Bytes)> {
        let opened = self.opened.iter_mut().flatten().enumerate();
        opened.filter(|(_, event)| event.is_changed()).filter_map(|(index, event)| Some((index, event.bytes().ok()?)))
    }

    fn open(&mut self) -> &mut Vec<Document> {
        let data = &self.data;
        self.opened.get_or_insert_with(|| data.iter().cloned().map(Document::event).collect())
    }
}
