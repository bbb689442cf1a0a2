//! What plugins are shown of requests and answers of other wires than chat: a chat completion, the *view*, and what becomes of
//! what they change in it.
//!
//! What chat has words for is said in these; all else stands where it stood, by names that begin with the wire's
//! (`anthropic.cache_control`, `{"type": "gemini.executableCode", …}`), and whatever was not understood in one member more,
//! `anthropic.rest`, by its place: every text that a model or a user may read is in a view. Each value of a view that the body
//! has keeps the place it comes from, so that a change of it is one of that place and of nothing else.

mod answer;
mod apply;
mod change;
mod choices;
mod differ;
mod edit;
mod ends;
mod fields;
mod foreign;
mod listed;
mod map;
mod messages;
mod names;
mod params;
mod parts;
mod place;
mod request;
mod rest;
mod same;
mod speech;
mod stream;
mod taken_out;
mod told;
mod tools;
mod turns;
mod write;

pub use answer::AnswerView;
pub use request::{MergedRequest, RequestView};
pub use stream::{ClientFraming, ClientStream, frame};
pub use taken_out::is_left;
