//! The law of HTTP as pure code: heads of requests and of responses, fields, chunks, hop-by-hop fields, frames of HTTP/2,
//! streams of events in four framings and a JSON walker for the hot path.
//!
//! Nothing here reads a socket, a clock or a configuration; every function is a pure one of its arguments, so that
//! each rule can be tested with bytes alone. The rules are those of RFC 9110 (semantics), RFC 9112 (HTTP/1.1),
//! RFC 9113 (HTTP/2), RFC 8259 (JSON), the WHATWG's definition of `text/event-stream` and Smithy's of AWS's event stream.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod chunked;
pub mod event_message;
mod extra_headers;
pub mod fields;
pub mod frames;
pub mod head;
mod held;
pub mod hex;
pub mod hop;
pub mod json;
pub mod json_array;
pub mod json_lines;
pub mod request;
pub mod reserved;
pub mod response;
pub mod sse;
mod words;

pub use extra_headers::{ExtraHeaders, insert_each};
