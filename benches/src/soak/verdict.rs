//! What a soak is judged by: one line for each promise, with what was seen.

use std::fmt;

use super::clients::Filled;
use super::memory::{Trend, is_flat, mib};
use super::setup::CONCURRENCY;
use super::tally::{OutcomeKey, SoakTally, counted};
use crate::metrics::Scrape;
use crate::provider::FakeProvider;
use crate::stamp::Numbers;

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PromiseLine {
    what: &'static str,
    seen: String,
    pub(super) kept: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct SoakVerdict {
    pub(super) lines: Vec<PromiseLine>,
}

impl SoakVerdict {
    pub(super) fn say(&mut self, what: &'static str, kept: bool, seen: String) {
        self.lines.push(PromiseLine { what, seen, kept });
    }

    pub(super) fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.kept)
    }

    /// Every request once, by status and by the end of its body.
    pub(super) fn counting(&mut self, tally: &SoakTally, metrics: &Scrape) -> String {
        let (cells, told) = counted(metrics);
        self.say(
            "counters tell how bodies ended",
            told,
            if told { "they do" } else { "weir_requests_total has no label for it" }.to_owned(),
        );
        let flat = tally.without_ends();
        let tally = if told { tally } else { &flat };
        let off = tally.against(&cells);
        let seen = if off.is_empty() { format!("{} requests", tally.requests) } else { off.join("; ") };
        self.say("every request is counted once, as its client saw it", off.is_empty(), seen);
        table(tally, &cells)
    }

    /// Attempts, against what providers saw.
    pub(super) fn attempts(&mut self, tally: &SoakTally, metrics: &Scrape, providers: &[(&str, &FakeProvider)]) {
        let mut numbers = Numbers::default();
        providers.iter().for_each(|(_, provider)| numbers.join(&provider.numbers()));
        let (answered, foreign) = (tally.answered.len(), tally.answered.without(&numbers));
        let seen = format!("{answered} answers, {foreign} of them to requests that no provider saw");
        self.say("no answer without a provider", foreign == 0, seen);
        for (name, provider) in providers {
            let seen = provider.seen();
            let labels = [("provider", *name)];
            let moved = metrics.count("weir_upstream_recovered_total", &labels);
            let opened = metrics.count("weir_ledger_closed_total", &labels);
            let attempts = metrics.count("weir_upstream_attempts_total", &labels);
            // An entry is opened before the first byte goes out, and a client may leave in between.
            let gone = metrics.count("weir_ledger_closed_total", &[("provider", *name), ("reason", "client_gone")]);
            let (broken, most) = (provider.broken(), provider.most_attempts());
            // One that was moved from a stale connection is one entry, whether or not the provider had read it there.
            self.say(
                "what providers saw is in the ledger once",
                seen <= opened + moved && opened <= seen + moved + broken + gone,
                format!(
                    "{name}: {seen} whole requests seen and {broken} broken ones, {opened} ledger entries ({gone} of \
                     clients that left), {attempts} attempts (at most {most} for one), {moved} moved"
                ),
            );
        }
    }

    /// Seats and permits.
    pub(super) fn at_rest(&mut self, metrics: &Scrape, descriptors: (usize, usize)) {
        let gauges = ["weir_in_flight", "weir_connections", "weir_upstream_waiting"];
        for name in gauges {
            let left = metrics.count(name, &[]);
            self.say("nothing is held at the end", left == 0, format!("{name} {left}"));
        }
        let open = metrics.count("weir_upstream_connections", &[]);
        let idle = metrics.count("weir_upstream_connections_idle", &[]);
        let seen = format!("{open} upstream connections, {idle} of them idle");
        self.say("nothing is held at the end", open == idle, seen);
        let (before, after) = descriptors;
        let most = before + usize::try_from(open).unwrap_or_default() + 16;
        self.say("nothing is held at the end", after <= most, format!("descriptors {before} → {after}"));
    }

    pub(super) fn filled(&mut self, tenant: &'static str, filled: Filled) {
        let Filled { answered, one_more } = filled;
        let seen = format!(
            "{tenant}: {answered} of {CONCURRENCY} at once answered, one more gets {}",
            one_more.map_or_else(|| "nothing".to_owned(), |status| status.to_string())
        );
        let kept = answered == CONCURRENCY && one_more == Some(429);
        self.say("the whole limit of concurrency is free again", kept, seen);
    }

    /// Memory while the load ran, to be seen; and at rest after the warm-up and at the end, to be judged.
    pub(super) fn memory(&mut self, trend: Option<Trend>, rests: Option<(u64, u64)>) {
        let load = trend.map_or_else(String::new, |trend| {
            let Trend { median, most, slope } = trend;
            format!("; under load median {median:.1} MiB, most {most:.1}, slope {slope:+.1} in ten minutes")
        });
        let Some((first, last)) = rests else {
            return self.say("memory is flat", false, format!("the clients never rested{load}"));
        };
        let (before, after) = (mib(first), mib(last));
        let seen = format!("at rest {before:.1} MiB after the warm-up, {after:.1} at the end{load}");
        self.say("memory is flat", is_flat(first, last), seen);
    }
}

/// What was counted beside what clients saw.
fn table(tally: &SoakTally, cells: &std::collections::BTreeMap<OutcomeKey, u64>) -> String {
    let mut text = format!("{:<36} {:>9} {:>15}\n", "requests", "counted", "clients saw");
    for (cell, count) in cells {
        let (sure, unsure) = (tally.sure(cell), tally.unsure(cell));
        let saw = if unsure == 0 { sure.to_string() } else { format!("{sure} to {}", sure + unsure) };
        text.push_str(&format!("{:<36} {count:>9} {saw:>15}\n", cell.to_string()));
    }
    text
}

impl fmt::Display for SoakVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for PromiseLine { what, seen, kept } in &self.lines {
            writeln!(f, "{:<4} {what}: {seen}", if *kept { "ok" } else { "OFF" })?;
        }
        Ok(())
    }
}
