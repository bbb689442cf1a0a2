//! A call of one hook, whatever its plugin is compiled to: what it is told beside the facts, and what it answers.
//!
//! One call is one type, whatever the hook: each further type would be a further copy of all that surrounds a call, in code
//! that has to be fetched for every request.

use crate::abi::contract::{Candidate, Edit, Outcome, PluginRefusal, Routing, StreamEvent};
use crate::error::Fault;
use std::sync::Arc;

/// A call of one hook: what it is told beside the facts.
pub(crate) enum HookCall {
    /// `policy.on-request`.
    Policy,
    /// `router.route`, with the candidates.
    Router(Arc<[Candidate]>),
    /// `upstream-request.on-attempt`, with the number of the attempt.
    UpstreamRequest(u32),
    /// `response.on-response`, with the status.
    Response(u16),
    /// `event.on-events`, with the events and whether they are the last.
    Event(Vec<StreamEvent>, bool),
    /// `observe.on-finished`.
    Observe(Arc<Outcome>),
}

/// What a hook answered.
#[derive(Debug)]
pub(crate) enum HookAnswer {
    /// `policy`, `upstream-request`, `response`; `observe` has nothing to say, and says it this way.
    Verdict(Result<(), PluginRefusal>),
    /// `router`.
    Routing(Result<Routing, PluginRefusal>),
    /// `event`.
    Edits(Result<Vec<Edit>, PluginRefusal>),
}

impl HookAnswer {
    /// What `policy`, `upstream-request` and `response` answer.
    pub(crate) fn verdict(self) -> Result<Result<(), PluginRefusal>, Fault> {
        match self {
            Self::Verdict(verdict) => Ok(verdict),
            Self::Routing(_) | Self::Edits(_) => Err(another()),
        }
    }

    /// What `router` answers.
    pub(crate) fn routing(self) -> Result<Result<Routing, PluginRefusal>, Fault> {
        match self {
            Self::Routing(routing) => Ok(routing),
            Self::Verdict(_) | Self::Edits(_) => Err(another()),
        }
    }

    /// What `event` answers.
    pub(crate) fn edits(self) -> Result<Result<Vec<Edit>, PluginRefusal>, Fault> {
        match self {
            Self::Edits(edits) => Ok(edits),
            Self::Verdict(_) | Self::Routing(_) => Err(another()),
        }
    }
}

fn another() -> Fault {
    Fault::Answer("it answered for another hook".to_owned())
}
