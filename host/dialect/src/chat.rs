//! OpenAI's chat completions, as OpenAI and many others speak them, read into the canonical form and written of it.
//!
//! Source: OpenAI's API reference, "Chat Completions", and for what others add the references of OpenRouter (`reasoning`,
//! `reasoning_details`, `cache_control`), DeepSeek (`reasoning_content`), Mistral (`thinking` parts), Google's compatible API
//! (`extra_content`). What is written back to the same wire is what was read, whatever is unknown included.

mod answer;
mod calls;
mod citations;
mod embed;
mod events;
mod parts;
mod request;
mod stop;
mod thoughts;
mod tokens;
mod usage;
mod writing;

pub use answer::{decode_answer, encode_answer};
pub use embed::{decode_embed, decode_embed_answer, encode_embed, encode_embed_answer};
pub use events::{ChatWireDecoder, ChatWireEncoder};
pub use request::{decode_request, encode_request};
pub(crate) use stop::word as stop_word;
pub(crate) use tokens::written as written_tokens;
pub(crate) use usage::write as write_usage;
