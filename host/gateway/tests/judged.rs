//! One judgement says what an answer is: of a whole one, of what a stream begins with, and of what a stream ends as. What is
//! no answer in one of these places is none in the others.

use crate::support::client::Streaming;
use crate::support::no_answers::{Case, are_no_answers, case, good};
use crate::support::providers::{asking, gateway_of};
use crate::support::upstream::{DONE, END, STREAM, USAGE, Upstream, chunk, delta, ok, wait_until_read};
use crate::support::{ACME, Gateway, chat, chat_stream, config, config_with, post, until};
use std::io::Write;

const ERROR: (u16, &str) = (502, "upstream_error");

/// An event of these data.
fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// An upstream that streams these events: an answer to nobody.
fn stream(events: &[&str]) -> Case {
    case(format!("{events:?}"), Upstream::stream(events), true, ERROR)
}

/// The same for a whole body, said in place of an answer and of a stream.
fn whole(body: &str) -> [Case; 2] {
    [false, true].map(|streaming| {
        case(format!("{body} ({streaming})"), Upstream::fixed(ok("application/json", body)), streaming, ERROR)
    })
}

/// A stream that begins with these data, by itself and with its end marker.
fn beginning(data: &str) -> [Case; 2] {
    [stream(&[&event(data), DONE]), stream(&[&event(data)])]
}

/// The question as one for two answers.
fn twice(body: &str) -> String {
    body.replace("\"stream\"", "\"n\":2,\"stream\"")
}

/// What a provider charges for is counted nowhere.
fn costs_nothing(gateway: &Gateway, provider: &str) {
    let closed = || gateway.metric("weir_ledger_closed_total", &[provider, "reason=\"upstream_failed\""]);
    until("the request is settled", || (closed() == 1.0).then_some(()));
    soon_eq!(gateway.metric("weir_tokens_total", &[provider]), 0.0);
}

#[test]
fn what_a_stream_begins_with_is_read_before_it_is_called_an_answer() {
    let mut cases = Vec::new();
    for data in [
        r#"{"\u0065rror":{"message":"boom"},"choices":[{"index":0,"delta":{"content":"x"}}]}"#,
        r#"{"object":"err\u006fr","message":"boom","choices":[{}]}"#,
        r#"{"ty\u0070e":"error","message":"boom","choices":[{}]}"#,
        r#"{"detail":"upstream failed","body":{"choices":[{"a":1}]}}"#,
        r#"{"detail":{"choices":[{"a":1}]},"usage":{"prompt_tokens":1000,"completion_tokens":1000}}"#,
        r#"[{"choices":[{"index":0,"delta":{"content":"x"}}]}]"#,
        r#"<p>Bad "choices":[{ here"#,
        r#"{"x":"choices","choices":[]}"#,
    ] {
        cases.extend(beginning(data));
    }
    // Half an event, which has come to its end all the same.
    cases.push(stream(&[&event(r#"{"choices":[{"index":0,"delta":{"content":"abc"#), DONE]));
    cases.push(stream(&[&event(r#"{"choices":[{"#), DONE]));
    // Several of them are no more than one.
    let nested = event(r#"{"body":{"choices":[{"a":1}]}}"#);
    cases.push(stream(&[&nested, &nested, ": more\n", &event(r#"<p>"choices":[{"#), DONE]));
    are_no_answers(&cases);
}

#[test]
fn choices_that_are_no_objects_are_none_whole_and_streamed() {
    let mut cases = Vec::new();
    for choice in ["null", "\"x\"", "0", "[]", "[{}]", "true", ""] {
        let data = format!(r#"{{"choices":[{choice}],"usage":{{"prompt_tokens":9,"completion_tokens":9}}}}"#);
        cases.extend(whole(&data));
        cases.extend(beginning(&data));
        cases.push(stream(&[&event(&format!(r#"{{"choices":[{choice}]}}"#)), DONE]));
    }
    are_no_answers(&cases);
}

#[test]
fn a_count_of_tokens_is_no_answer_whatever_ends_the_stream() {
    let alone = event(r#"{"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}"#);
    let error = event(r#"{"error":{"message":"boom"}}"#);
    let mut cases = Vec::new();
    for usage in [USAGE, &alone] {
        cases.push(stream(&[usage, DONE]));
        cases.push(stream(&[usage]));
        cases.push(stream(&[usage, usage, ": more\n", usage, DONE]));
        cases.push(stream(&[usage, &error, DONE]));
        cases.push(stream(&[usage.trim_end()]));
        cases.push(stream(&[usage, DONE.trim_end()]));
    }
    are_no_answers(&cases);
    // Where the transport breaks, nobody knows what would have come: it was carried out, at least in part.
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(&[STREAM, &chunk(USAGE)].concat()).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Both);
        false
    });
    let gateway = gateway_of([&upstream], &good(), "");
    let reply = post(gateway.address, ACME, &asking("m0", true));
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_broken"));
}

#[test]
fn usage_that_comes_before_the_answer_is_neither_lost_nor_held_for_ever() {
    let (say, upstream) = Upstream::told();
    let gateway = Gateway::start(&config(upstream.address));
    let body = chat_stream("hi").replace("\"stream\"", "\"stream_options\":{\"include_usage\":true},\"stream\"");
    say.send(USAGE.to_owned()).unwrap();
    let mut streaming = Streaming::open(gateway.address, ACME, &body);
    // The client has it before anything else has come.
    assert_eq!(streaming.next_event().as_deref(), Some(USAGE));
    say.send(delta("hello")).unwrap();
    say.send(DONE.to_owned()).unwrap();
    drop(say);
    assert_eq!(streaming.rest(), [delta("hello"), DONE.to_owned()]);
    assert_eq!(streaming.clean, Some(true));
    // Together with the answer it keeps its place.
    let upstream = Upstream::stream(&[USAGE, ": more\n", &delta("hello"), DONE]);
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &body);
    assert_eq!((reply.text(), reply.clean), ([USAGE, ": more\n", &delta("hello"), DONE].concat(), true));
}

#[test]
fn a_stream_that_had_to_begin_without_an_answer_and_ends_without_one_is_cut_and_costs_nothing() {
    let boom = event(r#"{"error":{"message":"boom"}}"#);
    let nested = event(r#"{"body":{"choices":[{"a":1}]}}"#);
    let ends = [Some(DONE), None, Some(&boom), Some(&nested)];
    for (end, own) in ends.into_iter().zip([true, true, false, true]) {
        let (say, upstream) = Upstream::told();
        let gateway = gateway_of([&upstream], &good(), "");
        say.send(": thinking\n".to_owned()).unwrap();
        let mut streaming = Streaming::open(gateway.address, ACME, &asking("m0", true));
        assert_eq!(streaming.next_event().as_deref(), Some(": thinking\n"));
        say.send(USAGE.to_owned()).unwrap();
        if let Some(end) = end {
            say.send(end.to_owned()).unwrap();
            say.send(DONE.to_owned()).unwrap();
        }
        drop(say);
        let rest = streaming.rest().concat();
        assert_eq!(streaming.clean, Some(false), "{end:?}: {rest}");
        assert!(!rest.contains("[DONE]"), "{end:?}: {rest}");
        assert_eq!(rest.contains("upstream_error"), own, "{end:?}: {rest}");
        costs_nothing(&gateway, "provider=\"p0\"");
    }
}

/// Choices that failed, as the text of one.
const FAILED: [&str; 5] = [
    r#"{"index":0,"error":{"code":502,"message":"boom"},"message":null,"delta":{"content":""},"finish_reason":"error"}"#,
    r#"{"index":0,"error":{"code":502,"message":"boom"},"message":null,"delta":{"content":""},"finish_reason":"stop"}"#,
    r#"{"index":0,"message":{"content":"half"},"delta":{"content":"half"},"finish_reason":"error"}"#,
    r#"{"index":0,"message":{"content":"half"},"delta":{"content":"half"},"finish_reason":"err\u006fr"}"#,
    r#"{"index":0,"\u0065rror":"boom","message":null,"delta":{}}"#,
];

const COUNTS: &str = r#""usage":{"prompt_tokens":300,"completion_tokens":7,"total_tokens":307}"#;

#[test]
fn an_answer_whose_every_choice_failed_is_an_error() {
    let mut cases = Vec::new();
    for failed in FAILED {
        let data = format!(r#"{{"choices":[{failed}],{COUNTS}}}"#);
        cases.extend(whole(&data));
        cases.extend(beginning(&data));
        cases.extend(beginning(&format!(r#"{{"choices":[{failed}]}}"#)));
        let both = format!(r#"{{"choices":[{failed},{}],{COUNTS}}}"#, failed.replace("\"index\":0", "\"index\":1"));
        cases.extend(whole(&both));
        cases.extend(beginning(&both));
        cases.push(stream(&[USAGE, &event(&data), DONE]));
    }
    are_no_answers(&cases);
    // Where several were asked for, the others are waited for, and then there are none.
    let other = |failed: &str| event(&format!(r#"{{"choices":[{}]}}"#, failed.replace("\"index\":0", "\"index\":1")));
    let upstreams = FAILED.map(|failed| {
        Upstream::stream(&[&event(&format!(r#"{{"choices":[{failed}]}}"#)), &other(failed), USAGE, DONE])
    });
    let gateway = gateway_of(&upstreams, &good(), "");
    for (n, failed) in FAILED.iter().enumerate() {
        let reply = post(gateway.address, ACME, &twice(&asking(&format!("m{n}"), true)));
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("next/other")), "{failed}");
    }
    soon_eq!(gateway.metric("weir_tokens_total", &["provider=\"p"]), 0.0);
}

#[test]
fn where_some_choices_failed_the_others_are_the_answer() {
    let good_one = r#"{"index":1,"message":{"content":"hello"},"delta":{"content":"hello"},"finish_reason":"stop"}"#;
    for failed in FAILED {
        let (first, second) =
            (event(&format!(r#"{{"choices":[{failed}]}}"#)), event(&format!(r#"{{"choices":[{good_one}]}}"#)));
        let both = event(&format!(r#"{{"choices":[{failed},{good_one}]}}"#));
        for events in
            [vec![&*first, &second, DONE], vec![&second, &first, DONE], vec![&first, &second], vec![&both, DONE]]
        {
            let upstream = Upstream::stream(&events);
            let gateway = Gateway::start(&config(upstream.address));
            let reply = post(gateway.address, ACME, &twice(&chat_stream("hi")));
            assert_eq!((reply.status, reply.text(), reply.clean), (200, events.concat(), true));
        }
        let body = format!(r#"{{"choices":[{failed},{good_one}],{COUNTS}}}"#);
        let upstream = Upstream::fixed(ok("application/json", &body));
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.text()), (200, body));
        let counted = || gateway.metric("weir_tokens_total", &["direction=\"input\"", "reported"]);
        until("it is counted", || (counted() == 300.0).then_some(()));
    }
}

#[test]
fn a_stream_whose_choices_have_all_failed_in_its_middle_is_cut_whatever_its_marker_says() {
    for failed in FAILED {
        let failed = event(&format!(r#"{{"choices":[{failed}]}}"#));
        let other = failed.replace("\"index\":0", "\"index\":1");
        let begun = delta("b").replace("\"index\":0", "\"index\":1");
        let a = delta("a");
        let one = vec![&*a, &failed];
        let two = vec![&*a, &begun, &failed, &other];
        for (events, is_two) in [(one, false), (two, true)] {
            for end in [&[DONE][..], &[USAGE, DONE], &[]] {
                let upstream = Upstream::stream(&[&events, end].concat());
                let gateway = Gateway::start(&config(upstream.address));
                let body = chat_stream("hi");
                let reply = post(gateway.address, ACME, &if is_two { twice(&body) } else { body });
                let text = reply.text();
                let error = text.strip_prefix(&events.concat()).unwrap_or_else(|| panic!("{text}"));
                assert!(error.contains("upstream_broken") && !error.contains("[DONE]"), "{text}");
                assert_eq!((reply.status, reply.clean), (200, false), "{text}");
            }
        }
    }
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_one_however_it_is_spelled() {
    for error in [
        r#"{"error":{"message":"boom"},"choices":[{"index":0,"delta":{"content":"x"}}]}"#,
        r#"{"\u0065rror":{"message":"boom"},"choices":[{"index":0,"delta":{"content":"x"}}]}"#,
        r#"{"e\u0072ro\u0072":"boom","choices":[{"index":0,"delta":{"content":"x"}}]}"#,
        r#"{"object":"err\u006fr","message":"boom","choices":[{"index":0,"delta":{"content":"x"}}]}"#,
    ] {
        let (hi, error) = (delta("hi"), event(error));
        let upstream = Upstream::stream(&[&hi, &error, DONE]);
        let gateway = Gateway::start(&config(upstream.address));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((reply.status, reply.text(), reply.clean), (200, [hi, error].concat(), false));
    }
    // Escapes in what a model says are nothing of that.
    let says = |text: &str| delta("TEXT").replace("TEXT", text);
    let events = [says(r"\u0065rror"), says(r"\u00e9\u4f60"), says(r#"\"\u0065rror\": \\u0065"#), says(r"\u006e")];
    let events: Vec<&str> = events.iter().map(String::as_str).chain([DONE]).collect();
    let upstream = Upstream::stream(&events);
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.status, reply.text(), reply.clean), (200, events.concat(), true));
}

/// Streams this in two pieces, of which the first is read before the second comes.
fn in_two(text: String, at: usize) -> Upstream {
    Upstream::start(move |_, _, stream| {
        let (first, second) = text.split_at(at);
        stream.write_all(&[STREAM, &chunk(first)].concat()).unwrap();
        wait_until_read(stream);
        stream.write_all(&[&chunk(second), END].concat()).is_ok()
    })
}

#[test]
fn what_a_stream_begins_with_is_waited_for_to_its_end_however_long_it_is() {
    let error = |bytes: usize| event(&format!(r#"{{"error":{{"message":"{}"}}}}"#, "m".repeat(bytes)));
    let page = format!("data: <html>{}\n\n{DONE}", "x".repeat(20_000));
    let usage = format!("{}{DONE}", USAGE.replace("\"id\":\"c\"", &format!("\"id\":\"{}\"", "c".repeat(20_000))));
    let cases = [
        (error(20_000), 18_000),
        (error(20_000) + DONE, 18_000),
        (error(20_000), 100),
        (error(300_000), 200_000),
        (page, 18_000),
        (usage, 18_000),
    ];
    let cases =
        cases.map(|(text, at)| case(format!("{} bytes, {at} first", text.len()), in_two(text, at), true, ERROR));
    are_no_answers(&cases);
    // An answer comes as it is.
    let text = [&delta(&"a".repeat(300_000)), DONE].concat();
    let upstream = in_two(text.clone(), 200_000);
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!((reply.status, reply.text() == text, reply.clean), (200, true, true));
}

#[test]
fn what_a_stream_begins_with_is_bounded_by_the_limits_of_events_and_of_answers() {
    let text = [&delta(&"a".repeat(300_000)), DONE].concat();
    let upstream = in_two(text, 200_000);
    for (limits, status, code) in [
        ("event = \"100KiB\"", 502, "upstream_too_large"),
        ("response_memory = \"100KiB\"\nresponse = \"100KiB\"\nevent = \"1MiB\"", 503, "response_memory_full"),
    ] {
        let gateway = Gateway::start(&config_with(upstream.address, "", &format!("[limits]\n{limits}\n")));
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{limits}");
    }
}
