//! Plays a provider's stream to a client.

use bytes::Bytes;
use weir_dialect::WireFormat;
use weir_dialect::canon::{NewEvent, StreamState, WireEvent};
use weir_dialect::view::{ClientFraming, ClientStream};

use crate::source::{Frame, Source, context, frames};

/// What became of a stream.
pub(crate) struct Played {
    pub(crate) bytes: Vec<u8>,
    pub(crate) shown: Vec<NewEvent>,
    pub(crate) state: StreamState,
}

/// Who looks on: what is decided, and up to which number, after these were shown.
pub(crate) trait Hook {
    /// `first` is the number of the first of `shown`. Answers before which number all is decided.
    fn see(&mut self, stream: &mut ClientStream, first: u64, shown: &[NewEvent]) -> u64;
}

/// Nobody.
pub(crate) struct Nobody;

impl Hook for Nobody {
    fn see(&mut self, _: &mut ClientStream, first: u64, shown: &[NewEvent]) -> u64 {
        first + shown.len() as u64
    }
}

/// Plays a stream that comes in these pieces.
pub(crate) fn played(
    source: &Source,
    pieces: &[&[u8]],
    (client, framing): (WireFormat, ClientFraming),
    hook: Option<&mut dyn Hook>,
) -> Played {
    let mut stream = ClientStream::new(source.pair(client), framing, context(), hook.is_some());
    let (mut out, mut all, mut nobody) = (Vec::<Bytes>::new(), Vec::new(), Nobody);
    let hook = hook.unwrap_or(&mut nobody);
    let mut see = |stream: &mut ClientStream, shown: Vec<NewEvent>, out: &mut Vec<Bytes>| {
        let before = hook.see(stream, all.len() as u64, &shown);
        stream.release(before, out);
        all.extend(shown);
    };
    for frame in frames(source.wire, pieces) {
        let mut shown = Vec::new();
        take(&mut stream, &frame, &mut shown);
        assert!(!shown.is_empty(), "there is one of every frame");
        let end = shown.iter().position(|event| event.data.as_ref() == b"[DONE]");
        assert!(end.is_none_or(|end| end + 1 == shown.len()), "{}: nothing is shown behind the end", source.name);
        see(&mut stream, shown, &mut out);
    }
    let mut shown = Vec::new();
    let state = stream.finish(true, &mut shown);
    see(&mut stream, shown, &mut out);
    stream.release(u64::MAX, &mut out);
    assert!(out.iter().all(|bytes| !bytes.is_empty()), "nothing is empty");
    Played { bytes: out.concat(), shown: all, state }
}

pub(crate) fn take(stream: &mut ClientStream, frame: &Frame, shown: &mut Vec<NewEvent>) {
    match frame.data.clone() {
        Some(data) => {
            let event = WireEvent { name: frame.name.as_deref(), data, exception: frame.exception };
            stream.take(&frame.raw, &event, shown).unwrap();
        }
        None => stream.alive(&frame.raw, shown),
    }
}
