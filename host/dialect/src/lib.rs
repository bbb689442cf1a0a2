//! `bytes → what is asked` and `answer → what it cost`: the dialects of clients and providers as pure codecs.
//!
//! A [`Dialect`] is what is spoken, an [`Operation`] what is asked in it, and both together a [`DialectCall`], whose methods
//! read requests and answers: what a dialect has to say for itself is in `codec.rs`. The one of today is OpenAI's.
//! [`DialectCall::read_request`] makes [`RequestFacts`] of a request in one borrowed pass, or [`AskShapes`] by comparing it
//! with one before; [`RequestFacts::outgoing`] is the body for the upstream, the client's own bytes but for what must differ;
//! [`Document`] is a body that plugins look into and change; [`answer`] says whether what came is an answer and all of it, and
//! a [`StreamDecoder`] the same of a stream, event by event; [`event`] and [`usage`] read it; [`Dialect::render`] and
//! [`Dialect::models`] write what the gateway itself has to say; [`errors`] reads those of providers, and tells them in any
//! dialect. Nothing here reads a socket, a clock or a configuration.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod answer;
mod ask;
pub mod canon;
pub mod chat;
mod codec;
pub mod cohere;
pub mod converse;
mod credit;
mod decoder;
mod dialect;
mod document;
pub mod errors;
pub mod event;
pub mod gemini;
pub mod messages;
mod models;
pub mod ollama;
mod path_style;
mod readable;
mod refusal;
pub mod responses;
mod route;
mod splice;
mod stream;
pub mod translate;
pub mod usage;
pub mod view;
mod wire;

pub use ask::{AskShapes, Decided, ReadError, RequestFacts, check_body};
pub use decoder::{AnswerPart, Decoded, Leftover, StreamDecoder};
pub use dialect::{Dialect, DialectCall, Operation};
pub use document::{BodyText, Document, EditError, Pieces, TextPiece, TextPieceKind, Voice};
pub use event::{Delta, EventError};
pub use path_style::PathStyle;
pub use readable::Unreadable;
pub use refusal::{ApiError, ApiErrorKind};
pub use route::{ApiCall, ApiPath, AskedCall};
pub use wire::{Framing, Vendor, WireFormat};
