//! `fn(what is asked) -> Result<let it pass, say no>`, in WebAssembly: the kit for writing plugins of the Weir gateway.
//!
//! A plugin is a type that implements [`Plugin`] and one trait for each hook that it wants; [`export!`] makes a
//! component of it. This policy refuses requests from headers:
//!
//! ```
//! use weir_plugin::{Facts, Plugin, Policy, Refusal, request};
//!
//! struct NeedsTeam;
//!
//! impl Plugin for NeedsTeam {
//!     fn init(_settings: &str) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//! }
//!
//! impl Policy for NeedsTeam {
//!     fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
//!         match request::header("x-team") {
//!             Some(_) => Ok(()),
//!             None => Err(Refusal::new(400, "team_missing", "say in x-team which team is asking")),
//!         }
//!     }
//! }
//!
//! weir_plugin::export!(NeedsTeam: policy);
//! # fn main() {}
//! ```
//!
//! Build it as a `cdylib` for `wasm32-unknown-unknown` with `linker = "wasm-component-ld"` and put the file into the
//! gateway's plugin folder. What the hooks mean is written in `wit/weir-plugin.wit`; names here are the names there.
//!
//! On any other target the same code talks to a [`fake`] host, so that a plugin's tests are plain `cargo test`.

#[doc(hidden)]
pub mod bindings;
pub mod callouts;
pub mod clock;
pub mod counters;
mod error;
pub mod events;
mod export;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake;
#[doc(hidden)]
pub mod glue;
mod hooks;
pub mod json;
pub mod kv;
pub mod log;
pub mod notes;
mod piece;
pub mod random;
mod refusal;
pub mod reply;
pub mod request;
pub mod secrets;
mod settings;
pub mod upstream;

/// The functions that the gateway lends: the real ones inside a gateway, the fake host's everywhere else.
mod host {
    #[cfg(target_arch = "wasm32")]
    pub(crate) use crate::bindings::policy::weir::plugin::{
        callouts, clock, counters, events, kv, log, notes, random, reply, request, secrets, upstream,
    };
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) use crate::fake::imports::{counters, events, kv, log, notes, reply, request, upstream};
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) use crate::fake::outside::{callouts, clock, random, secrets};
}

pub use bindings::event::exports::weir::plugin::event::{Edit, StreamEvent};
pub use bindings::observe::exports::weir::plugin::observe::{Outcome, Provenance};
pub use bindings::policy::weir::plugin::types::{Facts, JoinedText, Passage, Piece, PieceKind, Refusal, Role};
pub use bindings::router::exports::weir::plugin::router::{Assignment, Candidate, Choice, Routing};
pub use error::HostError;
pub use hooks::{Event, Observe, Plugin, Policy, Response, Router, UpstreamRequest};
pub use piece::{PieceText, neighbours};
pub use settings::Settings;
