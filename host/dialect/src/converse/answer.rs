//! Whole answers.

pub(super) mod decode;
pub(super) mod encode;
pub(super) mod stop;
