//! Gemini's and Vertex AI's contents (Gemini API reference, generateContent and streamGenerateContent), read into the canonical form and written of it.
//!
//! What is peculiar: names of members come in two spellings (`proto`); a signature stands on the part that it signs, which may be
//! a text, and must come back there (a [`ReasoningBlock`](crate::canon::ReasoningBlock) that `signs_next` carries it); calls have
//! identifiers from some models only; schemas have words of their own.

mod answer;
mod count;
mod embed;
mod events;
mod kind;
mod models;
mod part;
mod proto;
mod request;
mod signature;
mod stop;
mod time;
mod tokens;
mod usage;

pub use answer::{decode_answer, encode_answer};
pub use count::{count_answer, decode_count, decode_count_request, encode_count, encode_vertex_count};
pub use embed::{decode_embed, decode_embed_answer, encode_embed, encode_embed_answer};
pub use events::{GeminiDecoder, GeminiEncoder};
pub use models::{GeminiModel, model_info, model_list};
pub use request::{decode_request, encode_request};
