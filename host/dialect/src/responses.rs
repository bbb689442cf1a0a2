//! OpenAI's responses (API reference, "Responses"), read into the canonical form and written of it.
//!
//! What a conversation is made of are items: a message is one, and so is a call, its result, and what the model thought. A stream says
//! everything twice, in pieces and whole, and numbers what it says.

mod annotations;
mod answer;
mod echo;
mod events;
mod id;
mod items;
mod kinds;
mod parts;
mod request;
mod response;
mod stop;
mod usage;

pub use answer::{decode_answer, encode_answer};
pub use events::{ResponsesDecoder, ResponsesEncoder};
pub use id::id_in_event;
pub use request::{decode_request, encode_request};
