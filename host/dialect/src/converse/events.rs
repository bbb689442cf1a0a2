//! Streams.

pub(super) mod block;
pub(super) mod decode;
pub(super) mod encode;
pub(super) mod kept;
pub(super) mod open;
pub(super) mod out;
