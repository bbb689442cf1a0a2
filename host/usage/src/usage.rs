//! What a provider reports.

#[cfg(test)]
mod tests;

/// Token counts of one answer as far as its provider reported them. A number that cannot be one is none: a negative one, a
/// fraction, or more than [`Usage::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens that the model read, those from and into the provider's cache included.
    pub input: Option<u64>,
    /// Tokens that the model wrote, reasoning included.
    pub output: Option<u64>,
    /// Both together.
    pub total: Option<u64>,
    /// Of `input`, those that came from the provider's cache.
    pub cached_input: Option<u64>,
    /// Of `output`, those that the client does not see.
    pub reasoning: Option<u64>,
    /// Of `input`, those that were written to the provider's cache.
    pub cache_written: Option<u64>,
    /// Of `input`, those of sound.
    pub audio_input: Option<u64>,
    /// Of `output`, those of sound.
    pub audio_output: Option<u64>,
}

impl Usage {
    /// More tokens than any model reads or writes at once: what is beyond is a mistake, and would be an expensive one.
    pub const MOST: u64 = 100_000_000;

    /// Input and output as far as the provider said them, be it as the rest of a total that the other can be a part of.
    #[must_use]
    pub fn halves(&self) -> (Option<u64>, Option<u64>) {
        let rest = |other: Option<u64>| self.total?.checked_sub(other?);
        (self.input.or_else(|| rest(self.output)), self.output.or_else(|| rest(self.input)))
    }

    /// Whether the provider said all that is to be known, so that nothing need be estimated.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.halves(), (Some(_), Some(_)))
    }

    /// What is known after a later report: what that one says, and for the rest what was said before.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            input: later.input.or(self.input),
            output: later.output.or(self.output),
            total: later.total.or(self.total),
            cached_input: later.cached_input.or(self.cached_input),
            reasoning: later.reasoning.or(self.reasoning),
            cache_written: later.cache_written.or(self.cache_written),
            audio_input: later.audio_input.or(self.audio_input),
            audio_output: later.audio_output.or(self.audio_output),
        }
    }
}
