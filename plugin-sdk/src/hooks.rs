//! What a plugin implements: one trait for each hook, in the order in which a request meets them.

use crate::{Candidate, Edit, Facts, Outcome, Refusal, Routing, StreamEvent};

/// A plugin: what it is made from. Every other trait here is one hook.
pub trait Plugin: Sized + 'static {
    /// Makes the plugin from its settings: its table in the gateway's configuration as a JSON object, `{}` if there is
    /// none (WIT `lifecycle.init`). Called once for each instance; [`Settings`](crate::Settings) reads the text.
    ///
    /// # Errors
    /// Says what is wrong with the settings, in words for the operator. The plugin then does not go into service.
    fn init(settings: &str) -> Result<Self, String>;
}

/// The hook `policy`: may this request go on, and as what? (WIT `policy.on-request`)
pub trait Policy: Plugin {
    /// Lets the request pass, as rewritten through [`request`](crate::request), or refuses it.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn on_request(&self, facts: &Facts) -> Result<(), Refusal>;
}

/// The hook `router`: who may answer, and in which order? (WIT `router.route`)
pub trait Router: Plugin {
    /// Orders or restricts the candidates, or refuses the request.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn route(&self, facts: &Facts, candidates: &[Candidate]) -> Result<Routing, Refusal>;
}

/// The hook `upstream-request`: the last change to one attempt (WIT `upstream-request.on-attempt`).
pub trait UpstreamRequest: Plugin {
    /// Lets the attempt go out, as rewritten through [`request`](crate::request), or refuses the request. `attempt` is 1
    /// for the first; [`upstream`](crate::upstream) tells whom it goes to.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn on_attempt(&self, facts: &Facts, attempt: u32) -> Result<(), Refusal>;
}

/// The hook `response`: a whole response, before the client sees it (WIT `response.on-response`).
pub trait Response: Plugin {
    /// Lets the response pass, as rewritten through [`reply`](crate::reply), or puts a refusal in its place. `status`
    /// is the upstream's HTTP status.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn on_response(&self, facts: &Facts, status: u16) -> Result<(), Refusal>;
}

/// The hook `event`: the events of a stream, in batches of whatever arrived at once (WIT `event.on-events`).
pub trait Event: Plugin {
    /// Answers one edit for each event, or an empty list to pass them all. `last` is true when no event will follow: in the
    /// one last call of the stream, and for a plugin that holds also where the text is over that it holds.
    /// Events that were held come again, first, in the next call, which another instance may get.
    ///
    /// # Errors
    /// The error with which the stream ends.
    fn on_events(&self, facts: &Facts, events: &[StreamEvent], last: bool) -> Result<Vec<Edit>, Refusal>;
}

/// The hook `observe`: how a request ended (WIT `observe.on-finished`). It runs off the hot path and cannot fail.
pub trait Observe: Plugin {
    /// Takes the outcome.
    fn on_finished(&self, facts: &Facts, outcome: &Outcome);
}
