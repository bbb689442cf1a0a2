//! Parts of a content, in requests and answers.

mod media;
mod read;
mod result;
mod style;
mod tool;
mod write;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub(super) use read::{read_all, read_members};
pub(super) use style::PartStyle;
pub(super) use write::write_all;
