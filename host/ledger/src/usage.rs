//! What a request used, as far as somebody said, and why it ended.

/// Why an entry was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The response was relayed to its end.
    Completed,
    /// The client went away before the end.
    ClientGone,
    /// The upstream failed, stalled or broke off.
    UpstreamFailed,
    /// A plugin refused the request or its response after it had become chargeable.
    PluginRefused,
}

/// Where a count of tokens comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Provenance {
    /// The provider said so, finally.
    Reported,
    /// What had been seen when the response broke off.
    Partial,
    /// Worked out from the length of the text of a whole response.
    Estimated,
    /// Nothing is known.
    #[default]
    None,
}

impl Provenance {
    /// The one that a count has of which one part comes from here and another from there.
    fn weaker(self, other: Self) -> Self {
        let rank = |of| match of {
            Self::Reported => 0,
            Self::Estimated => 1,
            Self::Partial => 2,
            Self::None => 3,
        };
        if rank(self) < rank(other) { other } else { self }
    }
}

/// The tokens of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Tokens of input, cached ones included.
    pub input: u64,
    /// Tokens of output, reasoning included.
    pub output: u64,
    /// Tokens of input that the provider had cached: part of `input`.
    pub cached_input: u64,
    /// Tokens of output that were reasoning: part of `output`.
    pub reasoning: u64,
    /// Where the count of input comes from.
    pub input_from: Provenance,
    /// Where the count of output comes from.
    pub output_from: Provenance,
}

impl Tokens {
    /// Where the count as a whole comes from: if a half of it is an estimate, the whole is one.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.input_from.weaker(self.output_from)
    }
}

/// What a provider reported, as far as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportedUsage {
    /// Tokens of input, cached ones included.
    pub input: Option<u64>,
    /// Tokens of output, reasoning included.
    pub output: Option<u64>,
    /// Both together.
    pub total: Option<u64>,
    /// Tokens of input that the provider had cached.
    pub cached_input: Option<u64>,
    /// Tokens of output that were reasoning.
    pub reasoning: Option<u64>,
}

impl ReportedUsage {
    /// What is known after a later report: what that one says, and for the rest what was said before.
    pub(crate) fn then(self, later: Self) -> Self {
        Self {
            input: later.input.or(self.input),
            output: later.output.or(self.output),
            total: later.total.or(self.total),
            cached_input: later.cached_input.or(self.cached_input),
            reasoning: later.reasoning.or(self.reasoning),
        }
    }

    /// The tokens, completed where they are not known by an estimate (input, output) from there. A part is never more
    /// than its whole.
    pub(crate) fn completed(&self, (input, output): (u64, u64), from: Provenance) -> Tokens {
        let reported = |tokens| (tokens, Provenance::Reported);
        let (input, output) = match (self.input, self.output, self.total) {
            (Some(input), Some(output), _) => (reported(input), reported(output)),
            (Some(input), None, Some(total)) if total >= input => (reported(input), reported(total - input)),
            (None, Some(output), Some(total)) if total >= output => (reported(total - output), reported(output)),
            (Some(input), None, _) => (reported(input), (output, from)),
            (None, Some(output), _) => ((input, from), reported(output)),
            (None, None, Some(total)) => ((total.saturating_sub(output), from), (output.min(total), from)),
            (None, None, None) => ((input, from), (output, from)),
        };
        Tokens {
            input: input.0,
            output: output.0,
            cached_input: self.cached_input.unwrap_or(0).min(input.0),
            reasoning: self.reasoning.unwrap_or(0).min(output.0),
            input_from: input.1,
            output_from: output.1,
        }
    }
}
