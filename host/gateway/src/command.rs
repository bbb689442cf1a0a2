//! What is said on the command line, and what is answered there: everything but serving.

pub(crate) mod check;
pub(crate) mod cli;
pub(crate) mod console;
pub(crate) mod key;
