use proptest::prelude::*;

use super::{Sieve, beyond};
use crate::normal::{self, Normal};

fn sieve(phrases: &[&str]) -> Option<Sieve> {
    Sieve::new(&phrases.iter().map(|phrase| (*phrase).to_owned()).collect::<Vec<_>>())
}

fn places(sieve: &Sieve, text: &str) -> Vec<usize> {
    let next = |from: usize| sieve.next(text, from);
    std::iter::successors(next(0), |place| next(place + 1)).collect()
}

#[test]
fn every_character_that_is_read_as_ascii_is_known_to_hide_something() {
    for c in '\u{80}'..=char::MAX {
        let read: String = Normal::of(c.encode_utf8(&mut [0; 4])).collect();
        let ascii = read.is_empty() || read.chars().any(|c| c.is_ascii() && c != ' ');
        assert_eq!(normal::hides(c), ascii, "{c:?} is read as {read:?}");
    }
}

#[test]
fn pieces_are_found_in_either_case_at_every_place() {
    let sieve = sieve(&["ignore previous", "reveal", "the alphabet"]).unwrap();
    for before in 0..20 {
        for piece in ["previous", "PREVIOUS", "reveal", "Alphabet"] {
            let text = format!("{}{piece}", "-".repeat(before));
            assert_eq!(places(&sieve, &text), [before], "{text}");
        }
    }
    assert_eq!(places(&sieve, "revealrevealreveaLrevea previ"), [0, 6, 12]);
}

#[test]
fn phrases_too_short_for_steps_have_no_sieve() {
    for phrases in [&["x"][..], &["ab cd"], &["ignore this", "rm"]] {
        assert!(sieve(phrases).is_none(), "{phrases:?}");
    }
}

#[test]
fn a_phrase_beyond_ascii_is_no_reason_to_walk_over_ascii() {
    let mixed = sieve(&["忽略", "ignore this"]).unwrap();
    assert!(mixed.is_for("plain text"));
    assert!(!mixed.is_for("plain text – almost"));
    let plain = sieve(&["ignore this", "naïve approach"]).unwrap();
    assert!(plain.is_for("plain text – almost"));
    for hiding in ["ig\u{ad}nore", "ｉgnore", "\u{212a}", "plain text with – \u{200b} in it"] {
        assert!(!plain.is_for(hiding), "{hiding:?}");
    }
}

proptest! {
    #[test]
    fn no_place_is_stepped_over(
        pieces in prop::collection::vec("[abc]{3,20}", 1..5),
        text in "[abcABC]{0,60}|[abc é!]{0,60}|[a-c ]{0,250}",
    ) {
        let sieve = Sieve::new(&pieces).unwrap();
        let length = pieces.iter().map(String::len).min().unwrap().min(super::LONGEST);
        let folded = text.to_ascii_lowercase();
        let expected: Vec<usize> = (0..text.len())
            .filter(|at| pieces.iter().any(|piece| folded.as_bytes().get(*at..).unwrap().starts_with(piece.as_bytes().get(..length).unwrap())))
            .collect();
        prop_assert_eq!(places(&sieve, &text), expected);
    }

    #[test]
    fn no_piece_is_passed_over_in_a_long_text(
        pieces in prop::collection::vec("[a-z0-9]{3,20}", 1..12),
        parts in prop::collection::vec(("[a-zA-Z ,.é]{0,90}", any::<prop::sample::Index>(), any::<bool>()), 1..5),
    ) {
        let text: String = parts
            .iter()
            .map(|(before, which, upper)| {
                let piece = which.get(&pieces);
                before.clone() + &if *upper { piece.to_ascii_uppercase() } else { piece.clone() }
            })
            .collect();
        let sieve = Sieve::new(&pieces).unwrap();
        let stepped = |from: usize| sieve.step(text.as_bytes(), from);
        let expected: Vec<usize> = std::iter::successors(stepped(0), |place| stepped(place + 1)).collect();
        prop_assert!(expected.len() >= parts.len());
        prop_assert_eq!(places(&sieve, &text), expected);
    }

    #[test]
    fn a_byte_beyond_ascii_is_found_in_a_long_text(before in 0usize..200, c in "[é漢]?", after in 0usize..200) {
        let text = format!("{}{c}{}", "x".repeat(before), "y".repeat(after));
        prop_assert_eq!(beyond(text.as_bytes(), 0), (!c.is_empty()).then_some(before));
    }

    #[test]
    fn the_first_byte_beyond_ascii_is_found_from_anywhere(text in "[a-z]{0,40}[é漢]?[a-zé]{0,20}", from in 0usize..70) {
        let expected = text.bytes().enumerate().skip(from).find(|(_, byte)| !byte.is_ascii()).map(|(at, _)| at);
        prop_assert_eq!(beyond(text.as_bytes(), from), expected);
    }
}
