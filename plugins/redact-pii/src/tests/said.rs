//! Streams that say more than content: each text is masked by itself, cut wherever its provider likes.

use proptest::prelude::*;
use weir_plugin::fake::{self, Streamed};
use weir_plugin::{Plugin, json};

use crate::RedactPii;
use crate::arguments::{apply, mask};
use crate::options::Options;

/// An event of a choice that has this delta.
fn event(choice: u32, delta: &str) -> String {
    format!(r#"{{"choices":[{{"delta":{{{delta}}},"index":{choice}}}]}}"#)
}

fn member(name: &str, text: &str) -> String {
    format!(r#""{name}":{}"#, json::quote(text))
}

fn arguments(call: u32, text: &str) -> String {
    let text = json::quote(text);
    event(0, &format!(r#""tool_calls":[{{"function":{{"arguments":{text}}},"index":{call}}}]"#))
}

fn begin(call: u32) -> String {
    event(0, &format!(r#""tool_calls":[{{"function":{{"arguments":"","name":"f"}},"id":"call_1","index":{call}}}]"#))
}

fn stream(batches: &[Vec<String>]) -> Streamed {
    let host = fake::Host::new(fake::Hook::Event).start();
    fake::stream_data(&RedactPii::init("{}").unwrap(), &host.facts(), batches).unwrap()
}

/// Each event by itself.
fn apart(events: &[String]) -> Streamed {
    stream(&events.iter().map(|event| vec![event.clone()]).collect::<Vec<_>>())
}

/// What stands at a pointer in all events of a choice, put together.
fn said(out: &Streamed, choice: u64, pointer: &str) -> String {
    let events = out.data.iter().map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap());
    let of = events.filter(|event| event["choices"][0]["index"] == choice);
    of.filter_map(|event| Some(event.pointer(&format!("/choices/0/delta/{pointer}"))?.as_str()?.to_owned())).collect()
}

const ARGUMENTS: &str = "tool_calls/0/function/arguments";

fn named(call: u32, name: &str) -> String {
    let name = json::quote(name);
    event(0, &format!(r#""tool_calls":[{{"function":{{"name":{name}}},"index":{call}}}]"#))
}

/// An event whose tokens are these, with a content that is none of them.
fn tokens(choice: u32, tokens: &[&str]) -> String {
    let all: Vec<String> = tokens.iter().map(|token| format!(r#"{{"token":{}}}"#, json::quote(token))).collect();
    let all = all.join(",");
    format!(r#"{{"choices":[{{"delta":{{"content":"x "}},"index":{choice},"logprobs":{{"content":[{all}]}}}}]}}"#)
}

/// Events whole, each letter by itself, and whatever lies between.
fn cuts(text: &str) -> Vec<Vec<&str>> {
    let letters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect();
    let twice = (0..=text.len()).map(|at| vec![&text[..at], &text[at..]]);
    twice.chain([letters]).collect()
}

#[test]
fn what_is_cut_over_the_name_of_a_call_is_masked() {
    for (whole, mask) in
        [("ada@example.org", "[EMAIL]"), ("mail-4111111111111111", "mail-[CARD]"), ("write_file", "write_file")]
    {
        for cut in cuts(whole) {
            let names = cut.iter().map(|name| named(1, name));
            let events: Vec<String> =
                [begin(0), arguments(0, "{}")].into_iter().chain(names).chain([arguments(1, "{}")]).collect();
            for out in [apart(&events), stream(std::slice::from_ref(&events))] {
                let of = |at: usize| {
                    let event: serde_json::Value = serde_json::from_str(&out.data[at]).unwrap();
                    event["choices"][0]["delta"]["tool_calls"][0]["function"]["name"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned()
                };
                assert_eq!(out.data.len(), events.len());
                let name: String = (2..out.data.len() - 1).map(of).collect();
                assert_eq!(name, if mask == "mail-[CARD]" { whole } else { mask }, "{cut:?}");
                assert_eq!(of(0), "f");
            }
        }
    }
}

#[test]
fn a_name_waits_for_more_of_it_and_for_nothing_else() {
    let host = fake::Host::new(fake::Hook::Event).start();
    for next in [
        arguments(0, "{"),
        event(0, &member("content", "x ")),
        begin(1),
        event(0, r#""tool_calls":[{"index":1,"function":{"name":"g"}}]"#),
    ] {
        let out = fake::stream_data(
            &RedactPii::init("{}").unwrap(),
            &host.facts(),
            &[vec![named(0, "write_file"), next.clone()]],
        )
        .unwrap();
        assert_eq!(out.data, [named(0, "write_file"), next]);
    }
}

#[test]
fn what_is_cut_over_the_tokens_of_logprobs_goes_with_all_of_them() {
    for (whole, is_masked) in [("ada@example.org, ", true), ("4111 1111 1111 1111. ", true), ("nothing here. ", false)]
    {
        for cut in cuts(whole) {
            let events: Vec<String> =
                cut.iter().map(|token| tokens(0, &[token])).chain([tokens(0, &["end "])]).collect();
            for out in [apart(&events), stream(std::slice::from_ref(&events))] {
                let left: String = out
                    .data
                    .iter()
                    .map(|data| {
                        let event: serde_json::Value = serde_json::from_str(data).unwrap();
                        assert_eq!(event["choices"][0]["delta"]["content"], "x ");
                        event["choices"][0]["logprobs"]["content"][0]["token"].as_str().unwrap_or_default().to_owned()
                    })
                    .collect();
                assert_eq!(out.data.len(), events.len());
                if is_masked {
                    assert!(
                        !left.contains("ada") && !left.contains("exam") && !left.contains("411"),
                        "{cut:?}: {left}"
                    );
                } else {
                    assert_eq!(left, format!("{whole}end "), "{cut:?}");
                }
            }
        }
    }
    // Two choices take turns, and what was not chosen goes on with nothing.
    let other = |token: &str, not: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"x "}},"index":0,"logprobs":{{"content":[{{"token":"{token}","top_logprobs":[{{"token":"{not}"}}]}}]}}}}]}}"#
        )
    };
    let events = [other("ada@", "bob "), tokens(1, &["z "]), other("example.org", "b "), other(" so", " it")];
    for out in [apart(&events), stream(&[events.to_vec()])] {
        let all = out.data.concat();
        assert!(!all.contains("ada@") && !all.contains("example.org") && all.contains(" so"), "{all}");
    }
}

#[test]
fn an_address_in_arguments_is_masked_wherever_they_are_cut_and_they_stay_json() {
    let whole =
        r#"{"to":"ada@example.org","card":4111111111111111,"x":"\u0061b\u0040c.org\n","n":[1,"+49 30 1234567"]}"#;
    let expected = r#"{"to":"[EMAIL]","card":"[CARD]","x":"[EMAIL]\n","n":[1,"[PHONE]"]}"#;
    for cut in 0..=whole.len() {
        let events = [begin(0), arguments(0, &whole[..cut]), arguments(0, &whole[cut..])];
        for out in [apart(&events), stream(&[events.to_vec()])] {
            assert_eq!(said(&out, 0, ARGUMENTS), expected, "{cut}");
            assert_eq!(out.sent.len(), 3);
        }
    }
    let letters: Vec<String> = whole.chars().map(|c| arguments(0, &c.to_string())).collect();
    assert_eq!(said(&apart(&letters), 0, ARGUMENTS), expected);
}

#[test]
fn texts_are_told_apart_by_kind_call_and_choice() {
    let events = [
        event(0, &member("content", "to ada@")),
        event(1, &member("reasoning", "bob@exa")),
        event(0, &member("reasoning", "example.org ")),
        event(1, &member("reasoning", "mple.org ")),
        event(0, &member("content", "jane@exam")),
        event(2, &member("refusal", "no, jo@ex")),
        event(0, &member("content", "ple.org ")),
        event(2, &member("refusal", "ample.org")),
        arguments(0, r#"{"a":"ada@"#),
        arguments(1, r#"example.org"}"#),
    ];
    let out = apart(&events);
    assert_eq!(said(&out, 0, "content"), "to ada@[EMAIL] ");
    assert_eq!(said(&out, 0, "reasoning"), "example.org ");
    assert_eq!(said(&out, 1, "reasoning"), "[EMAIL] ");
    assert_eq!(said(&out, 2, "refusal"), "no, [EMAIL]");
    assert_eq!(said(&out, 0, ARGUMENTS), r#"{"a":"ada@example.org"}"#);
    assert_eq!(out.sent.len(), events.len());
}

#[test]
fn what_is_said_twice_in_one_event_is_masked_twice() {
    let both = |text: &str| event(0, &format!("{},{}", member("content", text), member("reasoning", text)));
    let out = apart(&[both("to ada"), both("@example.o"), both("rg, x")]);
    assert_eq!(said(&out, 0, "content"), "to [EMAIL], x");
    assert_eq!(said(&out, 0, "reasoning"), "to [EMAIL], x");
}

#[test]
fn content_in_parts_goes_on_in_content_that_is_none() {
    let parts = |text: &str| event(0, &format!(r#""content":[{{"text":{},"type":"text"}}]"#, json::quote(text)));
    let out = apart(&[parts("to ada@"), event(0, &member("content", "example")), parts(".org. ")]);
    assert_eq!(out.text(0), "to [EMAIL]. ");
}

#[test]
fn a_tool_call_does_not_wait_for_a_word() {
    let out = apart(&[event(0, &member("content", "Sure.")), begin(0), arguments(0, "{\"a\":1}")]);
    assert_eq!(out.sent[0].text, "Sure.");
    // One call for each event, one for the word that is over and one for the name, and the last one.
    assert_eq!(out.calls, 6);
}

/// Strings that make trouble in JSON.
fn value() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "ada@example.org",
        "a@b.io",
        "4111 1111 1111 1111",
        "4111111111111111",
        "+49 30 1234567",
        "\n",
        "\"",
        "\\",
        "é",
        "😀",
        "\u{1}",
        " ",
        "word",
        "@",
        ".",
        "-",
        "(",
        "1",
    ]);
    prop::collection::vec(known, 0..8).prop_map(|pieces| pieces.concat())
}

/// The same as JSON, with some characters as escapes that need none.
fn quoted(text: &str, escape: bool) -> String {
    if !escape {
        return json::quote(text);
    }
    let mut units = [0; 2];
    let escaped = text
        .chars()
        .map(|c| c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
    format!("\"{}\"", escaped.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_cut_of_arguments_comes_to_what_the_whole_comes_to(
        values in prop::collection::vec((value(), any::<bool>()), 1..4),
        number in prop::sample::select(vec!["1", "4111111111111111", "-4111111111111111", "1e5", "5551234567"]),
        cuts in prop::collection::vec(any::<(prop::sample::Index, bool)>(), 0..30),
    ) {
        let members: Vec<String> = values.iter().enumerate().map(|(n, (text, escape))| format!("\"k{n}\":{}", quoted(text, *escape))).collect();
        let whole = format!("{{\"n\":{number},{}}}", members.join(","));
        let options = Options::read("{}").unwrap();
        let expected = apply(&whole, &mask(&options, &whole, 0, false, true).masks, 0, whole.len());
        prop_assert!(serde_json::from_str::<serde_json::Value>(&expected).is_ok(), "{}", expected);
        let borders: Vec<usize> = whole.char_indices().map(|(at, _)| at).chain([whole.len()]).collect();
        let mut at: Vec<(usize, bool)> = cuts.iter().map(|(index, new)| (borders[index.index(borders.len())], *new)).collect();
        at.sort_unstable();
        let (mut batches, mut start) = (vec![Vec::new()], 0);
        for (end, new) in at.into_iter().chain([(whole.len(), false)]) {
            batches.last_mut().unwrap().push(arguments(0, &whole[start..end]));
            if new {
                batches.push(Vec::new());
            }
            start = end;
        }
        prop_assert_eq!(said(&stream(&batches), 0, ARGUMENTS), expected);
    }
}
