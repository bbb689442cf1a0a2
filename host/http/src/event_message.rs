//! The event stream of AWS (`application/vnd.amazon.eventstream`), in which Bedrock's answers come: binary messages, each
//! under two checksums.
//!
//! ```text
//! length of the message   u32, all of it, this field and the last one included
//! length of the headers   u32
//! checksum of these two   u32, CRC-32
//! headers                 name (u8 length, UTF-8), type (u8), value; one behind the other
//! payload
//! checksum of all before  u32, CRC-32
//! ```
//!
//! All numbers are big-endian. The layout is that of the Smithy specification ("Amazon Event Stream"), the kinds of header
//! are [`EventHeaderValue`]. [`EventMessageReader`] cuts a stream into [`EventMessage`]s wherever the reads happened to end;
//! the raw bytes of all messages, one after the other, are the bytes of the stream.
//!
//! Written here over `crc32fast`, and not taken from `aws-smithy-eventstream`: that one waits for as many bytes as a message
//! says it has, copies headers and payload out of them, and brings a good dozen crates for dates, base64 and bodies of
//! HTTP (`aws-smithy-types` and what it needs).

mod error;
mod headers;
mod message;
mod reader;
mod write;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use error::EventMessageError;
pub use headers::{EventHeaderValue, EventHeaders};
pub use message::EventMessage;
pub use reader::EventMessageReader;
