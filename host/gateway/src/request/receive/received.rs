//! What is to be relayed.

use super::opening::StreamOpening;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use weir_dialect::answer::AnswerReading;
use weir_dialect::view::AnswerView;
use weir_net::ByteShare;

/// What is to be relayed.
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: ReceivedContent,
}

/// What came as its body.
pub(crate) enum ReceivedContent {
    /// All of it, its share of what is held, and what was read in it if it is an answer.
    Whole {
        bytes: Bytes,
        memory: Option<ByteShare>,
        reading: Option<AnswerReading>,
        /// What the client is to get of it, where that is not what plugins see: `bytes`.
        view: Option<Box<AnswerView>>,
    },
    /// A stream that has begun as it should.
    Stream(Box<StreamOpening>),
}
