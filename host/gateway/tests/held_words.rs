//! What an `event` plugin holds back waits for the rest of its text, and for nothing else: what is no part of that text
//! passes, and where the text is over the plugin decides.

use crate::support;

use crate::guest::{Guest, gateway, install};
use crate::support::client::Streaming;
use crate::support::upstream::{DONE, END, STREAM, Upstream, chunk};
use crate::support::{ACME, Gateway, Reply, chat_stream, config, installed, post, root};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Write;

/// An event whose one choice has this beside its index.
fn of(choice: u32, rest: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":{choice},{rest}}}]}}\n\n"
    )
}

fn text(choice: u32, text: &str) -> String {
    of(choice, &format!("\"delta\":{{\"content\":{}}},\"finish_reason\":null", serde_json::to_string(text).unwrap()))
}

fn begin(call: u32) -> String {
    let function = "{\"name\":\"write_file\",\"arguments\":\"\"}";
    of(
        0,
        &format!(
            "\"delta\":{{\"tool_calls\":[{{\"index\":{call},\"id\":\"call_{call}\",\"type\":\"function\",\"function\":{function}}}]}},\"finish_reason\":null"
        ),
    )
}

fn arguments(call: u32, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    of(
        0,
        &format!(
            "\"delta\":{{\"tool_calls\":[{{\"index\":{call},\"function\":{{\"arguments\":{text}}}}}]}},\"finish_reason\":null"
        ),
    )
}

fn finish(reason: &str) -> String {
    of(0, &format!("\"delta\":{{}},\"finish_reason\":\"{reason}\""))
}

const PING: &str = ": ping\n\n";

/// A gateway with the masker that is shipped.
fn masking(upstream: &Upstream) -> Gateway {
    let (folder, cache) = (installed(), support::cache());
    let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n", folder.display(), cache.display());
    Gateway::start(&format!("{}{plugins}[[plugins.chain]]\nplugin = \"redact-pii\"\n", config(upstream.address)))
}

fn no_fault(gateway: &Gateway) {
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0, "{}", gateway.log());
}

/// What comes of these events, written in one piece or each by itself.
fn through(events: &[String], bound: impl Fn(&Upstream) -> Gateway) -> [(Reply, Gateway); 2] {
    [vec![events.concat()], events.to_vec()].map(|pieces| {
        let upstream = Upstream::start(move |_, _, stream| {
            stream.set_nodelay(true).unwrap();
            stream.write_all(STREAM).unwrap();
            pieces.iter().all(|piece| stream.write_all(&chunk(piece)).is_ok()) && stream.write_all(END).is_ok()
        });
        let gateway = bound(&upstream);
        (post(gateway.address, ACME, &chat_stream("hi")), gateway)
    })
}

/// The arguments of a call, put together as a client does.
fn called(events: &[String], call: u64) -> String {
    let json = events.iter().filter_map(|event| serde_json::from_str::<serde_json::Value>(event).ok());
    let calls =
        json.flat_map(|event| event["choices"][0]["delta"]["tool_calls"].as_array().cloned().unwrap_or_default());
    calls
        .filter(|one| one["index"] == call)
        .filter_map(|one| Some(one["function"]["arguments"].as_str()?.to_owned()))
        .collect()
}

/// A text of so many bytes without anything that is masked.
fn long(bytes: usize) -> String {
    "let word = other; ".chars().cycle().take(bytes).collect()
}

/// An everyday turn, and of each event whether it must go out before anything follows.
fn turn() -> Vec<(String, bool)> {
    let mut turn = vec![(of(0, "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null"), true)];
    let words = ["I", " will", " write", " the", " file", ", ", "then", " run", " it. "];
    // Letters at the end of an event may be the beginning of an address.
    turn.extend(words.iter().map(|word| (text(0, word), word.ends_with(' '))));
    for call in 0..2 {
        // And so may those at the end of a name, which is over where its arguments begin.
        turn.push((begin(call), false));
        turn.push((arguments(call, "{\"path\":\"main.rs\",\"text\":\""), true));
        for (n, piece) in long(100 * 1024).as_bytes().chunks(200).enumerate() {
            let piece = std::str::from_utf8(piece).unwrap();
            turn.push((arguments(call, piece), !piece.ends_with(char::is_alphabetic)));
            if n % 20 == 0 {
                turn.push((PING.to_owned(), true));
            }
        }
        turn.push((arguments(call, "\"}"), true));
    }
    turn.push((finish("tool_calls"), true));
    turn
}

#[test]
fn an_agents_turn_passes_the_masker_with_no_event_later_than_its_own_text_needs() {
    let (say, upstream) = Upstream::told();
    let gateway = masking(&upstream);
    let (mut stream, mut waiting, mut events) = (None, VecDeque::new(), Vec::new());
    for (event, at_once) in turn() {
        say.send(event.clone()).unwrap();
        waiting.push_back(event.clone());
        if !at_once {
            continue;
        }
        // The upstream says no more before the client has this.
        let stream = stream.get_or_insert_with(|| Streaming::open(gateway.address, ACME, &chat_stream("hi")));
        loop {
            let got = stream.next_event().unwrap();
            // A comment overtakes what waits, and nothing else does.
            let place = if got == PING { waiting.iter().position(|event| event == PING).unwrap() } else { 0 };
            assert_eq!(waiting.remove(place).as_ref(), Some(&got));
            events.push(got.clone());
            if got == event && (event == PING || waiting.is_empty()) {
                break;
            }
        }
    }
    let mut stream = stream.unwrap();
    say.send(DONE.to_owned()).unwrap();
    drop(say);
    assert_eq!(stream.rest(), [DONE]);
    assert_eq!(stream.clean, Some(true));
    let data: Vec<String> =
        events.iter().filter_map(|event| Some(event.strip_prefix("data: ")?.trim().to_owned())).collect();
    for call in 0..2 {
        let said: serde_json::Value = serde_json::from_str(&called(&data, call)).unwrap();
        assert_eq!(said["text"], long(100 * 1024));
    }
    no_fault(&gateway);
}

#[test]
fn behind_a_word_a_long_tool_call_hundreds_of_events_and_heartbeats_pass() {
    let mut events = vec![text(0, "Sure.")];
    events.push(begin(0));
    events.push(arguments(0, "{\"a\":\""));
    events.extend((0..600).flat_map(|_| [arguments(0, &long(180)), PING.to_owned()]));
    events.extend([arguments(0, "\"}"), finish("tool_calls"), DONE.to_owned()]);
    let empty = |event: &str| of(0, event);
    let mut quiet = vec![text(0, "Sure.")];
    quiet.extend((0..600).map(|_| empty("\"delta\":{\"content\":\"\"},\"finish_reason\":null")));
    quiet.extend((0..600).map(|_| empty("\"delta\":{},\"finish_reason\":null")));
    quiet.extend([finish("stop"), DONE.to_owned()]);
    let mut one = vec![text(0, "Sure."), begin(0), arguments(0, &format!("{{\"a\":\"{}\"}}", long(64 * 1024)))];
    one.extend([finish("tool_calls"), DONE.to_owned()]);
    for events in [events, quiet, one] {
        for (reply, gateway) in through(&events, masking) {
            assert!(reply.clean, "{}", reply.text());
            assert_eq!(reply.streamed(), "Sure.");
            assert_eq!(reply.events().len(), events.iter().filter(|event| *event != PING).count());
            no_fault(&gateway);
        }
    }
}

#[test]
fn a_word_is_let_go_where_its_text_is_over_and_waits_for_nothing_else() {
    let others = [
        // A name waits in its turn, for its arguments.
        vec![begin(0), arguments(0, "{}")],
        vec![of(0, "\"delta\":{\"reasoning\":\"Let me see. \"},\"finish_reason\":null")],
        vec![of(0, "\"delta\":{\"refusal\":\"No. \"},\"finish_reason\":null")],
        vec![of(0, "\"delta\":{\"function_call\":{\"name\":\"f\",\"arguments\":\"{\"}},\"finish_reason\":null")],
        vec![of(0, "\"delta\":{\"content\":null},\"finish_reason\":\"length\"")],
        vec![finish("length")],
    ];
    for other in others {
        let (say, upstream) = Upstream::told();
        let gateway = masking(&upstream);
        say.send(text(0, "ada@example.org")).unwrap();
        // None of these is part of what the choice says.
        let beside = [PING.to_owned(), text(1, "fine. "), "data: {\"choices\":[],\"x\":1}\n\n".to_owned()];
        say.send(beside[0].clone()).unwrap();
        let mut stream = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!(stream.next_event().as_ref(), Some(&beside[0]));
        for beside in &beside[1..] {
            say.send(beside.clone()).unwrap();
            assert_eq!(stream.next_event().as_ref(), Some(beside));
        }
        say.send(other.concat()).unwrap();
        assert_eq!(stream.next_event(), Some(text(0, "[EMAIL]")), "{other:?}");
        let next: Vec<String> = other.iter().map(|_| stream.next_event().unwrap()).collect();
        assert_eq!(next, other);
        say.send(DONE.to_owned()).unwrap();
        drop(say);
        assert_eq!(stream.rest(), [DONE]);
        no_fault(&gateway);
    }
}

#[test]
fn an_event_that_says_nothing_neither_waits_nor_ends_a_word() {
    let (say, upstream) = Upstream::told();
    let gateway = masking(&upstream);
    let quiet = text(0, "");
    let mut stream = None;
    for piece in ["to ada", "@exam", "ple.o"] {
        say.send(text(0, piece)).unwrap();
        say.send(quiet.clone()).unwrap();
        let stream = stream.get_or_insert_with(|| Streaming::open(gateway.address, ACME, &chat_stream("hi")));
        assert_eq!(stream.next_event().as_ref(), Some(&quiet));
    }
    say.send(text(0, "rg, ")).unwrap();
    let mut stream = stream.unwrap();
    let next: Vec<String> = (0..4).map(|_| stream.next_event().unwrap()).collect();
    assert_eq!(next, [text(0, "to [EMAIL]"), text(0, ""), text(0, ""), text(0, ", ")]);
    no_fault(&gateway);
}

/// What comes of these events if each is read by itself: the next is sent when a comment behind the one before has come out.
fn one_by_one(events: &[String], gateway: impl Fn(&Upstream) -> Gateway) -> (Vec<String>, Gateway) {
    let (say, upstream) = Upstream::told();
    let gateway = gateway(&upstream);
    let (mut stream, mut out) = (None, Vec::new());
    for event in events {
        // Without a listener the stream has ended.
        let _ = say.send(event.clone());
        let _ = say.send(PING.to_owned());
        let stream = stream.get_or_insert_with(|| Streaming::open(gateway.address, ACME, &chat_stream("hi")));
        loop {
            match stream.next_event() {
                Some(event) if event == PING => break,
                Some(event) => out.push(event),
                None => return (out, gateway),
            }
        }
    }
    drop(say);
    out.extend(stream.unwrap().rest());
    (out, gateway)
}

/// The texts of each choice as a client puts them together.
fn said(events: &[String]) -> BTreeMap<u64, String> {
    let mut said = BTreeMap::<u64, String>::new();
    let data = events.iter().filter_map(|event| event.trim().strip_prefix("data: "));
    for event in data.filter_map(|data| serde_json::from_str::<serde_json::Value>(data).ok()) {
        for choice in event["choices"].as_array().into_iter().flatten() {
            let said = said.entry(choice["index"].as_u64().unwrap()).or_default();
            let delta = &choice["delta"];
            said.push_str(delta["content"].as_str().unwrap_or_default());
            said.push_str(delta["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default());
        }
    }
    said
}

/// Deltas, and what stands beside one, that add no text to a choice.
const NOTHING: [&str; 17] = [
    r#""delta":{}"#,
    r#""delta":{"content":""}"#,
    r#""delta":{"content":null}"#,
    r#""delta":{"content":[]}"#,
    r#""delta":{"content":[{"type":"text","text":""}]}"#,
    r#""delta":{"tool_calls":[]}"#,
    r#""delta":{"tool_calls":null}"#,
    r#""delta":{"tool_calls":[{"index":0,"id":"","function":{"name":"","arguments":""}}]}"#,
    r#""delta":{"function_call":{"name":"","arguments":""}}"#,
    r#""delta":{"reasoning_content":""}"#,
    r#""delta":{"refusal":null}"#,
    r#""delta":{"role":"assistant"}"#,
    r#""delta":null"#,
    r#""finish_reason":null"#,
    r#""delta":{},"finish_reason":"""#,
    r#""delta":{},"logprobs":{"content":[{"token":" ","logprob":-1}]}"#,
    r#""delta":{"x":"two words"}"#,
];

#[test]
fn what_adds_no_text_ends_no_text_whatever_it_looks_like() {
    let events: Vec<String> = (NOTHING.iter().enumerate())
        .flat_map(|(n, nothing)| {
            let choice = u32::try_from(n).unwrap();
            [text(choice, "to ada@leak.e"), of(choice, nothing), text(choice, "xample.org, ")]
        })
        .chain([finish("stop"), DONE.to_owned()])
        .collect();
    let (apart, gateway) = one_by_one(&events, masking);
    let [(together, _), _] = through(&events, masking);
    let together = together.text().split_inclusive("\n\n").map(str::to_owned).collect();
    for out in [apart, together] {
        let said = said(&out);
        for (n, nothing) in NOTHING.iter().enumerate() {
            assert_eq!(said[&(n as u64)], "to [EMAIL], ", "{nothing}");
        }
        assert_eq!(out.last().map(String::as_str), Some(DONE));
    }
    no_fault(&gateway);
}

#[test]
fn a_call_that_is_named_once_more_ends_its_arguments_as_little() {
    let mut events = vec![begin(0), arguments(0, "{\"to\":\"ada@leak.e"), begin(0), arguments(0, "xample.org\"}")];
    events.extend([finish("tool_calls"), DONE.to_owned()]);
    let (out, gateway) = one_by_one(&events, masking);
    assert_eq!(said(&out)[&0], "{\"to\":\"[EMAIL]\"}");
    no_fault(&gateway);
}

/// A word of a choice with the tokens that a model might have said in its place.
fn likely(choice: u32, word: &str) -> String {
    let other = "{\"token\":\" tok\",\"logprob\":-12.345678,\"bytes\":[32,116,111,107]}";
    let others = vec![other; 20].join(",");
    of(
        choice,
        &format!(
            "\"delta\":{{\"content\":\"{word}\"}},\"logprobs\":{{\"content\":[{{\"token\":\"{word}\",\"logprob\":-1,\"bytes\":null,\"top_logprobs\":[{others}]}}]}},\"finish_reason\":null"
        ),
    )
}

/// A number of a card in each of eight choices, word by word.
fn cards() -> Vec<String> {
    let words = ["pay ", "4111", " ", "1111", " ", "1111", " ", "1111", " ok"];
    words.iter().flat_map(|word| (0..8).map(|choice| likely(choice, word))).collect()
}

#[test]
fn a_bound_of_what_is_held_is_no_end_of_a_text() {
    let mut large = vec![text(0, &format!("{}ada@leak.e", "w ".repeat(33_000))), text(0, "xample.org ")];
    large.extend([text(1, "ada@leak.e"), text(2, &format!("{}a@b.com", "w ".repeat(33_000))), text(1, "xample.org ")]);
    let padded = of(3, &format!("\"delta\":{{\"content\":\"bob@leak.e\"}},\"x\":\"{}\"", "p q".repeat(30_000)));
    large.extend([padded, text(3, "xample.org "), text(0, "4111 1111 "), of(0, NOTHING[0]), text(0, "1111 1111 ")]);
    // A word of as many letters as are looked at for one, each an event of its own.
    let letters = "a".repeat(60) + "@leak.example.org ";
    let long: Vec<String> = letters.chars().map(|letter| likely(0, &letter.to_string())).collect();
    for events in [cards(), large, long] {
        let events = [events, vec![finish("stop"), DONE.to_owned()]].concat();
        let (apart, gateway) = one_by_one(&events, masking);
        let [(together, _), _] = through(&events, masking);
        let together = together.text().split_inclusive("\n\n").map(str::to_owned).collect();
        for out in [apart, together] {
            let said = said(&out);
            assert!(said.values().all(|said| said.contains("[CARD]") || said.contains("[EMAIL]")), "{said:.300?}");
            assert!(said.values().all(|said| !said.contains("1111") && !said.contains("leak.")), "{said:.300?}");
            assert_eq!(out.last().map(String::as_str), Some(DONE));
        }
        no_fault(&gateway);
    }
}

#[test]
fn past_a_bound_a_closed_guard_ends_the_stream_and_an_open_one_is_passed_over_both_counted() {
    let chain = |limit: &str, rest: &str| format!("[limits]\n{limit}\n{}", rest);
    let bound = |limit: &'static str, on_failure: &'static str| {
        move |upstream: &Upstream| {
            let (folder, cache) = (installed(), support::cache());
            let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n", folder.display(), cache.display());
            let rest = format!("{plugins}[[plugins.chain]]\nplugin = \"redact-pii\"\n{on_failure}\n");
            Gateway::start(&format!("{}{}", config(upstream.address), chain(limit, &rest)))
        }
    };
    let letters: Vec<String> = "ada@leak.example.org".chars().map(|letter| text(0, &letter.to_string())).collect();
    let cases =
        [("held_events = \"64KiB\"", cards()), ("held_events = \"1KiB\"", letters.clone()), ("held = \"8B\"", letters)];
    for (limit, events) in cases {
        let events = [events, vec![finish("stop"), DONE.to_owned()]].concat();
        let (out, gateway) = one_by_one(&events, bound(limit, ""));
        assert!(out.concat().contains("plugin_failed") && !out.concat().contains("[DONE]"), "{limit}: {out:?}");
        assert!(said(&out).values().all(|said| !said.contains('4') && !said.contains("ada")), "{limit}: {out:?}");
        soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"answer\""]), 1.0, "{limit}");
        soon_eq!(gateway.metric("weir_plugin_quarantines_total", &[]), 0.0, "{limit}");
        let (out, gateway) = one_by_one(&events, bound(limit, "on_failure = \"open\""));
        assert_eq!(out.last().map(String::as_str), Some(DONE), "{limit}");
        soon!(gateway.metric("weir_plugin_faults_total", &["reason=\"answer\""]) >= 1.0, "{limit}");
    }
}

#[test]
fn what_is_cut_over_events_is_masked_in_arguments_reasoning_and_refusals_of_every_choice() {
    let whole = r#"{"to":"ada@example.org","card":4111111111111111,"x":"\u0061b\u0040c.org\n"}"#;
    let member = |choice, name: &str, text: &str| {
        of(choice, &format!("\"delta\":{{\"{name}\":{}}},\"finish_reason\":null", serde_json::to_string(text).unwrap()))
    };
    let mut events = vec![begin(0)];
    events.extend(whole.chars().map(|c| arguments(0, &c.to_string())));
    for piece in ["Ask ada", "@exam", "ple.org, ", "or 4111 1111", " 1111 1111. "] {
        // Two choices take turns, each event of one.
        events.extend([member(1, "reasoning", piece), member(2, "refusal", piece)]);
    }
    events.extend([finish("tool_calls"), DONE.to_owned()]);
    for (reply, gateway) in through(&events, masking) {
        assert!(reply.clean, "{}", reply.text());
        let data = reply.events();
        assert_eq!(called(&data, 0), r#"{"to":"[EMAIL]","card":"[CARD]","x":"[EMAIL]\n"}"#);
        let said = |choice: u64, name: &str| -> String {
            let json = data.iter().filter_map(|event| serde_json::from_str::<serde_json::Value>(event).ok());
            let of = json.filter(|event| event["choices"][0]["index"] == choice);
            of.filter_map(|event| Some(event["choices"][0]["delta"][name].as_str()?.to_owned())).collect()
        };
        assert_eq!(said(1, "reasoning"), "Ask [EMAIL], or [CARD]. ");
        assert_eq!(said(2, "refusal"), "Ask [EMAIL], or [CARD]. ");
        assert_eq!(data.len(), events.len());
        no_fault(&gateway);
    }
}

#[test]
fn what_is_cut_over_the_name_of_a_call_and_over_tokens_is_masked() {
    let named = |choice, name: &str| {
        let call = format!("{{\"index\":0,\"function\":{{\"name\":{}}}}}", serde_json::to_string(name).unwrap());
        of(choice, &format!("\"delta\":{{\"tool_calls\":[{call}]}},\"finish_reason\":null"))
    };
    let tokens = |choice, token: &str| {
        let token = serde_json::to_string(token).unwrap();
        of(
            choice,
            &format!(
                "\"delta\":{{\"content\":\"x \"}},\"logprobs\":{{\"content\":[{{\"token\":{token},\"logprob\":-1}}]}},\"finish_reason\":null"
            ),
        )
    };
    for cut in [vec!["ada", "@exam", "ple.org"], vec!["ada@example.or", "g"], "ada@example.org".split("").collect()] {
        let cut: Vec<&str> = cut.into_iter().filter(|piece| !piece.is_empty()).collect();
        let mut events: Vec<String> = cut.iter().flat_map(|piece| [named(0, piece), tokens(1, piece)]).collect();
        events.extend([arguments(0, "{}"), tokens(1, " so "), finish("tool_calls"), DONE.to_owned()]);
        for (reply, gateway) in through(&events, masking) {
            assert!(reply.clean, "{}", reply.text());
            let json: Vec<serde_json::Value> =
                reply.events().iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
            let of = |choice: u64, pointer: &str| -> String {
                let of = json.iter().filter(|event| event["choices"][0]["index"] == choice);
                of.filter_map(|event| event.pointer(&format!("/choices/0/{pointer}"))?.as_str()).collect()
            };
            assert_eq!(of(0, "delta/tool_calls/0/function/name"), "[EMAIL]", "{cut:?}");
            assert_eq!(of(0, "delta/tool_calls/0/function/arguments"), "{}");
            assert_eq!(of(1, "logprobs/content/0/token"), " so ", "{cut:?}");
            assert_eq!(of(1, "delta/content"), "x ".repeat(cut.len() + 1));
            assert_eq!(reply.events().len(), events.len());
            no_fault(&gateway);
        }
    }
}

/// Holds everything, always; or as long as it is not asked for the last time.
fn holder(always: bool) -> Guest {
    let hold = if always { "(i32.const 4)" } else { "(select (i32.const 0) (i32.const 4) (local.get $last))" };
    Guest::on(
        "event",
        &format!(
            "(local $n i32)
            (i32.store (i32.const 0) (i32.const 0))
            (i32.store (i32.const 4) (i32.const 700000))
            (i32.store (i32.const 8) (local.get $count))
            (if (i32.lt_u (memory.size) (i32.const 16)) (then (drop (memory.grow (i32.const 16)))))
            (block $done (loop $next
                (br_if $done (i32.ge_u (local.get $n) (local.get $count)))
                (i32.store8 (i32.add (i32.const 700000) (i32.mul (local.get $n) (i32.const 12))) {hold})
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br $next)))
            (i32.const 0)"
        ),
    )
}

#[test]
fn who_would_hold_a_text_past_its_bound_is_at_fault_also_if_it_would_decide_at_its_end() {
    let mut events: Vec<String> = (0..40).map(|_| text(0, &long(100))).collect();
    events.push(DONE.to_owned());
    let bound = |always| {
        move |upstream: &Upstream| {
            gateway(upstream.address, "[limits]\nheld = \"2KiB\"", &[("holder", &holder(always), "")])
        }
    };
    // The first is not counted: without it nothing could be held.
    let fitting = [&events[..21], &events[40..]].concat();
    for (reply, gateway) in through(&fitting, bound(false)) {
        assert!(reply.clean, "{}", reply.text());
        assert_eq!(reply.streamed(), long(100).repeat(21));
        no_fault(&gateway);
    }
    // One read with the end marker in it leaves nothing to be held.
    for always in [false, true] {
        for (reply, gateway) in through(&events[..40], bound(always)) {
            assert!(!reply.clean && reply.text().contains("plugin_failed"), "{}", reply.text());
            assert_eq!(reply.streamed(), "");
            soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"answer\""]), 1.0);
        }
    }
}

#[test]
fn who_always_holds_holds_texts_that_it_has_seen_and_no_longer_than_to_their_end() {
    let mut events = vec![text(0, "Sure."), begin(0)];
    events.extend((0..600).map(|_| arguments(0, &long(180))));
    events.extend([text(0, "Done."), text(1, "Sure."), finish("stop"), DONE.to_owned()]);
    for always in [true, false] {
        for (reply, gateway) in
            through(&events, |upstream| gateway(upstream.address, "", &[("holder", &holder(always), "")]))
        {
            assert!(reply.clean, "{}", reply.text());
            assert_eq!(reply.streamed(), "Sure.Done.Sure.");
            assert_eq!(reply.events().len(), events.len());
            no_fault(&gateway);
        }
    }
}

/// The masker as it was built against the contract 0.1.0, before it was known where a text ends. Never build it anew.
const MASKER_0_1_0: &str = "6ab51943d143eb60f988f651a15e2fa66201e33cd338e473eeb4a0b2d7f90936";

#[test]
fn the_masker_of_0_1_0_still_masks_and_no_longer_keeps_a_tool_call_waiting() {
    let kept = fs::read(root().join("plugin-sdk/conformance/kept/redact-pii-0.1.0.wasm")).unwrap();
    assert_eq!(blake3::hash(&kept).to_hex().as_str(), MASKER_0_1_0);
    let masking = |upstream: &Upstream| {
        let chain = "[plugins]\n[[plugins.chain]]\nplugin = \"masker\"\n";
        Gateway::start_with(&format!("{}{chain}", config(upstream.address)), |folder| install(folder, "masker", &kept))
    };
    let mut events = vec![text(0, "Write to ada"), text(0, "@example.org"), begin(0)];
    events.extend((0..600).map(|_| arguments(0, &long(180))));
    events.extend([text(0, "or jane@example.org"), finish("stop"), DONE.to_owned()]);
    for (reply, gateway) in through(&events, masking) {
        assert!(reply.clean, "{}", reply.text());
        assert_eq!(reply.streamed(), "Write to [EMAIL]or [EMAIL]");
        no_fault(&gateway);
    }
}
