//! Pieces of text as they are told and changed, and what a change takes with it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::pieces::{self, PieceSpot, Pieces, TextPiece};
use super::texts::BodyShape;
use super::tree::Node;
use super::{Document, EditError, pointer, quoted};

impl Document {
    /// Every piece of text, wherever it stands, in order. That a body has none and that it cannot be read are two things.
    /// They are looked for once for each change of the body, or until they are [forgotten](Self::forget_pieces).
    ///
    /// # Errors
    /// [`EditError::NotJson`], [`EditError::TooManyPieces`].
    pub fn pieces(&mut self) -> Result<Arc<Pieces>, EditError> {
        if let Some((at, pieces)) = &self.pieces
            && *at == self.changes
        {
            return Ok(Arc::clone(pieces));
        }
        let body = self.bytes()?;
        let pieces = Arc::new(pieces::collect(self.shape, self.cursor(&body)?, &body)?);
        self.checked = true;
        self.pieces = Some((self.changes, Arc::clone(&pieces)));
        Ok(pieces)
    }

    /// Lets go of what was found, which has all texts in it once more.
    pub fn forget_pieces(&mut self) {
        self.pieces = None;
    }

    /// The pointer to a piece, by its index in [`pieces`](Self::pieces) as they were answered last; none if there is none of
    /// that index.
    ///
    /// # Errors
    /// Those of [`pieces`](Self::pieces).
    pub fn pointer(&mut self, index: usize) -> Result<Option<String>, EditError> {
        let pieces = self.told_pieces()?;
        Ok(pieces.get(index).map(|piece| piece.pointer.to_owned()))
    }

    /// The pieces as they were answered last.
    fn told_pieces(&mut self) -> Result<Arc<Pieces>, EditError> {
        match &self.pieces {
            Some((_, pieces)) => Ok(Arc::clone(pieces)),
            None => self.pieces(),
        }
    }

    /// Replaces one piece of text, by its index in [`pieces`](Self::pieces) as they were answered last: other pieces keep
    /// their indexes. Where the text of a choice changes its `logprobs`, which repeat it, become null.
    ///
    /// # Errors
    /// [`EditError::NoPiece`] if there is none of that index, or what was there is gone; [`EditError::TooManyEntries`];
    /// those of [`pieces`](Self::pieces).
    pub fn set_piece(&mut self, index: usize, text: &str) -> Result<(), EditError> {
        let pieces = self.told_pieces()?;
        let gone = EditError::NoPiece { index, count: pieces.len() };
        let (Some(TextPiece { pointer, .. }), Some(spot)) = (pieces.get(index), pieces.spot(index)) else {
            return Err(gone);
        };
        let tokens = pointer::parse(pointer)?;
        let tree = self.open()?;
        match spot {
            // A name that is no UTF-8 text is shown, and leads nowhere: what is not there must not be put there.
            PieceSpot::Value | PieceSpot::File(_) if tree.find(&tokens)?.is_none() => return Err(gone),
            PieceSpot::Value => tree.put("", &tokens, quoted(text))?,
            PieceSpot::File(head) => tree.put("", &tokens, quoted(&pieces::as_file(head, text)))?,
            PieceSpot::Name(name) => {
                if !tree.rename(&tokens, name, text)? {
                    return Err(gone);
                }
            }
            // They may have gone with the text that they repeat.
            PieceSpot::Tokens(list) => {
                self.put_null(&pointer::parse(list)?)?;
                self.token_changes += 1;
            }
        }
        self.touched();
        self.forget_tokens(&tokens)
    }

    /// Something was put or taken away where these lead to.
    pub(super) fn restructured(&mut self, tokens: &[Cow<'_, str>]) -> Result<(), EditError> {
        self.touched();
        (self.spots, self.pieces) = (None, None);
        self.forget_tokens(tokens)
    }

    /// Where a change lies within what a choice says, in whatever member, the tokens of it that stand beside it repeat what it
    /// said before.
    pub(super) fn forget_tokens(&mut self, tokens: &[Cow<'_, str>]) -> Result<(), EditError> {
        const NOTHING_SAID: [&str; 3] = ["index", "finish_reason", "logprobs"];
        let [choices, choice, within, ..] = tokens else { return Ok(()) };
        let answers = matches!(self.shape, BodyShape::ChatResponse | BodyShape::Chunk) && choices == "choices";
        if answers && !NOTHING_SAID.contains(&&**within) {
            self.put_null(&[choices.clone(), choice.clone(), Cow::Borrowed("logprobs")])?;
        }
        Ok(())
    }

    /// Puts null in the place of what is there, if anything is; answers whether it was.
    fn put_null(&mut self, tokens: &[Cow<'_, str>]) -> Result<bool, EditError> {
        let tree = self.open()?;
        let there = tree.find(tokens)?.is_some_and(|value| *value != b"null"[..]);
        if there {
            tree.put("", tokens, Node::Raw(Bytes::from_static(b"null")))?;
        }
        Ok(there)
    }
}
