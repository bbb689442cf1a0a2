//! What all dialects say, in one form. A codec reads its wire into it and writes its wire of it; what is in no other wire stays
//! beside it, so that reading and writing the same wire changes nothing.
//!
//! A [`ChatRequest`] is what is asked, a [`ChatAnswer`] what is answered, a [`ChatEvent`] a step of it. Texts are [`JsonText`]s and
//! values [`RawJson`]s: slices of the body that they came in, copied as they stand. [`FieldLosses`] names what could not be carried.

mod answer;
mod block;
mod cache;
mod collect;
mod embed;
mod error;
mod event;
mod form;
pub(crate) mod logprobs;
mod loss;
mod media;
mod members;
mod params;
mod raw;
mod replay;
mod request;
mod streams;
mod text;
mod turn;
mod write;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod whole_tests;

pub use answer::{ChatAnswer, ChatChoice, ChatStop, StopKind};
pub use block::{
    ContentBlock, OtherBlock, ServerToolBlock, ServerToolKind, TextBlock, ToolInput, ToolResultBlock, ToolUseBlock,
};
pub use cache::CacheMark;
pub use collect::EventCollector;
pub use embed::{EmbedAnswer, EmbedContent, EmbedInput, EmbedRequest, EmbedTask, EmbedVector};
pub use error::DecodeFault;
pub use event::{AnswerStart, ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatEvent};
pub use form::ContentForm;
pub use loss::FieldLosses;
pub use media::{
    CitationKind, CitationNote, DocumentBlock, DocumentSource, MediaBlock, MediaSource, ReasoningBlock, SignatureKind,
    ThoughtSignature,
};
pub use members::RawMembers;
pub use params::{
    AnswerFormat, ChatTool, ChatToolKind, ReasoningMode, ReasoningShow, ReasoningWish, SamplingParams, ToolPick,
};
pub use raw::RawJson;
pub use replay::EventReplay;
pub use request::ChatRequest;
pub use streams::{
    AnswerContext, EventDecoder, EventEncoder, NewEvent, StreamState, TargetQuirks, TargetRules, WireEvent,
};
pub use text::JsonText;
pub use turn::{ChatTurn, TurnOrigin, TurnRole};
pub use write::JsonWriter;
