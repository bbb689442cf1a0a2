//! Parts of a message's content.

mod read;
mod write;

pub(super) use read::{read, read_all};
pub(super) use write::{is_part, write, write_content};

/// The member that Mistral's models write their thoughts in.
const THINKING: &str = "thinking";
