use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::*;
use crate::ledger::{Account, Ledger};
use crate::tally::{ByReason, Sum};

const PRICE: Price = Price { input_micro: 1_000_000, output_micro: 2_000_000 };

fn account() -> Account {
    Ledger::new(1).account("acme", "m", "p")
}

fn open(account: &Account) -> Entry {
    account.open(PRICE)
}

fn reported(input: u64, output: u64) -> Tokens {
    Tokens { input, output, provenance: Provenance::Reported, ..Tokens::default() }
}

#[test]
fn close_records_what_it_was_given_and_says_what_it_cost() {
    let account = account();
    let tally = account.tally();
    let mut entry = open(&account);
    entry.progress(1_000);
    let closed = entry.close(Reason::Completed, reported(3, 4));
    assert_eq!(closed, Closed { reason: Reason::Completed, tokens: reported(3, 4), cost_micro_usd: 11 });
    assert_eq!(tally.reasons(), ByReason { completed: 1, ..ByReason::default() });
    assert_eq!(tally.tokens().reported, Sum { entries: 1, input: 3, output: 4, ..Sum::default() });
    assert_eq!(tally.tokens().partial, Sum::default());
}

#[test]
fn a_dropped_entry_is_a_client_gone_with_what_was_seen() {
    let account = account();
    let tally = account.tally();
    let mut entry = open(&account);
    entry.asked(10);
    entry.progress(5);
    entry.progress(4);
    drop(entry);
    assert_eq!(tally.reasons(), ByReason { client_gone: 1, ..ByReason::default() });
    assert_eq!(tally.tokens().partial, Sum { entries: 1, input: 10, output: 3, ..Sum::default() });
    assert_eq!(tally.cost_micro_usd(), 16);
}

#[test]
fn a_client_that_leaves_after_the_report_is_charged_what_was_reported() {
    let account = account();
    let tally = account.tally();
    let mut entry = open(&account);
    entry.asked(10);
    entry.report(reported(7, 8));
    entry.progress(400);
    drop(entry);
    assert_eq!(tally.tokens().reported, Sum { entries: 1, input: 7, output: 8, ..Sum::default() });
    assert_eq!(tally.tokens().partial, Sum::default());
}

#[test]
fn a_panic_while_the_entry_is_open_closes_it() {
    let account = account();
    let tally: &Tally = account.tally();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _entry = open(&account);
        panic!("as a bug in the relay would");
    }));
    assert!(caught.is_err());
    assert_eq!((tally.opened(), tally.reasons().client_gone), (1, 1));
}

#[test]
fn progress_saturates() {
    let mut entry = open(&account());
    entry.progress(u64::MAX);
    entry.progress(u64::MAX);
    assert_eq!(entry.seen().output, u64::MAX.div_ceil(BYTES_PER_TOKEN));
}

#[derive(Debug, Clone)]
enum Step {
    Open,
    Asked(usize, u64),
    Progress(usize, u64),
    Report(usize, u64),
    Close(usize, Reason),
    Drop(usize),
    Forward(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let reason = prop_oneof![
        Just(Reason::Completed),
        Just(Reason::ClientGone),
        Just(Reason::UpstreamFailed),
        Just(Reason::PluginRefused)
    ];
    prop_oneof![
        3 => Just(Step::Open),
        1 => (any::<usize>(), 0..1_000u64).prop_map(|(at, n)| Step::Asked(at, n)),
        2 => (any::<usize>(), 0..1_000u64).prop_map(|(at, n)| Step::Progress(at, n)),
        1 => (any::<usize>(), 0..1_000u64).prop_map(|(at, n)| Step::Report(at, n)),
        2 => (any::<usize>(), reason).prop_map(|(at, reason)| Step::Close(at, reason)),
        1 => any::<usize>().prop_map(Step::Drop),
        1 => any::<usize>().prop_map(Step::Forward),
    ]
}

proptest! {
    /// Whatever happens to entries and in whichever order, each is closed once, and nothing else is counted.
    #[test]
    fn every_open_has_exactly_one_close(steps in prop::collection::vec(step(), 0..200)) {
        let account = account();
        let tally = account.tally();
        let (mut open_now, mut opened, mut tokens) = (Vec::<Entry>::new(), 0u64, 0u64);
        for step in steps {
            let count = open_now.len();
            let at = |at: usize| (count > 0).then(|| at % count.max(1));
            match step {
                Step::Open => { open_now.push(open(&account)); opened += 1; }
                Step::Asked(i, n) => if let Some(i) = at(i) { open_now[i].asked(n) },
                Step::Progress(i, n) => if let Some(i) = at(i) { open_now[i].progress(n) },
                Step::Report(i, n) => if let Some(i) = at(i) { open_now[i].report(reported(n, n)) },
                Step::Close(i, reason) => if let Some(i) = at(i) {
                    let entry = open_now.swap_remove(i);
                    let seen = entry.seen();
                    tokens += seen.input + seen.output;
                    let _closed = entry.close(reason, seen);
                },
                Step::Drop(i) => if let Some(i) = at(i) {
                    let entry = open_now.swap_remove(i);
                    tokens += entry.seen().input + entry.seen().output;
                    drop(entry);
                },
                // Moving an entry on, as a body that owns it is moved, closes nothing.
                Step::Forward(i) => if let Some(i) = at(i) {
                    let entry = open_now.swap_remove(i);
                    open_now.push(entry);
                },
            }
            let reasons = tally.reasons();
            let closed = reasons.completed + reasons.client_gone + reasons.upstream_failed + reasons.plugin_refused;
            prop_assert_eq!(closed + open_now.len() as u64, opened);
            prop_assert_eq!(tally.opened(), opened);
        }
        tokens += open_now.iter().map(|entry| entry.seen().input + entry.seen().output).sum::<u64>();
        drop(open_now);
        let (sums, reasons) = (tally.tokens(), tally.reasons());
        let of = |sum: Sum| sum.input + sum.output;
        prop_assert_eq!(of(sums.reported) + of(sums.partial), tokens);
        prop_assert_eq!(sums.reported.entries + sums.partial.entries, opened);
        prop_assert_eq!(reasons.completed + reasons.client_gone + reasons.upstream_failed + reasons.plugin_refused, opened);
    }
}
