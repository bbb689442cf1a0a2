//! How long somebody waits for what is short: for what others use as long as it may, and for what nobody uses until every
//! worker has given up its own.

use super::{AskRound, Short, TenantShare};
use std::time::Duration;
use tokio::time::Instant;

/// How soon one who waits looks again, at first and at last; after twice as long each time. Places and memory come free on
/// other threads, which tell nobody: a flood of those that wait would be a flood of wakes.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(32)];
/// So long a worker is waited for that does not answer, or leaves what it has to those who have just used it.
const ANSWER: Duration = Duration::from_secs(1);

/// One wait, however many looks it takes.
#[derive(Debug)]
pub(crate) struct ShareWait {
    until: Instant,
    /// It ends then, whoever has not answered.
    latest: Instant,
    pause: Duration,
    /// When the workers were asked last.
    round: Option<AskRound>,
}

impl ShareWait {
    /// Begins to wait, for so long where there is nothing that idle instances have.
    pub(crate) fn begin(wait: Duration) -> Self {
        let (now, [pause, _]) = (Instant::now(), LOOK_AGAIN);
        Self { until: now + wait, latest: now + wait.max(ANSWER), pause, round: None }
    }

    /// It has been looked and this was short: none if that is a bound of the pool's own, and no idle instance is in the way.
    /// Says until when to wait before the next look; nothing if the wait is over.
    pub(crate) fn next(&mut self, account: &TenantShare, short: Option<Short>) -> Option<Instant> {
        let now = Instant::now();
        let Some(short) = short else { return (now < self.until).then_some(self.until) };
        let asked = account.press(short);
        let round = *self.round.get_or_insert(asked);
        let ended = account.answer(round, short);
        if ended.is_some() {
            self.round = Some(asked);
        }
        // Where something was given up it was not enough by itself, and may be with what comes next.
        let is_all_given = ended == Some(false);
        if now >= self.latest || (now >= self.until && is_all_given) {
            return None;
        }
        let ([_, longest], look) = (LOOK_AGAIN, now + self.pause);
        self.pause = (self.pause * 2).min(longest);
        Some(if now < self.until { look.min(self.until) } else { look })
    }
}
