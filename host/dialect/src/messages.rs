//! Anthropic's messages (Anthropic API reference, Messages), read into the canonical form and written of it.

mod answer;
mod content;
mod count;
mod events;
mod models;
mod request;
mod stop;
mod usage;

pub use answer::{decode_answer, encode_answer};
pub use count::{count_answer, decode_count, encode_count};
pub use events::{MessagesDecoder, MessagesEncoder};
pub use models::{ModelInfo, model_info, model_list};
pub use request::{decode_request, encode_request};
