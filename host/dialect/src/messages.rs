//! Anthropic's messages (Anthropic API reference, Messages), read into the canonical form and written of it.

mod answer;
mod content;
mod events;
mod request;
mod stop;
mod usage;

pub use answer::{decode_answer, encode_answer};
pub use events::{MessagesDecoder, MessagesEncoder};
pub use request::{decode_request, encode_request};
