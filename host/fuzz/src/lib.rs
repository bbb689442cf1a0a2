//! What holds of any bytes whatever: one function for each target of a fuzzer, most of them against another reader of the
//! same bytes.
//!
//! Each target is `fn(&[u8])` in a file of its own name, and panics where what it promises does not hold. The wrappers that
//! `cargo fuzz` builds are in `targets`, what was found and what the search begins with in `corpus`, one folder a target;
//! `cargo test` replays all of it, and `host/fuzz/run` goes on searching. Where Weir and another reader differ and both are
//! right, a list in the target's file says so, with the section of the RFC.
// A target is a test: it says what holds by what it panics at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::missing_panics_doc)]

pub mod chunked;
pub mod component;
pub mod config;
mod cut;
pub mod edits;
pub mod event_message;
pub mod events;
pub mod frames;
pub mod json;
pub mod json_array;
pub mod json_lines;
mod oracle;
mod reference;
pub mod request_body;
pub mod request_head;
pub mod response_head;
pub mod sse;
pub mod tokens;
pub mod ways;

/// A target and its name, which is that of its folder in `corpus`.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [FuzzTarget; 16] = [
    ("chunked", chunked::chunked),
    ("component", component::component),
    ("config", config::config),
    ("edits", edits::edits),
    ("event_message", event_message::event_message),
    ("events", events::events),
    ("frames", frames::frames),
    ("json", json::json),
    ("json_array", json_array::json_array),
    ("json_lines", json_lines::json_lines),
    ("request_body", request_body::request_body),
    ("request_head", request_head::request_head),
    ("response_head", response_head::response_head),
    ("sse", sse::sse),
    ("tokens", tokens::tokens),
    ("ways", ways::ways),
];
