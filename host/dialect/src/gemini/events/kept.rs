//! What a stream's encoder keeps for later.

use crate::canon::{BlockPlace, ChatStop, JsonText, RawJson, ThoughtSignature};

/// What is kept of a choice until its end.
#[derive(Debug)]
pub(super) struct StreamedChoice {
    pub(super) index: u32,
    /// A signature of the part that comes next.
    pub(super) signature: Option<JsonText>,
    pub(super) stop: Option<ChatStop>,
    pub(super) calls: bool,
    pub(super) spoke: bool,
    /// Its text has as many bytes as characters.
    pub(super) plain: bool,
}

/// A block that is open.
#[derive(Debug)]
pub(super) struct KeptPart {
    pub(super) place: BlockPlace,
    pub(super) kind: PartKind,
    pub(super) signature: Option<ThoughtSignature>,
    /// Something of it was written.
    pub(super) said: bool,
}

#[derive(Debug)]
pub(super) enum PartKind {
    Text,
    Thought,
    Call {
        id: Option<JsonText>,
        name: JsonText,
        input: Vec<JsonText>,
        whole: Option<RawJson>,
    },
    /// It was written when it opened, or cannot be.
    Past,
}

impl KeptPart {
    /// Bytes of arguments so far.
    pub(super) fn held(&self) -> usize {
        match &self.kind {
            PartKind::Call { input, whole, .. } => {
                let texts: usize = input.iter().map(|text| text.token().len()).sum();
                texts + whole.as_ref().map_or(0, |raw| raw.bytes().len())
            }
            PartKind::Text | PartKind::Thought | PartKind::Past => 0,
        }
    }
}
