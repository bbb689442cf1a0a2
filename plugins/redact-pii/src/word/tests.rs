use proptest::prelude::*;

use super::{last, letters};
use crate::chars;

/// The same, character by character: none too for what the quick look leaves to others.
fn plainly(text: &str) -> Option<(usize, Option<char>)> {
    let count = text.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let before = text.get(..text.len() - count).unwrap().chars().next_back();
    let seen = count < 8 && before.is_none_or(|c| c.is_ascii() && !chars::in_run(c));
    seen.then_some((count, before))
}

#[test]
fn every_character_before_letters_is_told_right() {
    for c in ('\0'..='\u{3ff}').chain(['漢', '😀', '\u{ffff}', '\u{10ffff}']) {
        for after in 0..10 {
            for text in [format!("{c}{}", "aZ".repeat(5).get(..after).unwrap()), format!(" {c}{}", "z".repeat(after))] {
                assert_eq!(letters(&text), plainly(&text), "{text:?}");
            }
        }
    }
}

#[test]
fn every_byte_is_at_its_place_in_the_last_word() {
    for length in 0..20u8 {
        let bytes: Vec<u8> = (1..=length).collect();
        let mut expected = [0; 8];
        for (byte, slot) in bytes.iter().rev().zip(expected.iter_mut().rev()) {
            *slot = *byte;
        }
        assert_eq!(last(&bytes).to_le_bytes(), expected);
    }
}

proptest! {
    #[test]
    fn the_letters_at_the_end_are_told_right(text in "\\PC{0,4}[ (.@a-zA-Z1é]{0,9}[a-zA-Z]{0,10}") {
        prop_assert_eq!(letters(&text), plainly(&text));
    }
}
