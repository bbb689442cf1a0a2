use proptest::prelude::*;

use super::{ExpandError, expand};

fn env(name: &str) -> Option<String> {
    match name {
        "A" => Some("one".to_owned()),
        "EMPTY" => Some(String::new()),
        "NESTED" => Some("${A}".to_owned()),
        _ => None,
    }
}

#[test]
fn variables_and_defaults_are_filled_in() {
    let table = [
        ("plain", "plain"),
        ("${A}", "one"),
        ("x${A}y${A}z", "xoneyonez"),
        ("${EMPTY}", ""),
        ("${EMPTY:-d}", "d"),
        ("${NONE:-d}", "d"),
        ("${NONE:-}", ""),
        ("${A:-d}", "one"),
        ("${NONE:-http://x:1/}", "http://x:1/"),
        ("${NESTED}", "${A}"),
        ("$${A}", "${A}"),
        ("a$${A}${A}", "a${A}one"),
        ("$A $ }", "$A $ }"),
    ];
    for (text, wanted) in table {
        assert_eq!(expand(text, &env).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn faults_name_the_variable() {
    let table = [
        ("${NONE}", ExpandError::Unset("NONE".to_owned())),
        ("${A", ExpandError::Open),
        ("${}", ExpandError::BadName),
        ("${1A}", ExpandError::BadName),
        ("${A-B}", ExpandError::BadName),
        ("${:-d}", ExpandError::BadName),
    ];
    for (text, wanted) in table {
        assert_eq!(expand(text, &env), Err(wanted), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_text_without_dollars_stays(text in any::<String>()) {
        let expanded = expand(&text, &env);
        if !text.contains('$') {
            prop_assert_eq!(expanded, Ok(text));
        }
    }
}
