use proptest::prelude::*;

use super::*;

fn tokens(input: u64, output: u64) -> Tokens {
    let from = Provenance::Reported;
    Tokens { input, output, input_from: from, output_from: from, ..Tokens::default() }
}

fn price(input_micro: u64, output_micro: u64) -> Price {
    Price { input_micro, output_micro }
}

/// What an entry costs that is alone in its sums.
fn cost(tokens: &Tokens, price: Price) -> u64 {
    let sums = LedgerSums::default();
    sums.close(EndReason::Completed, tokens, price);
    sums.cost_micro_usd()
}

#[test]
fn a_million_tokens_cost_their_price() {
    let table = [
        // 2.50 USD and 10 USD per million
        (tokens(1_000_000, 0), price(2_500_000, 10_000_000), 2_500_000),
        (tokens(0, 1_000_000), price(2_500_000, 10_000_000), 10_000_000),
        (tokens(1_000, 500), price(2_500_000, 10_000_000), 7_500),
        (tokens(0, 0), price(2_500_000, 10_000_000), 0),
        (tokens(1_000, 1_000), price(0, 0), 0),
        // halves go up, less than a half goes away
        (tokens(1, 0), price(500_000, 0), 1),
        (tokens(1, 0), price(499_999, 0), 0),
        (tokens(3, 0), price(500_000, 0), 2),
        (tokens(u64::MAX, u64::MAX), price(u64::MAX, u64::MAX), u64::MAX),
    ];
    for (tokens, price, expected) in table {
        assert_eq!(cost(&tokens, price), expected, "{tokens:?} {price:?}");
    }
}

#[test]
fn small_costs_add_up_instead_of_being_rounded_away_one_by_one() {
    let tally = LedgerSums::default();
    for _ in 0..1_000 {
        assert_eq!(cost(&tokens(1, 0), price(150_000, 0)), 0);
        tally.close(EndReason::Completed, &tokens(1, 0), price(150_000, 0));
    }
    assert_eq!(tally.cost_micro_usd(), 150);
}

#[test]
fn a_count_that_a_provider_made_up_saturates_the_sum() {
    let tally = LedgerSums::default();
    for _ in 0..3 {
        tally.close(EndReason::Completed, &tokens(u64::MAX, 1), price(1, u64::MAX));
    }
    let sum = tally.tokens().reported;
    assert_eq!((sum.entries, sum.input, sum.output), (3, u64::MAX, 3));
    tally.close(EndReason::Completed, &tokens(u64::MAX, u64::MAX), price(u64::MAX, u64::MAX));
    assert_eq!(tally.cost_micro_usd(), u64::MAX);
}

#[test]
fn cached_input_and_reasoning_are_counted_but_not_priced_twice() {
    let with = Tokens { cached_input: 900, reasoning: 90, ..tokens(1_000, 100) };
    assert_eq!(cost(&with, price(7, 9)), cost(&tokens(1_000, 100), price(7, 9)));
    let tally = LedgerSums::default();
    tally.close(EndReason::Completed, &with, price(7, 9));
    assert_eq!((tally.tokens().reported.cached_input, tally.tokens().reported.reasoning), (900, 90));
}

proptest! {
    #[test]
    fn the_total_is_the_exact_sum_rounded_once(
        entries in prop::collection::vec((0..5_000_000u64, 0..5_000_000u64, 0..100_000_000u64, 0..100_000_000u64), 0..50),
    ) {
        let tally = LedgerSums::default();
        let mut exact = 0u128;
        for (input, output, input_micro, output_micro) in entries {
            tally.close(EndReason::Completed, &tokens(input, output), price(input_micro, output_micro));
            exact += u128::from(input) * u128::from(input_micro) + u128::from(output) * u128::from(output_micro);
        }
        prop_assert_eq!(u128::from(tally.cost_micro_usd()), (exact + 500_000) / 1_000_000);
    }
}
