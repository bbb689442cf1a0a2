//! Ollama's conversations and embeddings (`/api/chat`, `/api/embed`), which providers speak and no client does: requests are written,
//! answers and streams read.
//!
//! Source: Ollama's API documentation ("Generate a chat completion", "Generate Embeddings") and what it was recorded to say.

mod answer;
mod calls;
mod embed;
mod events;
mod request;
mod turns;
mod usage;

pub use answer::decode_answer;
pub use embed::{decode_embed_answer, encode_embed};
pub use events::OllamaDecoder;
pub use request::encode_request;
