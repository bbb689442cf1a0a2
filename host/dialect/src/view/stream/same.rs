//! Frames of a provider's on their way to a client that speaks the same wire.

use bytes::Bytes;
use weir_http::json::JsonKind;

use super::framing::{ClientFraming, StreamFramer};
use super::waiting::WaitingFrame;
use crate::canon::{NewEvent, RawJson};
use crate::wire::WireFormat;

/// Writes frames as they came, but for what was changed of them.
#[derive(Debug)]
pub(super) struct SameWire {
    wire: WireFormat,
    /// The number of the next event, where the wire numbers them.
    sequence: u64,
}

impl SameWire {
    pub(super) fn new(wire: WireFormat) -> Self {
        Self { wire, sequence: 0 }
    }

    /// The number of the next event, where the wire numbers them.
    pub(super) fn next_sequence(&self) -> u64 {
        self.sequence
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        0
    }

    /// Writes a frame of which nothing was changed.
    pub(super) fn pass(&mut self, frame: &WaitingFrame, framer: &mut StreamFramer, out: &mut Vec<Bytes>) {
        self.count(&frame.data);
        if framer.framing == ClientFraming::JsonArray {
            elements(&frame.data, framer, out);
        } else if !frame.raw.is_empty() {
            out.push(frame.raw.clone());
        }
    }

    /// Takes note of the number that an event has.
    fn count(&mut self, data: &Bytes) {
        if self.wire != WireFormat::Responses {
            return;
        }
        let number = sequence_of(data).unwrap_or(self.sequence);
        self.sequence = self.sequence.max(number.saturating_add(1));
    }
}

/// Writes the data of an event, which is one element or a list of such.
fn elements(data: &Bytes, framer: &mut StreamFramer, out: &mut Vec<Bytes>) {
    let Ok(raw) = RawJson::parse(data.clone()) else { return };
    let elements = if raw.kind() == JsonKind::Array { raw.elements() } else { vec![raw] };
    out.extend(elements.iter().map(|element| framer.frame(&NewEvent { name: None, data: element.bytes().clone() })));
}

/// The number of an event, which its data say.
fn sequence_of(data: &Bytes) -> Option<u64> {
    RawJson::parse(data.clone()).ok()?.members().get("sequence_number")?.unsigned()
}
