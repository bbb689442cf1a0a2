//! Where plugins run: the only crate that names wasmtime.
//!
//! A [`Library`] turns the files of the plugin folder into compiled [`LoadedPlugin`]s and keeps the last good version of each;
//! [`Chains`] say which of them apply to which tenant; a [`SandboxWorker`] belongs to one serving thread, keeps pools of
//! instances and calls hooks, lending them an [`Exchange`]. What a call costs is measured in [`Meter`].
//!
//! The contract that plugins are written to is `plugin-sdk/wit/weir-plugin.wit`.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod signature;

mod abi;
mod bounds;
mod call;
mod callout_client;
mod capabilities;
mod chain;
mod chains;
mod compile;
mod compiled;
mod engine;
mod error;
mod exchange;
mod framing;
mod guest_state;
mod hook;
mod host;
mod instance;
mod kv;
mod library;
mod lots;
mod meter;
mod plugin;
mod pool;
mod reason;
mod removed;
mod retained;
pub mod schema;
mod source;
mod stages;
mod tenant;
mod trust;
mod which;
mod worker;

pub use abi::contract::{
    Assignment, Candidate, Choice, Edit, Facts, ObservedProvenance, Outcome, PluginRefusal, Routing, StreamEvent,
};
pub use bounds::plugin_quota::QuotaState as PluginQuota;
pub use callout_client::{CalloutClient, CalloutFuture, CalloutOpener, EgressFailure};
pub use chain::{Bound, Chain, Origin};
pub use chains::{Chains, OnTrial, TenantChains};
pub use compile::cache::Cache;
pub use compile::{CompileStats, CompileTask, Compiler, SUBCOMMAND as COMPILE};
pub use engine::Sandbox;
pub use error::{Fault, LoadError};
pub use exchange::{About, Access, AskedTarget, Exchange, LateHeaders, Reply};
pub use hook::HookKind;
pub use library::{Checkpoint, Library, LibraryEvent, LoadProblem, Prepared, Stray, TrialOutcome};
pub use meter::tally::Counted;
pub use meter::{CPU_BUCKETS_NS, CalloutStats, HookStats, Meter};
pub use plugin::LoadedPlugin;
pub use removed::Needed;
pub use source::PluginSource;
pub use stages::{HeldBounds, Item, Stages};
pub use tenant::{TenantId, TenantNames};
pub use worker::{Override, Routed, SandboxWorker, Stop};
