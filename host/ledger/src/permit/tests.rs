use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::*;
use crate::ledger::{Account, Ledger};
use crate::tally::{ByReason, Sum};

const PRICE: Price = Price { input_micro: 1_000_000, output_micro: 2_000_000 };

fn account() -> Account {
    Ledger::new(1).account("acme", "m", "p")
}

fn open(account: &Account) -> Permit {
    account.permit(PRICE)
}

fn reported(input: u64, output: u64) -> Usage {
    Usage { input: Some(input), output: Some(output), ..Usage::default() }
}

#[test]
fn close_records_what_it_was_given_and_says_what_it_cost() {
    let account = account();
    let tally = account.tally();
    let mut entry = open(&account);
    entry.progress(1_000);
    entry.report(reported(3, 4));
    let closed = entry.close(EndReason::Completed);
    let from = Provenance::Reported;
    let tokens = Tokens { input: 3, output: 4, input_from: from, output_from: from, ..Tokens::default() };
    assert_eq!((closed, tally.cost_micro_usd()), (tokens, 11));
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
    let tally: &LedgerSums = account.tally();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _entry = open(&account);
        panic!("as a bug in the relay would");
    }));
    assert!(caught.is_err());
    assert_eq!((tally.opened(), tally.reasons().client_gone), (1, 1));
}

#[test]
fn what_is_known_by_half_is_completed_and_says_so() {
    use Provenance::{Estimated, Reported};
    let some = |input: Option<u64>, output: Option<u64>, total: Option<u64>| Usage {
        input,
        output,
        total,
        ..Usage::default()
    };
    // Asked with 10 tokens, answered with 8 bytes: an estimate of 10 and 2.
    for (report, input, output) in [
        (some(None, None, None), (10, Estimated), (2, Estimated)),
        (some(Some(7), None, None), (7, Reported), (2, Estimated)),
        (some(None, Some(5), None), (10, Estimated), (5, Reported)),
        (some(Some(7), Some(5), None), (7, Reported), (5, Reported)),
        (some(Some(7), Some(5), Some(99)), (7, Reported), (5, Reported)),
        (some(Some(7), None, Some(9)), (7, Reported), (2, Reported)),
        (some(Some(7), None, Some(3)), (7, Reported), (2, Estimated)),
        (some(None, Some(5), Some(9)), (4, Reported), (5, Reported)),
        (some(None, Some(5), Some(3)), (10, Estimated), (5, Reported)),
        (some(None, None, Some(9)), (7, Estimated), (2, Estimated)),
        (some(None, None, Some(1)), (0, Estimated), (1, Estimated)),
        (some(Some(0), Some(0), None), (0, Reported), (0, Reported)),
    ] {
        let account = account();
        let mut entry = open(&account);
        entry.asked(10);
        entry.progress(8);
        entry.report(report);
        let tokens = entry.close(EndReason::Completed);
        let found = ((tokens.input, tokens.input_from), (tokens.output, tokens.output_from));
        assert_eq!(found, (input, output), "{report:?}");
        let whole = if input.1 == output.1 { input.1 } else { Estimated };
        assert_eq!(tokens.provenance(), whole, "{report:?}");
        let sums = account.tally().tokens();
        assert_eq!((sums.of(whole).entries, sums.partial), (1, Sum::default()), "{report:?}");
        assert_eq!(sums.reported.input + sums.estimated.input, input.0);
        assert_eq!(sums.of(output.1).output, output.0);
    }
}

#[test]
fn a_part_is_never_more_than_its_whole_and_a_later_report_takes_nothing_back() {
    let mut entry = open(&account());
    entry.report(Usage { cached_input: Some(900), reasoning: Some(u64::MAX), ..reported(7, 5) });
    let tokens = entry.seen(true);
    assert_eq!((tokens.cached_input, tokens.reasoning), (7, 5));
    entry.report(Usage { output: Some(6), ..Usage::default() });
    let tokens = entry.seen(true);
    assert_eq!((tokens.input, tokens.output, tokens.cached_input, tokens.reasoning), (7, 6, 7, 6));
    assert_eq!(tokens.provenance(), Provenance::Reported);
}

#[test]
fn an_entry_that_is_void_costs_nothing_whatever_was_seen() {
    let account = account();
    let mut entry = open(&account);
    entry.asked(10);
    entry.progress(5);
    entry.report(reported(7, 8));
    entry.void();
    let sums = account.tally().tokens();
    assert_eq!((sums.none, account.tally().cost_micro_usd()), (Sum { entries: 1, ..Sum::default() }, 0));
    assert_eq!((sums.reported, sums.partial, sums.estimated), Default::default());
    assert_eq!(account.tally().reasons().upstream_failed, 1);
}

#[test]
fn progress_saturates() {
    let mut entry = open(&account());
    entry.progress(u64::MAX);
    entry.progress(u64::MAX);
    assert_eq!(entry.seen(false).output, estimate_tokens(u64::MAX));
}

#[derive(Debug, Clone)]
enum Step {
    Open,
    Asked(usize, u64),
    Progress(usize, u64),
    Report(usize, u64),
    Close(usize, EndReason),
    Drop(usize),
    Forward(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let reason = prop_oneof![
        Just(EndReason::Completed),
        Just(EndReason::ClientGone),
        Just(EndReason::UpstreamFailed),
        Just(EndReason::GatewayFailed),
        Just(EndReason::PluginRefused)
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
        let (mut open_now, mut opened, mut tokens) = (Vec::<Permit>::new(), 0u64, 0u64);
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
                    let closed = entry.close(reason);
                    tokens += closed.input + closed.output;
                },
                Step::Drop(i) => if let Some(i) = at(i) {
                    let entry = open_now.swap_remove(i);
                    tokens += entry.seen(false).input + entry.seen(false).output;
                    drop(entry);
                },
                // Moving an entry on, as a body that owns it is moved, closes nothing.
                Step::Forward(i) => if let Some(i) = at(i) {
                    let entry = open_now.swap_remove(i);
                    open_now.push(entry);
                },
            }
            let reasons = tally.reasons();
            let closed = closed_of(&reasons);
            prop_assert_eq!(closed + open_now.len() as u64, opened);
            prop_assert_eq!(tally.opened(), opened);
        }
        tokens += open_now.iter().map(|entry| entry.seen(false).input + entry.seen(false).output).sum::<u64>();
        drop(open_now);
        let (sums, reasons) = (tally.tokens(), tally.reasons());
        let of = |sum: Sum| sum.input + sum.output;
        prop_assert_eq!(of(sums.reported) + of(sums.partial) + of(sums.estimated), tokens);
        prop_assert_eq!(sums.reported.entries + sums.partial.entries + sums.estimated.entries, opened);
        prop_assert_eq!(closed_of(&reasons), opened);
    }
}

fn closed_of(reasons: &ByReason<u64>) -> u64 {
    let ByReason { completed, client_gone, upstream_failed, gateway_failed, plugin_refused } = reasons;
    completed + client_gone + upstream_failed + gateway_failed + plugin_refused
}
