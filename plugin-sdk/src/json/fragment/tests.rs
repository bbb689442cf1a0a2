use super::*;
use crate::json::{Value, parse};

const TEXTS: [&str; 6] = [
    r#"{"to":"ada\u0040example.org","n":[4111111111111111,-1.5e3]}"#,
    r#"{"a":"x\n\"q\"\\ \/ \u00e9 é \ud83d\ude00 end","b":"\ud83d!"}"#,
    r#"{"deep":"{\"to\":\"ada\\u0040example.org\"}"}"#,
    r#"{"bad":"\x \u12g4 \uzzzz"}"#,
    r#"["",{"k":null}]"#,
    "no JSON at all, \\n and \"half",
];

#[test]
fn wherever_a_text_is_cut_its_parts_say_what_the_whole_says() {
    for text in TEXTS {
        let whole = JsonFragment::read(text, false);
        for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let first = JsonFragment::read(&text[..cut], false);
            assert!(whole.said().starts_with(first.said()), "{cut}: {:?} of {:?}", first.said(), whole.said());
            let from = first.open_escape().unwrap_or(cut);
            let second = JsonFragment::read(&text[from..], first.is_inside(from));
            assert_eq!(format!("{}{}", first.said(), second.said()), whole.said(), "{cut}: {text}");
            assert_eq!(second.is_inside(text.len() - from), whole.is_inside(text.len()), "{cut}: {text}");
        }
    }
}

#[test]
fn what_is_said_of_a_string_is_what_a_reader_reads() {
    for text in &TEXTS[..3] {
        let Ok(Value::Object(members)) = parse(&text.replace(r#""\ud83d!""#, "0")) else { panic!("{text}") };
        let whole = JsonFragment::read(text, false);
        for (_, value) in &members {
            assert!(value.as_text().is_none_or(|value| whole.said().contains(value)), "{value:?} in {}", whole.said());
        }
    }
}

#[test]
fn an_escape_that_breaks_off_is_open_and_one_that_does_not_is_none() {
    for (text, open) in [
        (r#""a\"#, Some(2)),
        (r#""a\u"#, Some(2)),
        (r#""a\u004"#, Some(2)),
        (r#""a\ud83d"#, Some(2)),
        (r#""a\ud83d\"#, Some(2)),
        (r#""a\ud83d\ude0"#, Some(2)),
        (r#""a\u0040"#, None),
        (r#""a\ud83d\ude00"#, None),
        (r#""a\ud83dx"#, None),
        (r#""a\\"#, None),
        (r"\u00", None),
        ("", None),
    ] {
        assert_eq!(JsonFragment::read(text, false).open_escape(), open, "{text}");
    }
}

#[test]
fn what_is_found_is_replaced_in_whichever_part_it_begins_and_json_stays_json() {
    let finds = [("ada@example.org", "[\"E\"]"), ("4111111111111111", "[CARD]")];
    let text = TEXTS[0];
    let expected = r#"{"to":"[\"E\"]","n":["[CARD]",-1.5e3]}"#;
    let whole = JsonFragment::read(text, false);
    let found = finds.map(|(what, new)| {
        let at = whole.said().find(what).unwrap();
        (at..at + what.len(), new)
    });
    assert_eq!(whole.replaced(&found, 0..text.len()), expected);
    assert!(parse(expected).is_ok());
    for cut in 0..=text.len() {
        let parts = [whole.replaced(&found, 0..cut), whole.replaced(&found, cut..text.len())];
        assert_eq!(parts.concat(), expected, "{cut}");
    }
    assert_eq!(whole.replaced(&[], 3..9), text[3..9]);
}
