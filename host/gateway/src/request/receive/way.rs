//! What a provider's stream becomes that is not what the client reads, or not what plugins see.

use bytes::Bytes;
use weir_dialect::canon::{DecodeFault, NewEvent, StreamState, WireEvent};
use weir_dialect::translate::StreamTranslation;
use weir_dialect::view::ClientStream;

/// What a provider's stream becomes.
#[derive(Debug)]
pub(crate) enum StreamWay {
    /// One for a client of chat completions.
    Chat(StreamTranslation),
    /// One for another client, and what plugins see of it.
    Client(Box<ClientStream>),
}

impl StreamWay {
    /// Takes the provider's next event, as it came and as it was read; none is a sign of life. What is seen of it is put behind
    /// `made`.
    pub(super) fn take(
        &mut self,
        raw: &Bytes,
        event: Option<WireEvent<'_>>,
        made: &mut Vec<NewEvent>,
    ) -> Result<(), DecodeFault> {
        match (self, event) {
            (Self::Chat(translation), Some(event)) => translation.take(&event, made),
            (Self::Client(stream), Some(event)) => stream.take(raw, &event, made),
            (Self::Client(stream), None) => {
                stream.alive(raw, made);
                Ok(())
            }
            (Self::Chat(_), None) => {
                made.push(NewEvent { name: None, data: Bytes::new() });
                Ok(())
            }
        }
    }

    /// The transport has ended, well or not.
    pub(super) fn finish(&mut self, clean: bool, made: &mut Vec<NewEvent>) -> StreamState {
        match self {
            Self::Chat(translation) => translation.finish(clean, made),
            Self::Client(stream) => stream.finish(clean, made),
        }
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Chat(translation) => translation.held(),
            Self::Client(stream) => stream.held(),
        }
    }

    /// What the client gets, where that is not what is seen.
    pub(super) fn client(&mut self) -> Option<&mut ClientStream> {
        match self {
            Self::Chat(_) => None,
            Self::Client(stream) => Some(stream),
        }
    }
}
