//! Items that are no messages: calls, their results, thoughts, and tools that run at the provider.

mod read;
mod write;

pub(crate) use read::{read, reasoning};
pub(crate) use write::{ItemRules, write_call, write_reasoning, write_result};
