use proptest::prelude::*;

use super::{any, next};

fn plainly(text: &str, from: usize) -> Option<usize> {
    text.as_bytes()
        .iter()
        .enumerate()
        .skip(from)
        .find(|(_, byte)| byte.is_ascii_digit() || **byte == b'@')
        .map(|(at, _)| at)
}

#[test]
fn every_byte_is_told_right_at_every_place() {
    for c in ('\0'..='\u{3ff}').chain(['漢', '😀', '\u{ffff}', '\u{10ffff}']) {
        for before in 0..40 {
            let text = format!("{}{c}{}", "é".repeat(before / 2) + &"x".repeat(before % 2), " ".repeat(20));
            assert_eq!(next(&text, 0), plainly(&text, 0), "{text:?}");
            assert_eq!(any(&text), plainly(&text, 0).is_some(), "{text:?}");
        }
    }
}

#[test]
fn past_the_end_there_is_nothing() {
    assert_eq!((next("", 0), next("1", 1), next("1", 2)), (None, None, None));
}

proptest! {
    #[test]
    fn the_first_mark_is_found_from_anywhere(text in "[ -~é漢]{0,60}|[a-z ]{0,60}[0-9@]?[a-z ]{0,20}", from in 0usize..70) {
        prop_assert_eq!(next(&text, from), plainly(&text, from));
    }

    #[test]
    fn a_mark_is_seen_wherever_it_is_in_a_short_text(text in "[a-zé漢 ]{0,18}[0-9@/:?A`]?[a-zé漢 ]{0,18}") {
        prop_assert_eq!(any(&text), plainly(&text, 0).is_some());
    }

    #[test]
    fn a_mark_is_seen_in_long_texts(before in 0usize..200, mark in "[0-9@:/é]?", after in 0usize..200) {
        let text = format!("{}{mark}{}", "x".repeat(before), "y".repeat(after));
        prop_assert_eq!(next(&text, 0), plainly(&text, 0));
    }
}
