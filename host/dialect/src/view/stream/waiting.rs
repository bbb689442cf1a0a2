//! Frames that wait until it is decided what becomes of what was shown of them.

use std::ops::Range;

use bytes::Bytes;

use crate::canon::{ChatEvent, JsonText, NewEvent};

/// What a frame takes beside its bytes.
const FRAME: usize = 64;
/// What an event takes beside its text, which is within the frame's bytes.
const EVENT: usize = 96;
/// What one beside them takes.
const TEXT: usize = 32;

/// A frame of the provider's.
#[derive(Debug, Default)]
pub(super) struct WaitingFrame {
    /// As it came; nothing of what the end of the transport told.
    pub(super) raw: Bytes,
    /// Its data, out of its framing.
    pub(super) data: Bytes,
    /// What is in it.
    pub(super) events: Vec<ShownEvent>,
    /// The texts that are shown beside its events, and with which number, if there are any.
    pub(super) strays: Option<(u64, Vec<JsonText>)>,
    /// What was shown of it has numbers below this one.
    pub(super) end: u64,
    /// The stream is at its end with it: well, or with a failure that it tells.
    pub(super) is_last: bool,
    /// What ends the stream is to be put into it, and has not come.
    pub(super) waits: bool,
    /// What becomes of it depends on the frame behind it.
    pub(super) joins: bool,
}

/// An event, and what was shown of it.
#[derive(Debug)]
pub(super) struct ShownEvent {
    pub(super) event: ChatEvent,
    /// The numbers of it; mostly one or none.
    pub(super) shown: Range<u64>,
}

impl WaitingFrame {
    /// Shows what stands beside its events before them, if a choice ends with them: nothing is read behind the end. `shown` is all that
    /// is shown of it.
    pub(super) fn put_first(&mut self, shown: &mut [NewEvent]) {
        let ends = |shown: &ShownEvent| matches!(shown.event, ChatEvent::Stop { .. } | ChatEvent::End);
        let Some((number, _)) = self.strays.as_mut().filter(|_| self.events.iter().any(ends)) else { return };
        shown.rotate_right(1);
        for event in &mut self.events {
            event.shown = event.shown.start + 1..event.shown.end + 1;
        }
        *number = number.saturating_sub((shown.len() as u64).saturating_sub(1));
    }

    /// Bytes that it keeps.
    pub(super) fn held(&self) -> usize {
        // Data that are joined of several lines are a copy.
        let data = if self.raw.as_ptr_range().contains(&self.data.as_ptr()) { 0 } else { self.data.len() };
        let strays = self.strays.as_ref().map_or(0, |(_, texts)| texts.len() * TEXT);
        FRAME + self.raw.len() + data + self.events.len() * EVENT + strays
    }
}
