//! Whether a new version on trial does as well as the old one: what both did over the same time, compared hook by hook.

use crate::meter::tally::{Counted, OfHook};
use std::time::Duration;
use weir_config::Canary;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Faults from which on a new version can be found worse: one or two happen to anybody.
const FAULTS: u64 = 3;
/// How much higher than the old version's the share of faults may be.
const MORE_FAULTS: f64 = 0.01;
/// Refusals of a hook from which on a new version can be found to refuse too much before its trial is over.
const REFUSALS: u64 = 3;
/// So many times the error that counting so few calls makes, a difference of two shares has to be more than the bound for a
/// trial to end early.
const ERRORS: f64 = 2.0;
/// How many times the old version's CPU time a call may cost, in the median, and by how much more at the least, in
/// microseconds: what costs next to nothing may double.
const MORE_CPU: f64 = 2.0;
const CPU_SLACK_US: f64 = 20.0;
/// Calls of a hook from which on its cost is compared, unless a trial asks for fewer.
const CPU_CALLS: u64 = 100;

/// What is to be done about a trial.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TrialVerdict {
    Wait,
    Promote,
    Back(String),
}

/// Compares the two versions: counts of the old one and the new one over the same time.
pub(super) fn judge(old: &Counted, new: &Counted, rules: Canary, passed: Duration) -> TrialVerdict {
    let over = new.requests() >= rules.calls && passed >= rules.lasts;
    let worse = too_many_faults(old, new)
        .or_else(|| too_many_refusals(old, new, rules.more_refusals, over))
        .or_else(|| too_costly(old, new, rules.calls));
    match worse {
        Some(why) => TrialVerdict::Back(why),
        None if over => TrialVerdict::Promote,
        None => TrialVerdict::Wait,
    }
}

/// The hooks of both versions side by side, by name.
fn hooks<'c>(old: &'c Counted, new: &'c Counted) -> impl Iterator<Item = (&'static str, &'c OfHook, &'c OfHook)> {
    old.each().zip(new.each()).map(|((hook, old), (_, new))| (hook.name(), old, new))
}

fn too_many_faults(old: &Counted, new: &Counted) -> Option<String> {
    if new.quarantines() > 0 {
        let worst = hooks(old, new).max_by_key(|(_, _, new)| new.faulted());
        let faults = worst.map(|(hook, old, new)| faulted(hook, old, new)).unwrap_or_default();
        return Some(format!("it went into quarantine: {faults}"));
    }
    if new.faulted() < FAULTS {
        return None;
    }
    let is_worse = |old: &OfHook, new: &OfHook| new.fault_rate() > old.fault_rate() + MORE_FAULTS;
    let (hook, old, new) = hooks(old, new).find(|(_, old, new)| is_worse(old, new))?;
    Some(faulted(hook, old, new))
}

fn faulted(hook: &str, old: &OfHook, new: &OfHook) -> String {
    let percent = |of: &OfHook| of.fault_rate() * 100.0;
    let reasons = crate::error::Fault::REASONS.iter().zip(&new.faults);
    let most = reasons.max_by_key(|(_, count)| **count).map_or("", |(reason, _)| reason);
    format!(
        "{} of its {} calls of `{hook}` faulted, most often by `{most}` ({:.1} %; {:.1} % of the old version's)",
        new.faulted(),
        new.answered() + new.faulted(),
        percent(new),
        percent(old)
    )
}

/// Whether it refuses what the old version passes. An old version that nobody called says nothing about that. Before the
/// trial is over a few refusals more may be chance.
fn too_many_refusals(old: &Counted, new: &Counted, bound: Option<u8>, over: bool) -> Option<String> {
    let bound = f64::from(bound?) / 100.0;
    let is_worse = |old: &OfHook, new: &OfHook| {
        let error = (error_squared(old) + error_squared(new)).sqrt();
        let (chance, least) = if over { (0.0, 1) } else { (ERRORS * error, REFUSALS) };
        new.refused >= least && old.answered() > 0 && new.refusal_rate() > old.refusal_rate() + bound + chance
    };
    let (hook, old, new) = hooks(old, new).find(|(_, old, new)| is_worse(old, new))?;
    Some(format!(
        "it refuses {:.1} % of the calls of `{hook}` ({} of {}), the old version {:.1} % (canary.more_refusals)",
        new.refusal_rate() * 100.0,
        new.refused,
        new.answered(),
        old.refusal_rate() * 100.0
    ))
}

/// The square of the standard error of a version's share of refusals.
fn error_squared(of: &OfHook) -> f64 {
    let rate = of.refusal_rate();
    rate * (1.0 - rate) / of.answered().max(1) as f64
}

/// Whether a call costs much more. An old version that nobody called says nothing about its cost.
fn too_costly(old: &Counted, new: &Counted, calls: u64) -> Option<String> {
    let least = CPU_CALLS.min(calls);
    hooks(old, new).filter(|(_, _, new)| new.answered() >= least).find_map(|(hook, old, new)| {
        let (was, is) = (old.cpu_p50_us()?, new.cpu_p50_us()?);
        let costly = is > was * MORE_CPU && is > was + CPU_SLACK_US;
        costly.then(|| format!("a call costs {is:.0} µs of CPU at `{hook}`; the old version's {was:.0} µs (medians)"))
    })
}
