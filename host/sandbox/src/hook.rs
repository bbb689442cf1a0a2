//! The places in a request's journey at which plugins run.

/// A hook of the contract (`plugin-sdk/wit/weir-plugin.wit`, "Hooks").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookKind {
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

impl HookKind {
    /// Every hook, in journey order; `hook as usize` is its index here.
    pub const ALL: [HookKind; 6] = [
        HookKind::Policy,
        HookKind::Router,
        HookKind::UpstreamRequest,
        HookKind::Response,
        HookKind::Event,
        HookKind::Observe,
    ];

    /// Its name in metrics, logs and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            HookKind::Policy => "policy",
            HookKind::Router => "router",
            HookKind::UpstreamRequest => "upstream-request",
            HookKind::Response => "response",
            HookKind::Event => "event",
            HookKind::Observe => "observe",
        }
    }

    /// The interface and the function in it that a plugin exports for this hook.
    #[must_use]
    pub(crate) const fn export(self) -> (&'static str, &'static str) {
        match self {
            HookKind::Policy => ("weir:plugin/policy@0.1.0", "on-request"),
            HookKind::Router => ("weir:plugin/router@0.1.0", "route"),
            HookKind::UpstreamRequest => ("weir:plugin/upstream-request@0.1.0", "on-attempt"),
            HookKind::Response => ("weir:plugin/response@0.1.0", "on-response"),
            HookKind::Event => ("weir:plugin/event@0.1.0", "on-events"),
            HookKind::Observe => ("weir:plugin/observe@0.1.0", "on-finished"),
        }
    }
}

/// The interface and function that every plugin with settings exports.
pub(crate) const INIT: (&str, &str) = ("weir:plugin/lifecycle@0.1.0", "init");
