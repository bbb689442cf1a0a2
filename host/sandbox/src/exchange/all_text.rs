//! All text of the request or of the reply, kept from one plugin of a hook to the next.

use crate::abi::contract::AllText;
use std::sync::Arc;
use weir_dialect::Pieces;

/// All text as it was told last.
#[derive(Debug, Default)]
pub(super) struct Told(Option<(Arc<Pieces>, AllText)>);

impl Told {
    /// The same again, or of other pieces.
    pub(super) fn of(&mut self, pieces: Arc<Pieces>) -> AllText {
        if let Some((of, all)) = &self.0
            && Arc::ptr_eq(of, &pieces)
        {
            return all.clone();
        }
        let all = AllText::of(std::slice::from_ref(&pieces));
        self.0 = Some((pieces, all.clone()));
        all
    }

    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}
