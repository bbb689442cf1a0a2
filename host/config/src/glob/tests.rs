use proptest::prelude::*;

use super::{fault, glob};

#[test]
fn a_star_stands_for_any_run_and_the_rest_for_itself() {
    let table = [
        ("*", "", true),
        ("*", "gpt-4o", true),
        ("gpt-*", "gpt-", true),
        ("gpt-*", "gpt-4o", true),
        ("gpt-*", "xgpt-4o", false),
        ("*-mini", "gpt-4o-mini", true),
        ("*-mini", "gpt-4o-mini-2", false),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "abbbc", true),
        ("a*b*c", "acb", false),
        ("*ab", "aab", true),
        ("gpt-4o", "gpt-4o", true),
        ("gpt-4o", "GPT-4o", false),
        ("", "", true),
        ("", "a", false),
        ("é*", "éa", true),
    ];
    for (pattern, text, wanted) in table {
        assert_eq!(glob(pattern, text), wanted, "{pattern} {text}");
    }
}

#[test]
fn a_hostile_pattern_costs_no_exponential_time() {
    assert!(!glob(&"*a".repeat(200), &"a".repeat(199)));
    assert!(!glob(&format!("{}b", "a*".repeat(200)), &"a".repeat(2_000)));
}

#[test]
fn syntax_of_other_globs_is_a_fault() {
    for pattern in ["", "a**b", "gpt-?", "gpt-[45]", "{a,b}", "a\\*", "!gpt", "a b", "a\tb"] {
        assert!(fault(pattern).is_some(), "{pattern:?}");
    }
    for pattern in ["*", "gpt-*", "meta-llama/*", "ft:gpt-4o:acme::*"] {
        assert_eq!(fault(pattern), None, "{pattern:?}");
    }
}

/// The definition, as plainly as it can be said.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', after)) => (0..=text.len()).any(|skip| naive(after, &text[skip..])),
        Some((wanted, after)) => text.first() == Some(wanted) && naive(after, &text[1..]),
    }
}

proptest! {
    #[test]
    fn it_matches_what_the_definition_matches(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
        prop_assert_eq!(glob(&pattern, &text), naive(pattern.as_bytes(), text.as_bytes()));
    }
}
