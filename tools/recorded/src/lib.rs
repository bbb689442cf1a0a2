//! What providers really said, for tests: recordings by name, what other translators make of them, their peculiarities.
//!
//! [`all`] has every [`Recording`] there is here: the 508 of `shared/data/recordings`, where a folder above the workspace has
//! it, and otherwise those that lie in this repository and always run ([`committed`]). [`recording`] finds one by its provider
//! and name, [`of_endpoint`] those of an endpoint. [`golden`] and [`consensus`] say what other translators make of an input,
//! [`quirks`] which peculiarities of the wire the recordings show. A [`Spec`] holds what is made of them against what a provider's
//! own specification allows. [`cuts`] parts a stream as a network might, and [`differences`] says
//! where two JSON values mean something else.
//!
//! What needs more than is here says so by [`shared_data`], which is `None`, and a word on the standard error output.
// It is a part of tests: it says what is wrong with the data by a panic, and what was skipped by a line.
#![allow(clippy::print_stderr, clippy::panic, clippy::missing_panics_doc)]

mod compare;
mod cut;
mod events;
mod find;
mod golden;
mod index;
mod member;
mod quirk;
mod recording;
mod spec;

pub use compare::differences;
pub use cut::cuts;
pub use events::RecordedEvent;
pub use find::{committed_data, shared_data};
pub use golden::{Consensus, Golden, GoldenKind, consensus, golden};
pub use index::{all, committed, is_complete, of_endpoint, recording};
pub use quirk::{Quirk, ShownBy, quirks};
pub use recording::{Fidelity, InConversation, RecordedFraming, Recording};
pub use spec::{Spec, SpecFault, SpecGap, SpecSide};
