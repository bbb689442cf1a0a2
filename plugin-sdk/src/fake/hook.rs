//! The hooks, as a fake host knows them.

/// The hook in which the code under test believes to be; it decides what may be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// `policy`: the request may be written.
    Policy,
    /// `router`: nothing may be written.
    Router,
    /// `upstream-request`: the request may be written, for this attempt.
    UpstreamRequest,
    /// `response`: the reply may be read and written.
    Response,
    /// `event`: the events may be read.
    Event,
    /// `observe`: nothing may be written.
    Observe,
}
