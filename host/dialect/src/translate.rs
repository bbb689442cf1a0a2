//! From one wire to another: what all codecs share, so that each pair of them is nothing of its own.
//!
//! [`WirePair`] takes a request there and an answer back.
//! [`ids`] fits identifiers of tool calls into a wire's grammar, [`signatures`] carries what only its vendor can read there and back,
//! [`reasoning`] weighs efforts against budgets, [`claude`] knows what Anthropic's models take and [`marks`] which of OpenAI's take marks for the cache, [`order`] puts turns into the order that a
//! wire demands, and [`schema`] fits schemas into what a wire knows of them. For wires that say little there are [`results`] of tools as text, [`blocks`] of streams
//! that have one choice, and [`unsaid`], which names what they have no word for.

pub mod blocks;
pub mod claude;
mod codecs;
mod embed;
pub mod ids;
pub mod marks;
pub mod order;
mod pair;
pub mod reasoning;
pub mod results;
pub mod said;
pub mod schema;
pub mod signatures;
pub mod unsaid;

pub(crate) use codecs::{decode_answer, decode_request, decoder, encode_answer, encoder};
pub use embed::EmbedPair;
pub use pair::{StreamTranslation, WirePair};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
