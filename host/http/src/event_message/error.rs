//! What can be wrong with a message.

/// Why bytes are no message, or a message cannot be written. A reader answers nothing else from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventMessageError {
    /// A message says that it is longer than the reader was told to hold, or is longer than its length can say.
    #[error("a message of the event stream is longer than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The checksum of the two lengths is another one.
    #[error("the lengths of a message of the event stream do not have the checksum that they came with")]
    LengthsChecksum,
    /// The checksum of the message is another one.
    #[error("a message of the event stream does not have the checksum that it came with")]
    Checksum,
    /// The lengths contradict each other, or the headers are longer than 131,072 bytes.
    #[error("a message of {total} bytes in the event stream cannot have headers of {headers}")]
    Lengths {
        /// What the message says of itself, in bytes.
        total: u32,
        /// What it says of its headers, in bytes.
        headers: u32,
    },
    /// A header is cut off, of no known type or no UTF-8, or cannot be written: its name must have 1 to 255 bytes, its value
    /// at most 32,767.
    #[error("a header of a message of the event stream is malformed")]
    Header,
    /// Two headers have one name.
    #[error("a message of the event stream has two headers of one name")]
    HeaderTwice,
    /// A message has more headers than this.
    #[error("a message of the event stream has more than {limit} headers")]
    TooManyHeaders {
        /// The bound.
        limit: usize,
    },
    /// The stream ended within a message.
    #[error("the event stream ends within a message")]
    Cut,
}
