//! What can go wrong while a plugin is called.

/// Why a call did not end with the plugin's answer. The instance that faulted is burned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The guest trapped.
    #[error("trapped: {0}")]
    Trap(String),
    /// It used more CPU time than its deadline.
    #[error("ran past its deadline")]
    Deadline,
    /// It wanted more memory than its limit and did not survive the refusal.
    #[error("ran out of memory")]
    Memory,
    /// Its call stack ran out.
    #[error("overflowed its stack")]
    Stack,
    /// It made more host calls than its limit.
    #[error("made too many host calls")]
    HostCalls,
    /// Its answer broke the contract or its bounds.
    #[error("gave an answer that breaks the contract: {0}")]
    Answer(String),
    /// It asked for the pieces of a body or of events that cannot be shown in pieces.
    #[error("cannot be shown what it asked for: {0}")]
    Unreadable(String),
    /// What it was shown is more than it has memory for.
    #[error("has not enough memory for the {bytes} bytes that it was to look at")]
    TooLarge {
        /// Bytes of the bodies at hand.
        bytes: usize,
    },
    /// Every instance was busy for longer than the plugin may wait.
    #[error("had no free instance in time")]
    Busy,
    /// The engine has as many instances as it can hold, of all plugins and tenants together.
    #[error("found no room for another instance")]
    Full,
    /// The tenant's plugins have as many instances, or as much memory, as those of one tenant may have.
    #[error("found this tenant's share of instances and memory used up")]
    Share,
    /// A new instance could not be made.
    #[error("could not be started: {0}")]
    Start(String),
    /// The tenant's budget of CPU time for this plugin is used up.
    #[error("has used up this tenant's budget of CPU time")]
    Budget,
    /// It faulted so often for this tenant that it is not called for a while.
    #[error("is in quarantine after repeated faults")]
    Quarantined,
    /// Those who vouched for it are not trusted any more.
    #[error("is not called, for nobody who is trusted vouches for it any more")]
    Untrusted,
}

impl Fault {
    /// Every reason, in the order of [`Fault::index`].
    pub const REASONS: [&'static str; 15] = [
        "trap",
        "deadline",
        "memory",
        "stack",
        "host-calls",
        "answer",
        "busy",
        "full",
        "start",
        "budget",
        "quarantined",
        "unreadable",
        "too-large",
        "share",
        "untrusted",
    ];

    /// One of each, in the order of [`Fault::REASONS`].
    #[cfg(test)]
    pub(crate) fn each() -> [Self; Self::REASONS.len()] {
        let text = String::new;
        [
            Self::Trap(text()),
            Self::Deadline,
            Self::Memory,
            Self::Stack,
            Self::HostCalls,
            Self::Answer(text()),
            Self::Busy,
            Self::Full,
            Self::Start(text()),
            Self::Budget,
            Self::Quarantined,
            Self::Unreadable(text()),
            Self::TooLarge { bytes: 1 },
            Self::Share,
            Self::Untrusted,
        ]
    }

    /// Position of this fault's reason in [`Fault::REASONS`].
    #[must_use]
    pub const fn index(&self) -> usize {
        match self {
            Fault::Trap(_) => 0,
            Fault::Deadline => 1,
            Fault::Memory => 2,
            Fault::Stack => 3,
            Fault::HostCalls => 4,
            Fault::Answer(_) => 5,
            Fault::Busy => 6,
            Fault::Full => 7,
            Fault::Start(_) => 8,
            Fault::Budget => 9,
            Fault::Quarantined => 10,
            Fault::Unreadable(_) => 11,
            Fault::TooLarge { .. } => 12,
            Fault::Share => 13,
            Fault::Untrusted => 14,
        }
    }

    /// Whether the guest did it, and not a want of room or of budget, or what it was to look at.
    #[must_use]
    pub(crate) const fn is_guests(&self) -> bool {
        match self {
            Fault::Busy
            | Fault::Full
            | Fault::Share
            | Fault::Budget
            | Fault::Quarantined
            | Fault::Untrusted
            | Fault::Unreadable(_)
            | Fault::TooLarge { .. } => false,
            Fault::Trap(_)
            | Fault::Deadline
            | Fault::Memory
            | Fault::Stack
            | Fault::HostCalls
            | Fault::Answer(_)
            | Fault::Start(_) => true,
        }
    }

    /// Whether it was not the plugin's doing, but what its tenant may have, or whom the operator trusts: such requests may come
    /// by the thousand.
    #[must_use]
    pub const fn is_skipped(&self) -> bool {
        matches!(self, Fault::Budget | Fault::Quarantined | Fault::Share | Fault::Untrusted)
    }

    /// Of a fault that is neither the guest's nor skipped, which kind it is: what was wanted was not to be had, or cannot be
    /// shown. Whoever asks can have it come with each request, and the plugin is not to blame.
    #[must_use]
    pub(crate) const fn want(&self) -> Option<usize> {
        match self {
            Fault::Busy => Some(0),
            Fault::Full => Some(1),
            Fault::TooLarge { .. } => Some(2),
            Fault::Unreadable(_) => Some(3),
            Fault::Trap(_)
            | Fault::Deadline
            | Fault::Memory
            | Fault::Stack
            | Fault::HostCalls
            | Fault::Answer(_)
            | Fault::Start(_)
            | Fault::Share
            | Fault::Budget
            | Fault::Quarantined
            | Fault::Untrusted => None,
        }
    }

    /// The reason as metrics name it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        Self::REASONS.get(self.index()).copied().unwrap_or("trap")
    }
}
