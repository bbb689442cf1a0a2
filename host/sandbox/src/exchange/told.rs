//! The request's texts and pieces, read once for all `policy` plugins that want them.

use super::{Access, Exchange};
use crate::contract::{Piece, Text};
use std::sync::Arc;
use weir_dialect::EditError;

impl Exchange {
    /// The request's texts; none if the body has none or is no JSON.
    pub(crate) fn request_texts(&mut self) -> Arc<[Text]> {
        let body = self.request_side().1;
        let changes = body.changes();
        if let Some((at, texts)) = &self.texts
            && *at == changes
        {
            return Arc::clone(texts);
        }
        let texts = self.request_side().1.texts().unwrap_or_default();
        let texts: Arc<[Text]> = texts.into_iter().map(|t| Text { role: t.role.into(), text: t.text }).collect();
        if self.access == Access::Request {
            self.texts = Some((changes, Arc::clone(&texts)));
        }
        texts
    }

    /// Every piece of text in the request.
    pub(crate) fn request_pieces(&mut self) -> Result<Arc<[Piece]>, EditError> {
        let body = self.request_side().1;
        let changes = body.changes();
        if let Some((at, pieces)) = &self.pieces
            && *at == changes
        {
            return Ok(Arc::clone(pieces));
        }
        let pieces = self.request_side().1.pieces()?;
        let pieces: Arc<[Piece]> = pieces.into_iter().map(|piece| Piece::of(piece, 0)).collect();
        if self.access == Access::Request {
            self.pieces = Some((changes, Arc::clone(&pieces)));
        }
        Ok(pieces)
    }
}
