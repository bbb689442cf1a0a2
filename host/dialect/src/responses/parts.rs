//! Parts of a message: texts, refusals, images, files, sound. A part keeps its `type` beside what is known of it, for several
//! types say the same.

mod media;
mod read;
mod write;

pub(crate) use read::{read, read_all};
pub(crate) use write::{ITEM, PartRules, is_carried, logprobs, lose_cache, write, write_content};
