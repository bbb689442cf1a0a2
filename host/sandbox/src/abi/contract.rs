//! The records and variants of the contract, as wasmtime lowers and lifts them.
//!
//! Each stands for the type of the same name in `plugin-sdk/wit/weir-plugin.wit`, which says what it means; wasmtime
//! checks the shapes against the plugin's own when a plugin is loaded.

mod all_text;
mod kind;

pub(crate) use all_text::{AllText, Passage};
pub(crate) use kind::PieceKind;

use std::sync::Arc;
use wasmtime::component::{ComponentType, Lift, Lower};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// `types.facts`: what every hook is told, by value.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub struct Facts {
    /// Whether a stream was asked for.
    pub streaming: bool,
    /// Length of the body in bytes.
    #[component(name = "body-bytes")]
    pub body_bytes: u32,
}

/// `types.refusal`: an answer in place of the model's.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub struct PluginRefusal {
    /// HTTP status, 400 to 599 once the host has brought it within bounds.
    pub status: u16,
    /// Machine-readable code.
    pub code: String,
    /// For people.
    pub message: String,
}

impl PluginRefusal {
    /// Bytes of the message that are passed on (`types.refusal.message`).
    const MESSAGE: usize = 1024;
    /// Characters of the code that are passed on (`types.refusal.code`).
    const CODE: usize = 64;

    /// The refusal with every field brought within what the contract promises clients.
    #[must_use]
    pub(crate) fn bounded(mut self) -> Self {
        if !(400..600).contains(&self.status) {
            self.status = 400;
        }
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.code.is_empty() || self.code.len() > Self::CODE || !self.code.chars().all(valid) {
            self.code = "plugin_refused".to_owned();
        }
        if self.message.len() > Self::MESSAGE {
            let end = self.message.floor_char_boundary(Self::MESSAGE);
            self.message.truncate(end);
        }
        self
    }
}

/// `request.text`: one piece of text that a model will read.
#[derive(Debug, Clone, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Text {
    pub(crate) role: String,
    pub(crate) text: String,
}

/// `types.piece`: a piece of text, wherever it stands.
#[derive(Debug, Clone, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Piece {
    pub(crate) pointer: Arc<str>,
    pub(crate) kind: PieceKind,
    pub(crate) role: Arc<str>,
    pub(crate) choice: u32,
    pub(crate) call: Option<u32>,
    pub(crate) event: u32,
    pub(crate) text: String,
}

impl Piece {
    /// A piece of the event of this number, or of a whole body.
    pub(crate) fn of(piece: &weir_dialect::TextPiece<'_>, event: u32) -> Self {
        let weir_dialect::TextPiece { pointer, kind, role, choice, call, text, .. } = *piece;
        Self {
            pointer: pointer.into(),
            kind: kind.into(),
            role: role.name().into(),
            choice,
            call,
            event,
            text: text.to_owned(),
        }
    }
}

/// `log.level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code)] // guests make these; lifting does not name them
pub(crate) enum Level {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

impl Level {
    /// A level by its number in the contract.
    pub(crate) fn numbered(number: u32) -> wasmtime::Result<Self> {
        let all = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];
        let level = usize::try_from(number).ok().and_then(|number| all.get(number).copied());
        level.ok_or_else(|| wasmtime::Error::msg("unexpected discriminant of a level"))
    }
}

/// `router.candidate`: somebody who could answer.
#[derive(Debug, Clone, ComponentType, Lower)]
#[component(record)]
pub struct Candidate {
    /// The provider's name.
    pub provider: Arc<str>,
    /// The model's name there.
    pub model: Arc<str>,
    /// Whether it has answered lately.
    pub healthy: bool,
    /// Micro-dollars for a million input tokens.
    #[component(name = "input-price")]
    pub input_price: u64,
    /// Micro-dollars for a million output tokens.
    #[component(name = "output-price")]
    pub output_price: u64,
}

/// `router.assignment`: a value to set in the body for one candidate.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub struct Assignment {
    /// RFC 6901 pointer.
    pub pointer: String,
    /// JSON text.
    pub value: String,
}

/// `router.choice`: one candidate to try.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub struct Choice {
    /// Index in the list that the hook was given; checked by the host.
    pub candidate: u32,
    /// What to change in the request for it.
    pub overrides: Vec<Assignment>,
}

/// `router.routing`: the router's answer.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub enum Routing {
    /// Leave the order as it is.
    #[component(name = "keep")]
    Keep,
    /// Try these and no others.
    #[component(name = "order")]
    Order(Vec<Choice>),
}

/// `event.stream-event`: a part of the model's answer.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct StreamEvent {
    /// The choice it belongs to.
    pub choice: u32,
    /// The text it adds.
    pub text: String,
}

/// `event.edit`: what to do with one event.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub enum Edit {
    /// Send it as it is.
    #[component(name = "pass")]
    Pass,
    /// Send it with this text.
    #[component(name = "text")]
    Text(String),
    /// Send it with this data.
    #[component(name = "data")]
    Data(String),
    /// Do not send it.
    #[component(name = "drop")]
    Drop,
    /// Keep it and all behind it back.
    #[component(name = "hold")]
    Hold,
}

/// `observe.provenance`: where token counts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
pub enum ObservedProvenance {
    /// The provider's own final count.
    #[component(name = "reported")]
    Reported,
    /// Counted up to where the answer broke off.
    #[component(name = "partial")]
    Partial,
    /// Estimated by the gateway.
    #[component(name = "estimated")]
    Estimated,
    /// Nothing was asked of an upstream.
    #[component(name = "none")]
    None,
}

/// `observe.outcome`: how a request ended.
#[derive(Debug, Clone, ComponentType, Lower)]
#[component(record)]
pub struct Outcome {
    /// Status that the client saw; 499 if it was gone before.
    pub status: u16,
    /// Code of the refusal, if there was one.
    pub code: Option<Arc<str>>,
    /// Attempts made.
    pub attempts: u32,
    /// Tokens read.
    #[component(name = "input-tokens")]
    pub input_tokens: u64,
    /// Tokens written.
    #[component(name = "output-tokens")]
    pub output_tokens: u64,
    /// Where the counts come from.
    pub provenance: ObservedProvenance,
    /// Head of the request to last byte of the response, microseconds.
    #[component(name = "duration-us")]
    pub duration_us: u64,
    /// Head of the request to first byte of the response, microseconds.
    #[component(name = "first-byte-us")]
    pub first_byte_us: u64,
}
