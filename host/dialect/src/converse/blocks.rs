//! Pieces of content, which requests and answers have alike.

pub(super) mod blobs;
pub(super) mod citations;
pub(super) mod decode;
pub(super) mod documents;
pub(super) mod encode;
pub(super) mod formats;
pub(super) mod media;
pub(super) mod results;
pub(super) mod sink;
pub(super) mod thoughts;
