use weir_plugin::json;

use super::*;

/// Whole arguments.
fn redact(options: &Options, text: &str) -> String {
    apply(text, &mask(options, text, 0, false, true).masks, 0, text.len())
}

fn masked(text: &str) -> String {
    redact(&Options::read("{}").unwrap(), text)
}

#[test]
fn what_stands_in_strings_is_masked_there_and_numbers_become_strings() {
    for (text, expected) in [
        (r#"{"to":"ada@example.org"}"#, r#"{"to":"[EMAIL]"}"#),
        (r#"{"ada@example.org":1}"#, r#"{"[EMAIL]":1}"#),
        (r#"{"card":4111111111111111}"#, r#"{"card":"[CARD]"}"#),
        (r#"[4111111111111111,5]"#, r#"["[CARD]",5]"#),
        (r#"{"card": 4111111111111111 }"#, r#"{"card": "[CARD]" }"#),
        (r#"{"n":-4111111111111111}"#, r#"{"n":"[CARD]"}"#),
        (r#"{"a":"x\nada@example.org\tb"}"#, r#"{"a":"x\n[EMAIL]\tb"}"#),
        (r#"{"a":"\u0061da\u0040example.org"}"#, r#"{"a":"[EMAIL]"}"#),
        (r#"{"a":"é\u00e9a@example.org"}"#, r#"{"a":"[EMAIL]"}"#),
        (r#"{"a":"\ud83d\ude00ada@example.org"}"#, r#"{"a":"\ud83d\ude00[EMAIL]"}"#),
        (r#"{"a":"\\ada@example.org"}"#, r#"{"a":"\\[EMAIL]"}"#),
        (r#"{"a":"\"ada@example.org\""}"#, r#"{"a":"\"[EMAIL]\""}"#),
        (r#"{"a":"call +49 30 1234567"}"#, r#"{"a":"call [PHONE]"}"#),
    ] {
        assert_eq!(masked(text), expected, "{text}");
        assert!(json::parse(expected).is_ok(), "{expected}");
    }
}

#[test]
fn a_replacement_that_is_no_part_of_a_string_as_it_stands_is_escaped() {
    let options = Options::read(r#"{"replacement":{"email":"\"\\"}}"#).unwrap();
    let new = redact(&options, r#"{"a":"ada@example.org"}"#);
    assert_eq!(new, r#"{"a":"\"\\"}"#);
    assert!(json::parse(&new).is_ok());
}

#[test]
fn what_is_no_json_is_masked_all_the_same() {
    assert_eq!(masked("to ada@example.org"), "to \"[EMAIL]\"");
    assert_eq!(masked(r#"{"a":"\u12"#), r#"{"a":"\u12"#);
    assert_eq!(masked(r#"{"a":"\uzzzz ada@example.org"#), r#"{"a":"\uzzzz [EMAIL]"#);
    assert_eq!(masked("\\"), "\\");
}

#[test]
fn an_escape_that_breaks_off_is_waited_for() {
    let options = Options::read("{}").unwrap();
    for (text, open) in
        [(r#"{"a":". \"#, 8), (r#"{"a":". \u00"#, 8), (r#"{"a":"é. \ud83d"#, 10), (r#"{"a":". \ud83d\u"#, 8)]
    {
        assert_eq!(mask(&options, text, 0, false, false).open, Some(open), "{text}");
    }
    assert_eq!(mask(&options, r#"{"a":". \\"#, 0, false, false).open, None);
}

#[test]
fn of_a_number_without_end_no_more_waits_than_of_a_text() {
    let options = Options::read("{}").unwrap();
    for signs in ["1", "-", "3", "1.e+-", "0000000000", "4111111111111111", "e"] {
        for prefix in [r#"{"x":"#, r#"{"x":0."#, r#"{"x":-"#, "", r#"["a",1,"#] {
            for count in [1, 30, 200, 3_000] {
                let text = prefix.to_owned() + &signs.repeat(count);
                let open = mask(&options, &text, 0, false, false).open.unwrap_or(text.len());
                assert!(text.len() - open <= 2 * LONGEST_RUN, "{prefix} {signs}: {} wait", text.len() - open);
            }
        }
    }
}
