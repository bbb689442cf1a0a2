//! What an outage cost: who failed, who waited, how many at once.

use std::fmt;
use std::time::Duration;

use crate::bar::Bar;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountedRequest {
    /// After the start.
    pub(super) due: Duration,
    pub(super) took: Duration,
    pub(super) good: bool,
    /// The provider that answered; empty if none did.
    pub(super) upstream: String,
}

/// All of them, and when the first target was out.
#[derive(Debug)]
pub(super) struct Accounts {
    asked: Vec<CountedRequest>,
    from: Duration,
    until: Duration,
    /// Who took longer has waited.
    long: Duration,
}

/// Time that a line of the table stands for.
const STEP: Duration = Duration::from_secs(5);

impl Accounts {
    pub(super) fn new(mut asked: Vec<CountedRequest>, from: Duration, until: Duration, long: Duration) -> Self {
        asked.sort_by_key(|one| one.due);
        Self { asked, from, until, long }
    }

    fn within(&self, from: Duration, until: Duration) -> impl Iterator<Item = &CountedRequest> {
        self.asked.iter().filter(move |one| one.due >= from && one.due < until)
    }

    fn out(&self) -> impl Iterator<Item = &CountedRequest> {
        self.within(self.from, self.until)
    }

    fn waited(&self, one: &CountedRequest) -> bool {
        one.took >= self.long
    }

    /// The share of the outage's requests that failed, in per cent.
    fn failed_share(&self) -> f64 {
        share(self.out().filter(|one| !one.good).count(), self.out().count())
    }

    /// Of the requests that waited and were sent from `after` on, the most that waited at one time.
    fn most_waiting(&self, after: Duration) -> usize {
        let waiting: Vec<_> = self.within(after, self.until).filter(|one| self.waited(one)).collect();
        let waits_at =
            |then: Duration| waiting.iter().filter(|one| one.due <= then && one.due + one.took > then).count();
        waiting.iter().map(|one| waits_at(one.due)).max().unwrap_or(0)
    }

    /// At most 15 of 100 fail, of an outage that is eight times as long as the deadline.
    pub(super) fn failed_bar(&self) -> Bar {
        let waited = self.out().filter(|one| self.waited(one)).count();
        Bar::most("first target hangs: failed requests", self.failed_share(), "%", 15.0).with(format!(
            "{waited} of {} waited longer than {:?}",
            self.out().count(),
            self.long
        ))
    }

    /// After the first window one request at a time waits.
    pub(super) fn waiting_bar(&self, window: Duration) -> Bar {
        let after = self.from + window + Duration::from_millis(500);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let most = self.most_waiting(after) as f64;
        let waited = self.within(after, self.until).filter(|one| self.waited(one)).count();
        let failed = self.failed_share();
        Bar::most("first target answers no SYN: waiting at one time, after the first window", most, "", 1.0)
            .with(format!("{waited} waited in all after it, {failed:.1} % of the outage's failed"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

impl fmt::Display for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = ["from", "requests", "failed", "waited", "p50 ms", "p99 ms", "of the first"];
        let [from, requests, failed, waited, p50, p99, first] = words;
        writeln!(f, "{from:>6} {requests:>9} {failed:>7} {waited:>7} {p50:>9} {p99:>9} {first:>13}")?;
        let mut at = Duration::ZERO;
        while self.asked.last().is_some_and(|last| at <= last.due) {
            let these: Vec<_> = self.within(at, at + STEP).collect();
            let count = |what: &dyn Fn(&CountedRequest) -> bool| these.iter().filter(|one| what(one)).count();
            let mut times: Vec<_> = these.iter().map(|one| one.took.as_secs_f64() * 1e3).collect();
            times.sort_by(f64::total_cmp);
            let quantile = |hundredths: usize| times.get(times.len() * hundredths / 100).copied().unwrap_or(0.0);
            writeln!(
                f,
                "{:>5}s {:>9} {:>7} {:>7} {:>9.1} {:>9.1} {:>13}",
                at.as_secs(),
                these.len(),
                count(&|one| !one.good),
                count(&|one| self.waited(one)),
                quantile(50),
                quantile(99),
                count(&|one| one.upstream == "one"),
            )?;
            at += STEP;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(due: u64, took: u64, good: bool) -> CountedRequest {
        let millis = Duration::from_millis;
        CountedRequest { due: millis(due), took: millis(took), good, upstream: "one".to_owned() }
    }

    fn accounts(asked: Vec<CountedRequest>) -> Accounts {
        Accounts::new(asked, Duration::from_secs(1), Duration::from_secs(9), Duration::from_secs(2))
    }

    #[test]
    fn only_requests_of_the_outage_count_as_its_failures() {
        let list = vec![asked(0, 1, false), asked(1_000, 1, false), asked(2_000, 1, true), asked(9_000, 1, false)];
        assert!((accounts(list).failed_share() - 50.0).abs() < 1e-9);
        let bar = accounts((0..100).map(|n| asked(1_000 + n, 1, n >= 15)).collect()).failed_bar();
        assert!(bar.is_met(), "fifteen of a hundred: {bar:?}");
        let bar = accounts((0..100).map(|n| asked(1_000 + n, 1, n >= 16)).collect()).failed_bar();
        assert!(!bar.is_met(), "sixteen: {bar:?}");
    }

    #[test]
    fn who_waits_one_after_the_other_is_told_from_who_waits_at_once() {
        let window = Duration::from_secs(2);
        let probes = vec![
            asked(1_500, 5_000, true),
            asked(1_600, 5_000, true),
            asked(4_000, 2_000, true),
            asked(6_100, 2_000, true),
        ];
        assert!(accounts(probes).waiting_bar(window).is_met(), "the first window is not held against it");
        let crowd = vec![asked(4_000, 2_000, true), asked(5_999, 2_000, true)];
        assert!(!accounts(crowd).waiting_bar(window).is_met());
    }
}
