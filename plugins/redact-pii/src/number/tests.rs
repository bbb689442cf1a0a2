use super::*;
use proptest::prelude::*;

/// Groups of digits as tables and numbers have them: short ones, many zeros and ones.
fn groups() -> impl Strategy<Value = Vec<(String, u8)>> {
    prop::collection::vec(("0|1|00|01|[0-9]{1,4}|[0-9]{5,12}", 0..3_u8), 1..11)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn what_is_given_up_early_is_no_number_however_it_goes_on(groups in groups(), plus: bool) {
        let gap = |gap: u8| [Gap::Space, Gap::Hyphen, Gap::Other][usize::from(gap)];
        let groups: Vec<Group<'_>> =
            groups.iter().map(|(digits, at)| Group { digits, gap: gap(*at), end: None }).collect();
        for count in 1..=groups.len() {
            let some = &groups[..count];
            if some.iter().map(|group| group.digits.len()).sum::<usize>() > MOST_DIGITS {
                break;
            }
            if !plus && card::is(some) || phone::is(plus, some) {
                prop_assert!(count <= MOST_GROUPS);
                prop_assert!((1..count).all(|count| goes_on(plus, &groups[..count])));
            }
        }
    }

    #[test]
    fn a_figure_is_no_number_however_it_goes_on(text in "(0|1|00|01|[0-9]{1,4})([ ,\n.)-]{1,2}(0|1|00|01|001|[0-9]{1,4}|[0-9]{5,12})){0,8}", last: bool) {
        let kinds = Kinds { email: true, phone: true, card: true, iban: true };
        if is_figure(&text) {
            prop_assert!(!matches!(read(&text, 0, kinds, last), Verdict::Is(_)));
        }
    }
}
