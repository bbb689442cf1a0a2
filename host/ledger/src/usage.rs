//! What a request is charged for, where that is known from, and why it ended.

use weir_usage::Usage;

/// Why an entry was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The response was relayed to its end.
    Completed,
    /// The client went away before the end.
    ClientGone,
    /// The upstream failed, stalled or broke off.
    UpstreamFailed,
    /// The gateway broke it off itself: it shut down, had no memory left for the answer, or failed.
    GatewayFailed,
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
    /// What a provider reported, completed where it said nothing by an estimate (input, output) from there. A part is never
    /// more than its whole.
    pub(crate) fn of(reported: &Usage, (input, output): (u64, u64), from: Provenance) -> Self {
        // Where only the sum is known, the estimates share it.
        let (input, output) = match *reported {
            Usage { input: None, output: None, total: Some(total), .. } => {
                (total.saturating_sub(output), output.min(total))
            }
            _ => (input, output),
        };
        let said = |half: Option<u64>, estimate| half.map_or((estimate, from), |tokens| (tokens, Provenance::Reported));
        let halves = reported.halves();
        let ((input, input_from), (output, output_from)) = (said(halves.0, input), said(halves.1, output));
        Self {
            input,
            output,
            cached_input: reported.cached_input.unwrap_or(0).min(input),
            reasoning: reported.reasoning.unwrap_or(0).min(output),
            input_from,
            output_from,
        }
    }

    /// Where the count as a whole comes from: if a half of it is an estimate, the whole is one.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.input_from.weaker(self.output_from)
    }
}
