use std::thread;

use weir_usage::Usage;

use super::*;
use crate::usage::{EndReason, Tokens};

const PRICE: Price = Price { input_micro: 150_000, output_micro: 600_000 };

/// Closes an entry whose provider reported so many tokens.
fn close(mut entry: Permit, input: u64, output: u64) -> Tokens {
    entry.report(Usage { input: Some(input), output: Some(output), ..Usage::default() });
    entry.close(EndReason::Completed)
}

fn open(ledger: &Ledger, tenant: &str, model: &str, provider: &str) -> Permit {
    ledger.account(tenant, model, provider).permit(PRICE)
}

#[test]
fn a_new_ledger_has_no_totals() {
    assert_eq!(Ledger::new(100).totals(), []);
}

#[test]
fn totals_are_kept_apart_by_tenant_model_and_provider_and_sorted() {
    let ledger = Ledger::new(100);
    for (tenant, model, provider) in
        [("zebra", "m", "p"), ("acme", "n", "p"), ("acme", "m", "q"), ("acme", "m", "p"), ("acme", "m", "p")]
    {
        let entry = open(&ledger, tenant, model, provider);
        let _closed = close(entry, 1, 1);
    }
    let seen: Vec<_> =
        ledger.totals().iter().map(|t| format!("{} {} {} {}", t.tenant, t.model, t.provider, t.opened)).collect();
    assert_eq!(seen, ["acme m p 2", "acme m q 1", "acme n p 1", "zebra m p 1"]);
}

#[test]
fn combinations_past_the_limit_share_a_total_for_each_provider_and_nothing_is_lost() {
    let ledger = Ledger::new(2);
    for (tenant, provider) in [("a", "p"), ("b", "p"), ("c", "p"), ("d", "q"), ("e", "p"), ("a", "p")] {
        let _closed = close(open(&ledger, tenant, "m", provider), 10, 1);
    }
    let seen: Vec<_> = ledger
        .totals()
        .iter()
        .map(|t| format!("{} {} {} {} {}", t.tenant, t.model, t.provider, t.opened, t.tokens.reported.input))
        .collect();
    assert_eq!(seen, ["a m p 2 20", "b m p 1 10", "other other p 2 20", "other other q 1 10"]);
    assert_eq!((ledger.kept(), ledger.beyond()), (2, 3));
}

#[test]
fn an_open_entry_is_in_the_total_as_opened_only() {
    let ledger = Ledger::new(100);
    let entry = open(&ledger, "acme", "m", "p");
    assert_eq!((ledger.totals()[0].opened, ledger.totals()[0].reasons), (1, ByReason::default()));
    drop(entry);
    assert_eq!(ledger.totals()[0].reasons.client_gone, 1);
}

#[test]
fn entries_of_one_total_may_have_different_prices() {
    let ledger = Ledger::new(100);
    let cost = || ledger.totals().iter().map(|total| total.cost_micro_usd).sum::<u64>();
    for output_micro in [1_000_000, 3_000_000] {
        let (entry, before) = (ledger.account("acme", "m", "p").permit(Price { input_micro: 0, output_micro }), cost());
        let _closed = close(entry, 9, 5);
        assert_eq!(cost() - before, 5 * output_micro / 1_000_000);
    }
    assert_eq!(ledger.totals()[0].cost_micro_usd, 20);
}

#[test]
fn totals_are_exact_under_threads_that_also_bring_new_names() {
    const THREADS: u64 = 4;
    const EACH: u64 = 2_000;
    let ledger = Ledger::new(100);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for i in 0..EACH {
                    let (tenant, model) = (format!("t{}", i % 3), format!("m{}", i % 5));
                    let entry = open(&ledger, &tenant, &model, if i % 2 == 0 { "p" } else { "q" });
                    if i % 7 == 0 {
                        drop(entry)
                    } else {
                        let _closed = close(entry, i, 1);
                    }
                }
            });
        }
    });
    let totals = ledger.totals();
    assert_eq!(totals.len(), 30);
    let sum = |of: fn(&LedgerTotal) -> u64| totals.iter().map(of).sum::<u64>();
    let closed = (0..EACH).filter(|i| i % 7 != 0);
    assert_eq!(sum(|t| t.opened), THREADS * EACH);
    assert_eq!(sum(|t| t.reasons.client_gone), THREADS * (EACH - closed.clone().count() as u64));
    assert_eq!(sum(|t| t.reasons.completed), THREADS * closed.clone().count() as u64);
    assert_eq!(sum(|t| t.tokens.reported.output), THREADS * closed.clone().count() as u64);
    assert_eq!(sum(|t| t.tokens.reported.input), THREADS * closed.sum::<u64>());
}
