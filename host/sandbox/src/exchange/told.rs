//! The request's texts and pieces, read once for all `policy` plugins that want them.

use super::{Access, Exchange};
use crate::abi::contract::{AllText, Text};
use std::sync::Arc;
use weir_dialect::{EditError, Pieces};

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
    pub(crate) fn request_pieces(&mut self) -> Result<Arc<Pieces>, EditError> {
        self.request_side().1.pieces()
    }

    /// The same, with all texts as one.
    pub(crate) fn request_all_text(&mut self) -> Result<AllText, EditError> {
        let pieces = self.request_pieces()?;
        Ok(self.all_text.of(pieces))
    }

    /// Every piece of text in the reply; none if there is no reply.
    pub(crate) fn reply_pieces(&mut self) -> Option<Result<Arc<Pieces>, EditError>> {
        self.reply.as_mut().map(|reply| reply.body.pieces())
    }

    /// The same, with all texts as one.
    pub(crate) fn reply_all_text(&mut self) -> Option<Result<AllText, EditError>> {
        let pieces = self.reply_pieces()?;
        Some(pieces.map(|pieces| self.all_text.of(pieces)))
    }

    /// Lets go of what was read for plugins of another hook: from one plugin of a hook to the next it stands, and kept for
    /// longer, a body would be in memory twice.
    pub(crate) fn forget_told(&mut self, access: Access) {
        if access != Access::Request {
            self.texts = None;
            self.request.forget_pieces();
        }
        if access != Access::Reply
            && let Some(reply) = &mut self.reply
        {
            reply.body.forget_pieces();
        }
        if !matches!(access, Access::Request | Access::Reply) {
            self.all_text.forget();
        }
    }
}
