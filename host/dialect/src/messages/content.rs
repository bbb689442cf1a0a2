//! Blocks of content, which requests and answers have alike.

mod documents;
pub(super) mod media;
pub(super) mod notes;
pub(super) mod read;
pub(super) mod thoughts;
pub(super) mod write;
