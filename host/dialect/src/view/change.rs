//! Changes of the blocks of a turn or of an answer, where they are more than other words in the same place.

use super::edit::PartEdit;
use crate::canon::{ContentBlock, SignatureKind};

/// Changes of a list of blocks, by their numbers in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BlockChanges {
    /// Those of which something else differs than what has its place in the body.
    pub(super) edited: Vec<(usize, PartEdit)>,
    /// Those that are gone.
    pub(super) gone: Vec<usize>,
    /// New ones, each before the block of this number.
    pub(super) new: Vec<(usize, ContentBlock)>,
    /// Thoughts that say something else than what was signed.
    pub(super) unsigned: Vec<usize>,
    /// Of results of tools, what is in them.
    pub(super) within: Vec<(usize, BlockChanges)>,
}

impl BlockChanges {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in changes of other blocks of the same list.
    pub(super) fn join(&mut self, other: Self) {
        self.edited.extend(other.edited);
        self.gone.extend(other.gone);
        self.new.extend(other.new);
        self.unsigned.extend(other.unsigned);
        self.within.extend(other.within);
    }

    /// Makes them.
    pub(super) fn apply(self, blocks: &mut Vec<ContentBlock>) {
        let Self { edited, gone, mut new, unsigned, within } = self;
        for (number, edit) in edited {
            if let Some(block) = blocks.get_mut(number) {
                edit.apply(block);
            }
        }
        for number in unsigned {
            if let Some(ContentBlock::Reasoning(thought)) = blocks.get_mut(number) {
                thought.signature.take_if(|signature| signature.kind == SignatureKind::Signature);
            }
        }
        for (number, changes) in within {
            if let Some(ContentBlock::ToolResult(result)) = blocks.get_mut(number) {
                if !changes.new.is_empty() || !changes.gone.is_empty() {
                    result.form = crate::canon::ContentForm::Parts;
                }
                changes.apply(&mut result.content);
            }
        }
        if gone.is_empty() && new.is_empty() {
            return;
        }
        let gone: std::collections::HashSet<usize> = gone.into_iter().collect();
        new.sort_by_key(|(before, _)| *before);
        let mut new = new.into_iter().peekable();
        let old = std::mem::take(blocks);
        for (number, block) in old.into_iter().enumerate() {
            while let Some((_, block)) = new.next_if(|(before, _)| *before <= number) {
                blocks.push(block);
            }
            if !gone.contains(&number) {
                blocks.push(block);
            }
        }
        blocks.extend(new.map(|(_, block)| block));
    }
}
