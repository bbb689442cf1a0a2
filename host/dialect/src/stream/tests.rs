use bytes::Bytes;
use weir_http::sse::SseReader;

use super::*;

fn delta(index: u32, reason: &str) -> String {
    format!(r#"{{"id":"c","choices":[{{"index":{index},"delta":{{"content":"a]"}},"finish_reason":{reason}}}]}}"#)
}

/// Whether a stream of these deltas, for so many choices, is whole where the transport ends.
fn whole(choices: u64, deltas: &[String]) -> bool {
    let mut ending = Ending::new(choices);
    deltas.iter().for_each(|data| ending.delta(data.as_bytes()));
    ending.is_whole()
}

#[test]
fn a_choice_finishes_where_it_says_why() {
    for reason in
        [r#""stop""#, r#""length""#, r#""tool_calls""#, r#""content_filter""#, r#""function_call""#, r#""eos""#]
    {
        let last = delta(0, reason);
        assert!(whole(1, &[delta(0, "null"), last.clone()]), "{reason}");
        // Wherever in the event it stands, and however it is written.
        for form in [
            last.replace("]}", r#"],"usage":null}"#),
            last.replace("]}", r#"],"usage":{"prompt_tokens":1},"obfuscation":"x]"}"#),
            last.replace(":", " : ").replace(",", " , "),
            format!(r#"{{"choices":[{{"finish_reason":{reason},"index":0,"delta":{{}}}}]}}"#),
            format!(r#"{{"choices":[{{"finish_reason":{reason},"delta":{{"tool_calls":[{{"index":1}}]}}}}],"x":[]}}"#),
        ] {
            assert!(whole(1, std::slice::from_ref(&form)), "{form}");
        }
    }
}

#[test]
fn what_is_no_reason_finishes_nothing() {
    assert!(!whole(1, &[]));
    for reason in ["null", r#""""#, r#""error""#, "false", "{}", "[]"] {
        assert!(!whole(1, &[delta(0, reason)]), "{reason}");
    }
    for data in [
        r#"{"choices":[{"delta":{"content":"\"finish_reason\":\"stop\""}}]}"#,
        r#"{"choices":[{"delta":{"finish_reason":"stop"}}]}"#,
        r#"{"choices":[{"delta":{}}],"finish_reason":"stop"}"#,
        r#"{"choices":[{"delta":{}}]}"#,
        r#"{"choices":[{"finish_reason":"stop"}"#,
    ] {
        assert!(!whole(1, &[data.to_owned()]), "{data}");
    }
}

#[test]
fn of_several_choices_each_has_to_finish() {
    let (open, end) = ("null", r#""stop""#);
    assert!(!whole(2, &[delta(0, open), delta(1, open), delta(0, end)]));
    assert!(whole(2, &[delta(0, open), delta(1, open), delta(0, end), delta(1, end)]));
    assert!(whole(2, &[delta(0, end), delta(1, end)]));
    // One that was asked for and never began is the provider's not to give.
    assert!(whole(2, &[delta(0, open), delta(0, end)]));
    assert!(!whole(2, &[]));
    let both = r#"{"choices":[{"index":0,"finish_reason":"stop"},{"index":1,"finish_reason":null}]}"#;
    assert!(!whole(2, &[both.to_owned()]));
    assert!(whole(2, &[both.to_owned(), delta(1, end)]));
    let begun: Vec<_> = (0..300).map(|index| delta(index, open)).collect();
    let ended: Vec<_> = (0..300).map(|index| delta(index, end)).collect();
    assert!(whole(300, &[&begun[..], &ended].concat()));
    assert!(!whole(300, &[&begun[..], &ended[..127]].concat()));
}

#[test]
fn the_end_marker_makes_every_stream_whole_that_has_an_answer_in_it() {
    for choices in [1, 2] {
        let mut ending = Ending::new(choices);
        ending.delta(delta(0, "null").as_bytes());
        assert!(!ending.is_whole() && !ending.is_done());
        ending.done();
        assert!(ending.is_whole() && ending.is_done());
        // What looks like a delta and is none is no answer.
        let no_delta = [r#"{"x":{"choices":[{}]}}"#, r#"{"choices":[{"#, r#"{"choices":[]}"#];
        for deltas in [&no_delta[..0], &no_delta] {
            let mut ending = Ending::new(choices);
            deltas.iter().for_each(|data| ending.delta(data.as_bytes()));
            ending.done();
            assert!(!ending.is_whole() && !ending.is_answered() && ending.is_done());
        }
    }
}

#[test]
fn where_all_choices_failed_no_end_makes_a_stream_whole_and_where_some_did_the_others_are_the_answer() {
    let failed = |index| delta(index, r#""error""#);
    let by_itself = format!(r#"{{"choices":[{{"index":0,"error":{{"code":502}},"finish_reason":{}}}]}}"#, r#""stop""#);
    let both = r#"{"choices":[{"index":0,"error":"x"},{"index":1,"finish_reason":"stop"}]}"#.to_owned();
    let (zero, one) = (delta(0, "null"), delta(1, "null"));
    for (choices, deltas, events, wanted) in [
        (1, vec![], vec![failed(0)], false),
        (1, vec![&zero], vec![failed(0)], false),
        (1, vec![&zero], vec![by_itself.clone()], false),
        (2, vec![&zero, &one], vec![failed(0), failed(1)], false),
        (2, vec![&zero, &one], vec![failed(0)], true),
        (2, vec![&one], vec![by_itself], true),
        (2, vec![], vec![both.clone()], true),
        (1, vec![], vec![both], true),
    ] {
        let mut ending = Ending::new(choices);
        deltas.iter().for_each(|data| ending.delta(data.as_bytes()));
        events.iter().for_each(|data| ending.choice_failed(data.as_bytes()));
        ending.done();
        assert_eq!(ending.is_whole(), wanted, "{choices}: {deltas:?} {events:?}");
    }
    // Without the marker, too, each of the others has to finish.
    let mut ending = Ending::new(2);
    [&zero, &one].iter().for_each(|data| ending.delta(data.as_bytes()));
    ending.choice_failed(failed(0).as_bytes());
    assert!(!ending.is_whole());
    ending.delta(delta(1, r#""stop""#).as_bytes());
    assert!(ending.is_whole());
}

#[test]
fn what_is_left_is_an_event_only_if_it_lacks_nothing_but_its_blank_line() {
    let last = |text: &str| {
        let mut reader = SseReader::new(1000);
        reader.push(Bytes::copy_from_slice(text.as_bytes()));
        let event = reader.finish().unwrap().unwrap();
        let mut ending = Ending::new(1);
        ending.answered();
        (ending.last(&event), ending.is_whole())
    };
    let end = format!("data: {}", delta(0, r#""stop""#));
    for text in ["data: [DONE]", "data: [DONE]\n", &end, &format!("{end}\n"), &format!("{end}\r\n")] {
        assert_eq!(last(text), (true, true), "{text:?}");
    }
    let failed = format!("data: {}", delta(0, r#""error""#));
    assert_eq!(last(&failed), (true, false));
    assert_eq!(last("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}"), (true, false));
    assert_eq!(last(&format!("data: {}", delta(0, "null"))), (true, false));
    for text in [
        &end[..end.len() - 1],
        "data: [DON",
        "data: {\"id\":",
        "data: {}",
        "data",
        "data: {\"error\":{\"message\":\"x\"}}",
    ] {
        assert_eq!(last(text), (false, false), "{text:?}");
    }
}
