//! Streams on their way to clients of another wire than chat.
//!
//! A [`ClientStream`] shows each frame of a provider's as chunks of a chat completion, which plugins and the gateway read, and keeps
//! the frame until it is decided what becomes of them. What was not changed goes on as the provider has written it where the client
//! speaks its wire, and else in the client's, which [`ClientFraming`] cuts into frames.

mod added;
mod becomes;
mod carried;
mod changes;
mod choices;
mod client;
mod framing;
mod halves;
mod index;
mod numbered;
mod repeats;
mod same;
mod says;
mod seen;
mod shown;
mod slots;
mod splices;
mod spots;
mod strays;
mod waiting;

pub use client::ClientStream;
pub use framing::{ClientFraming, frame};
