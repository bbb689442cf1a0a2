//! Every piece of text in a body, by the rules of `types.piece`. Members of one object come in the order of their names, and
//! text files in base64 are not read.

mod area;
mod change;
mod joined;
mod members;
mod parts;
mod place;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
mod tokens;
mod walk;
mod words;

pub(super) use change::put;
pub(super) use joined::joined;
pub(super) use parts::{Shape, Spot};
pub(super) use walk::of;
