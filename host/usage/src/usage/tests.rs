use super::*;

fn said(input: Option<u64>, output: Option<u64>, total: Option<u64>) -> Usage {
    Usage { input, output, total, ..Usage::default() }
}

#[test]
fn a_half_is_what_was_said_or_the_rest_of_a_total_that_the_other_fits_in() {
    for (usage, halves) in [
        (said(None, None, None), (None, None)),
        (said(Some(7), None, None), (Some(7), None)),
        (said(None, Some(5), None), (None, Some(5))),
        (said(Some(7), Some(5), None), (Some(7), Some(5))),
        // What was said of a half holds, whatever the total.
        (said(Some(7), Some(5), Some(99)), (Some(7), Some(5))),
        (said(Some(7), None, Some(9)), (Some(7), Some(2))),
        (said(Some(7), None, Some(7)), (Some(7), Some(0))),
        (said(Some(7), None, Some(3)), (Some(7), None)),
        (said(None, Some(5), Some(9)), (Some(4), Some(5))),
        (said(None, Some(5), Some(3)), (None, Some(5))),
        (said(None, None, Some(9)), (None, None)),
        (said(Some(0), Some(0), Some(0)), (Some(0), Some(0))),
    ] {
        assert_eq!(usage.halves(), halves, "{usage:?}");
        assert_eq!(usage.is_whole(), halves.0.is_some() && halves.1.is_some(), "{usage:?}");
    }
}

#[test]
fn a_later_report_wins_number_by_number_and_takes_nothing_back() {
    let first = Usage { cached_input: Some(3), reasoning: Some(2), ..said(Some(7), Some(5), Some(12)) };
    assert_eq!(first.then(Usage::default()), first);
    assert_eq!(Usage::default().then(first), first);
    let later = Usage { reasoning: Some(4), ..said(None, Some(6), None) };
    let both = Usage { cached_input: Some(3), reasoning: Some(4), ..said(Some(7), Some(6), Some(12)) };
    assert_eq!(first.then(later), both);
}
