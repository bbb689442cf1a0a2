//! `bytes → what is asked` and `answer → what it cost`: the languages of providers as pure codecs.
//!
//! The dialects of today are OpenAI's chat completions and embeddings. [`read`] makes an [`RequestFacts`] of a request in one
//! borrowed pass, or [`AskShapes`] by comparing it with one before; [`RequestFacts::outgoing`] is the body for the upstream, the client's own bytes but for what must differ;
//! [`Document`] is a body that plugins look into and change; [`answer`] and [`stream`] say whether what came is an answer and
//! all of it, [`readable`] whether all of it can be shown, [`event`] and [`usage`] read it; [`refusal`] and [`models_list`] write what the gateway itself has to say. Nothing here reads a socket, a clock or a configuration.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod answer;
mod ask;
mod credit;
mod document;
mod endpoint;
pub mod event;
mod models;
pub mod readable;
pub mod refusal;
mod splice;
pub mod stream;
pub mod usage;

pub use ask::{AskShapes, Decided, ReadError, RequestFacts, read};
pub use document::{BodyText, Document, EditError, Pieces, TextPiece, TextPieceKind, Voice};
pub use endpoint::Endpoint;
pub use event::{Delta, EventError, EventKind};
pub use models::models_list;
pub use readable::Unreadable;
