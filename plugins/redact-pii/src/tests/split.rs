//! Streams: however a text is split, what comes out is what the whole text would have become.

use proptest::prelude::*;
use weir_plugin::fake::{self, Streamed, event};
use weir_plugin::{Edit, Event, Plugin, StreamEvent};

use super::redact;
use crate::RedactPii;

fn stream(batches: &[Vec<StreamEvent>]) -> Streamed {
    let host = fake::Host::new(fake::Hook::Event).start();
    let plugin = RedactPii::init("{}").unwrap();
    fake::stream(&plugin, &host.facts(), batches).unwrap()
}

fn one_by_one(texts: &[&str]) -> Streamed {
    stream(&texts.iter().map(|text| vec![event(0, text)]).collect::<Vec<_>>())
}

fn sent(streamed: &Streamed) -> Vec<&str> {
    streamed.sent.iter().map(|event| event.text.as_str()).collect()
}

#[test]
fn the_replacement_stands_in_the_first_event_and_the_rest_is_cut_out_of_the_others() {
    let out = one_by_one(&["Mail ja", "ne@exa", "mple.c", "om now"]);
    assert_eq!(sent(&out), ["Mail [EMAIL]", "", "", " now"]);
}

#[test]
fn what_cannot_become_a_match_is_passed_at_once_and_in_one_piece() {
    let host = fake::Host::new(fake::Hook::Event).start();
    let plugin = RedactPii::init("{}").unwrap();
    let edits =
        plugin.on_events(&host.facts(), &[event(0, ""), event(0, "Hello, "), event(0, "you. ")], false).unwrap();
    assert_eq!(edits, [], "an empty list passes them all");
    assert_eq!(host.calls(), 1);
    let edits = plugin.on_events(&host.facts(), &[event(0, " so "), event(0, "far"), event(0, "")], false).unwrap();
    assert_eq!(edits, [Edit::Pass, Edit::Hold, Edit::Hold], "the order of events is kept");
    assert_eq!(host.calls(), 2, "when words come, the host is asked whether that is all, and nothing else");
}

#[test]
fn the_host_is_asked_one_thing_while_words_come() {
    for texts in [
        &[" committee", " met on", " Tuesday,", " as A", "dam", " said.", " Nobody", "\n\n"][..],
        &["The ", "committee ", "met on ", "Tuesday, ", "as Adam ", "said. ", "(Nobody ", "spoke)"],
    ] {
        let host = fake::Host::new(fake::Hook::Event).start();
        let plugin = RedactPii::init("{}").unwrap();
        let before = host.calls();
        let batches: Vec<_> = texts.iter().map(|text| vec![event(0, text)]).collect();
        let out = fake::stream(&plugin, &host.facts(), &batches).unwrap();
        assert_eq!(out.text(0), texts.concat());
        assert!(host.calls() <= before + out.calls as u64, "{texts:?}");
    }
}

#[test]
fn the_end_of_an_account_number_in_capitals_alone_is_cut_where_it_comes_again() {
    assert_eq!(
        sent(&one_by_one(&["MT13 MALT 0110 0001 2345 MTLC ASTZ", " ABC so", " it goes"])),
        ["[IBAN]", " so", " it goes"]
    );
    assert_eq!(
        sent(&one_by_one(&["MT13 MALT 0110 0001 2345 MTLC ASTZ", " ABC", " so", " it goes"])),
        ["[IBAN]", "", " so", " it goes"]
    );
}

#[test]
fn the_last_call_decides_with_what_is_there() {
    assert_eq!(sent(&one_by_one(&["a@b.c", "om"])), ["[EMAIL]", ""]);
    assert_eq!(sent(&one_by_one(&["a@b.", "c"])), ["a@b.", "c"]);
    assert_eq!(stream(&[]).sent, []);
}

#[test]
fn an_event_that_ends_one_match_and_begins_another_is_not_cut_twice() {
    let texts = ["a@b.co", "m c@d.co", "m, e@f.co", "m"];
    assert_eq!(sent(&one_by_one(&texts)), ["[EMAIL]", " [EMAIL]", ", [EMAIL]", ""]);
}

#[test]
fn the_end_of_a_harmless_run_is_not_taken_for_a_number_of_its_own() {
    let texts = ["order-", "4111111111111111 wor", "ld"];
    assert_eq!(sent(&one_by_one(&texts)), texts);
}

#[test]
fn choices_are_told_apart() {
    let batches = [
        vec![event(0, "a@"), event(1, "4111 1111 "), event(0, "b.com ")],
        vec![event(1, "1111 1111"), event(0, "x")],
        vec![event(1, ".\n")],
    ];
    let out = stream(&batches);
    assert_eq!(out.text(0), "[EMAIL] x");
    assert_eq!(out.text(1), "[CARD].\n");
    assert_eq!(out.sent.len(), 6);
}

#[test]
fn a_switched_off_plugin_passes_everything() {
    let host = fake::Host::new(fake::Hook::Event).start();
    let plugin = RedactPii::init(r#"{"response":false}"#).unwrap();
    assert_eq!(plugin.on_events(&host.facts(), &[event(0, "a@b.com")], false).unwrap(), []);
}

#[test]
fn events_without_text_do_not_wait() {
    let mut texts = vec!["wor"];
    texts.extend([""; 2_000]);
    let out = one_by_one(&texts);
    assert_eq!(out.sent.len(), 2_001);
    assert_eq!(out.sent.last().unwrap().text, "wor", "the word itself waits for more of it");
}

/// Pieces that make trouble side by side.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "jane.doe@example.com",
        "a@b.io",
        "4111 1111 1111 1111",
        "4111111111111111",
        "5500-0055-5555-5559",
        "+49 30 1234567",
        "(555) 123-4567",
        "+49 (0)30 123456",
        "01 23 45 67 89",
        "DE89 3704 0044 0532 0130 00",
        "GB29 NWBK 6016 1331 9268 19",
        "MT13 MALT 0110 0001 2345 MTLC ASTZ ABC",
        "DE89370400440532013000",
        "order-4111111111111111",
        "2024-01-15 10:30",
        "41111111111111111111",
        "id_5",
        "@",
        "@@",
        "+",
        "(",
        ")",
        "/",
        "-",
        ".",
        "...",
        "_",
        " ",
        " ",
        " ",
        "\n",
        ", ",
        "\u{a0}",
        "é",
        "漢字",
        "😀",
        "x",
        "DE89",
        "4111",
        "word",
        " the",
        " of",
        "1",
    ]);
    prop_oneof![
        6 => known.prop_map(str::to_owned),
        1 => "[a-z0-9@. +()/-]{1,6}",
        1 => (1usize..90).prop_map(|n| "a".repeat(n)),
        1 => (1usize..30).prop_map(|n| "4".repeat(n)),
        1 => (1usize..90).prop_map(|n| ".".repeat(n)),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

/// Splits a text into events at the given places, each event into the batch of the one before or a new one.
fn split(choice: u32, text: &str, cuts: &[(prop::sample::Index, bool)]) -> Vec<Vec<StreamEvent>> {
    let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut at: Vec<(usize, bool)> =
        cuts.iter().map(|(index, new)| (borders[index.index(borders.len())], *new)).collect();
    at.sort_unstable();
    let mut batches = vec![Vec::new()];
    let mut start = 0;
    for (end, new) in at.into_iter().chain([(text.len(), false)]) {
        batches.last_mut().unwrap().push(event(choice, &text[start..end]));
        if new {
            batches.push(Vec::new());
        }
        start = end;
    }
    batches
}

fn cuts() -> impl Strategy<Value = Vec<(prop::sample::Index, bool)>> {
    prop_oneof![
        3 => prop::collection::vec(any::<(prop::sample::Index, bool)>(), 0..30),
        1 => prop::collection::vec((any::<prop::sample::Index>(), Just(true)), 0..200),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_split_comes_to_what_the_whole_text_comes_to(text in text(), cuts in cuts()) {
        let batches = split(0, &text, &cuts);
        let out = stream(&batches);
        let events: usize = batches.iter().map(Vec::len).sum();
        prop_assert_eq!(out.text(0), redact(&text));
        prop_assert_eq!(out.sent.len(), events, "no event is lost or dropped");
    }

    #[test]
    fn interleaved_choices_come_to_what_each_comes_to_alone(
        texts in (text(), text(), text()),
        cuts in (cuts(), cuts(), cuts()),
    ) {
        let three =
            [split(0, &texts.0, &cuts.0), split(7, &texts.1, &cuts.1), split(u32::MAX, &texts.2, &cuts.2)];
        let longest = three.iter().map(Vec::len).max().unwrap();
        let batches: Vec<Vec<StreamEvent>> = (0..longest)
            .map(|index| three.iter().flat_map(|one| one.get(index).cloned().unwrap_or_default()).collect())
            .collect();
        let out = stream(&batches);
        prop_assert_eq!(out.text(0), redact(&texts.0));
        prop_assert_eq!(out.text(7), redact(&texts.1));
        prop_assert_eq!(out.text(u32::MAX), redact(&texts.2));
    }

    #[test]
    fn no_more_is_held_than_may_be_one_match(text in text()) {
        // Cut after every character, so that the events around an open place hold nothing else.
        let every: Vec<Vec<StreamEvent>> = text.chars().map(|c| vec![event(0, &c.to_string())]).collect();
        let held = stream(&every).held_most;
        prop_assert!(held <= 130, "{} characters were held", held);
    }

    #[test]
    fn text_without_digits_and_signs_of_addresses_is_unchanged(text in "[a-zA-Zäß漢 .,!?()/_%+\n-]{0,80}", cuts in cuts()) {
        prop_assert_eq!(redact(&text), text.as_str());
        prop_assert_eq!(stream(&split(0, &text, &cuts)).text(0), text);
    }

    #[test]
    fn no_text_makes_the_walk_fail(text in any::<String>(), cuts in cuts()) {
        prop_assert_eq!(stream(&split(0, &text, &cuts)).text(0), redact(&text));
    }
}
