//! Cohere's conversations and embeddings (API v2), which providers speak and no client does: requests are written, answers and
//! streams read.
//!
//! Source: Cohere's API reference v2 ("Chat", "Chat with Streaming", "Embed"), the types of its library for Python (7.3), and what it
//! was recorded to say.

mod answer;
mod citations;
mod embed;
mod events;
mod logprobs;
mod offers;
mod request;
mod stop;
mod turns;
mod usage;

pub use answer::decode_answer;
pub use embed::{decode_embed_answer, encode_embed};
pub use events::CohereDecoder;
pub use request::encode_request;
