//! Numbers of blocks on the wire.

use crate::canon::RawMembers;
use crate::wire::WireFormat;

/// The number that no block has yet.
#[derive(Debug, Default)]
pub(super) struct NextIndex(u64);

impl NextIndex {
    /// Takes note of the block that a frame is of, and says which one.
    pub(super) fn see(&mut self, wire: WireFormat, members: &RawMembers) -> Option<u64> {
        let name = match wire {
            WireFormat::Messages => "index",
            WireFormat::Converse => "contentBlockIndex",
            WireFormat::Responses => "output_index",
            WireFormat::Chat | WireFormat::GenerateContent | WireFormat::CohereChat | WireFormat::OllamaChat => {
                return None;
            }
        };
        let index = members.get(name)?.unsigned()?;
        self.0 = self.0.max(index.saturating_add(1));
        Some(index)
    }

    /// The number, which is taken from now on.
    pub(super) fn take(&mut self) -> u64 {
        let index = self.0;
        self.0 = index.saturating_add(1);
        index
    }

    /// The number, which is not taken.
    pub(super) fn peek(&self) -> u64 {
        self.0
    }
}
