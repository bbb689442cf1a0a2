use proptest::prelude::*;
use weir_plugin::StreamEvent;

use super::open;
use crate::chars::{self, LONGEST_RUN};
use crate::kinds::Kinds;

/// The same, character by character.
fn plainly(kinds: Kinds, events: &[StreamEvent]) -> Option<usize> {
    let mut held = None;
    let mut length = 0;
    let mut opens = kinds.card || kinds.phone;
    for (index, event) in events.iter().enumerate().rev() {
        for c in event.text.chars().rev() {
            if !chars::in_run(c) {
                return if c == '(' && opens { Some(index) } else { held };
            }
            held = Some(index);
            length += 1;
            opens &= c == '+' && length == 1;
            if length == LONGEST_RUN {
                return held;
            }
        }
    }
    held
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_held_is_what_a_walk_over_every_character_holds(
        texts in prop::collection::vec("|[ (+.a-zA-Z@é漢\u{ff21}\u{200b}\u{a0}\t-]{0,4}[a-zA-Z]{0,9}|[a-z]{7,30}", 0..8),
        email: bool, phone: bool, card: bool, iban: bool,
    ) {
        let kinds = Kinds { email, phone, card, iban };
        let events: Vec<_> = texts.into_iter().map(|text| StreamEvent { choice: 0, text }).collect();
        prop_assert_eq!(open(kinds, &events), plainly(kinds, &events));
    }
}
