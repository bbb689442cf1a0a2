//! Running: the threads that serve, and what they listen on.

pub(crate) mod listeners;
pub(crate) mod thread;
