//! The places in a request's journey at which plugins run.

/// A hook of the contract (`plugin-sdk/wit/weir-plugin.wit`, "Hooks").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hook {
    /// `policy`: allow, refuse or rewrite the request.
    Policy,
    /// `router`: who may answer, in which order.
    Router,
    /// `upstream-request`: the last change before the bytes leave.
    UpstreamRequest,
    /// `response`: a whole response before the client sees it.
    Response,
    /// `event`: the events of a stream before the client sees them.
    Event,
    /// `observe`: the final facts, off the hot path.
    Observe,
}

impl Hook {
    /// Every hook, in journey order; `hook as usize` is its index here.
    pub const ALL: [Hook; 6] =
        [Hook::Policy, Hook::Router, Hook::UpstreamRequest, Hook::Response, Hook::Event, Hook::Observe];

    /// Its name in metrics, logs and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Hook::Policy => "policy",
            Hook::Router => "router",
            Hook::UpstreamRequest => "upstream-request",
            Hook::Response => "response",
            Hook::Event => "event",
            Hook::Observe => "observe",
        }
    }

    /// The interface and the function in it that a plugin exports for this hook.
    #[must_use]
    pub(crate) const fn export(self) -> (&'static str, &'static str) {
        match self {
            Hook::Policy => ("weir:plugin/policy@0.1.0", "on-request"),
            Hook::Router => ("weir:plugin/router@0.1.0", "route"),
            Hook::UpstreamRequest => ("weir:plugin/upstream-request@0.1.0", "on-attempt"),
            Hook::Response => ("weir:plugin/response@0.1.0", "on-response"),
            Hook::Event => ("weir:plugin/event@0.1.0", "on-events"),
            Hook::Observe => ("weir:plugin/observe@0.1.0", "on-finished"),
        }
    }
}

/// The interface and function that every plugin with settings exports.
pub(crate) const INIT: (&str, &str) = ("weir:plugin/lifecycle@0.1.0", "init");
