//! Running: the start, the threads that serve and what they listen on, signals and the log.

pub(crate) mod allocator;
pub(crate) mod descriptors;
pub(crate) mod listeners;
pub(crate) mod log;
pub(crate) mod notify;
pub(crate) mod serve;
pub(crate) mod signals;
pub(crate) mod start;
pub(crate) mod thread;
