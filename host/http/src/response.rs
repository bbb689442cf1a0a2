//! The head of a response as a client reads it (RFC 9112 section 4): what it says, where its body ends, and whether the
//! connection outlives it. A request's is read in [`request`](crate::request), and with less patience.

mod framing;
mod head;
mod invalid;
mod parsed;
mod shapes;
mod signs;

pub use framing::AnswerFraming;
pub use head::{HEAD_BYTES, HeadReader, ResponseHead};
pub use invalid::InvalidResponseHead;
pub use shapes::HeadShapes;
