//! Attempts at a provider that has several keys, with one that it may take in place of one that it did not.

use weir_upstream::{RetryBudget, Ticket};

/// What attempts with further keys are made from.
pub(super) struct FurtherAttempts<'a> {
    /// How many of all attempts are kept for others.
    kept: usize,
    /// How many a request has; each made here is one of them.
    all: &'a mut usize,
    budget: &'a RetryBudget,
    /// Whether any was made.
    pub(super) made: bool,
}

impl<'a> FurtherAttempts<'a> {
    /// From what a request has beside those that it has made, and one for each target that was not asked yet.
    pub(super) fn beside(kept: usize, all: &'a mut usize, budget: &'a RetryBudget) -> Self {
        Self { kept, all, budget, made: false }
    }

    /// Whether another one may be made now, with the key that its ticket has then.
    pub(super) fn may_be_made(&mut self, ticket: &mut Ticket) -> bool {
        let may = *self.all > self.kept && ticket.take_other_key(|| self.budget.withdraw());
        *self.all -= usize::from(may);
        self.made |= may;
        may
    }
}
