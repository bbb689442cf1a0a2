//! When it is worth while to learn what bodies have in common.

/// Learning costs as much as some bodies that are known save. So each that is known pays for it, and a little each one that
/// is not, for a day when they begin to look alike.
const LESSON: u32 = 64;
const KNOWN: u32 = 8;
const UNKNOWN: u32 = 1;
/// What there is to begin with, and at the most.
const FIRST: u32 = 4 * LESSON;
const SAVED: u32 = 8 * LESSON;

/// What has been saved for lessons.
#[derive(Debug)]
pub(crate) struct Credit(u32);

impl Default for Credit {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Credit {
    /// A body was known.
    pub(crate) fn known(&mut self) {
        self.add(KNOWN);
    }

    /// A body was not.
    pub(crate) fn unknown(&mut self) {
        self.add(UNKNOWN);
    }

    /// Whether there is enough for a lesson, which is paid for then.
    pub(crate) fn lesson(&mut self) -> bool {
        let left = self.0.checked_sub(LESSON);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Whether a lesson could be paid for.
    #[cfg(test)]
    pub(crate) fn is_spent(&self) -> bool {
        self.0 < LESSON
    }

    fn add(&mut self, more: u32) {
        self.0 = SAVED.min(self.0.saturating_add(more));
    }
}
