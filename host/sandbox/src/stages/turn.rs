//! Why a plugin is called, and what that means for what it may do.

/// Why a plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallReason {
    /// Events have come, and more may.
    More,
    /// The text that these events are is over, and it may see more of the choice.
    Over,
    /// The same, and it has held them: it is to decide.
    Ended,
    /// The stream is over.
    Last,
}

impl CallReason {
    /// Whether nothing follows what is shown.
    pub(super) fn is_last(self) -> bool {
        match self {
            Self::More | Self::Over => false,
            Self::Ended | Self::Last => true,
        }
    }

    /// Whether `hold` is more than another word for `pass`.
    pub(super) fn may_hold(self) -> bool {
        !self.is_last()
    }
}
