//! What is to become of a frame that goes on in the provider's own wire.

use bytes::Bytes;

use super::splices::FrameSplices;
use crate::canon::{BlockPlace, ChatEvent, JsonText, RawJson};

/// What is to become of a frame.
#[derive(Debug)]
pub(super) struct FrameChange {
    pub(super) splices: FrameSplices,
    /// What comes before it.
    pub(super) before: Vec<ChatEvent>,
    /// Texts that its events say, each with what is said in its place.
    pub(super) said: Vec<(JsonText, Option<JsonText>)>,
    /// Arguments that came whole, and became others.
    pub(super) inputs: Vec<WholeInput>,
    /// Events that are left out.
    pub(super) left: usize,
}

impl FrameChange {
    /// Nothing so far.
    pub(super) fn of(data: Bytes) -> Self {
        let splices = FrameSplices::new(data);
        Self { splices, before: Vec::new(), said: Vec::new(), inputs: Vec::new(), left: 0 }
    }
}

/// Arguments of a call, and what is said in their place.
#[derive(Debug)]
pub(super) struct WholeInput {
    pub(super) place: BlockPlace,
    pub(super) was: RawJson,
    pub(super) says: JsonText,
}
