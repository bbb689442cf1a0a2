use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

/// Answers as providers write them: OpenAI, Groq (usage in an object of its own as well), vLLM, Mistral.
const OPENAI: &str = r#"{"id":"chatcmpl-B9","object":"chat.completion","created":1741569952,"model":"gpt-4.1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello! How can I assist you today?","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":7,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":0}},"service_tier":"default"}"#;
const GROQ: &str = r#"{"id":"chatcmpl-1","choices":[{"index":0,"message":{"role":"assistant","content":"Fast."},"finish_reason":"stop"}],"usage":{"queue_time":0.0378,"prompt_tokens":18,"prompt_time":6.8e-4,"completion_tokens":55,"total_tokens":73},"x_groq":{"id":"req_1","usage":{"prompt_tokens":18,"completion_tokens":1}}}"#;

fn whole(body: &str) -> AnswerReading {
    let reading = AnswerReading::of(Operation::Chat, body.as_bytes());
    assert_eq!(reading.answer, AnswerKind::Complete, "{body}");
    reading
}

/// What shapes say of a body, but for whether it is known.
fn read(shapes: &mut AnswerShapes, body: &[u8]) -> AnswerReading {
    AnswerReading { is_known: false, ..shapes.read(DialectCall::OPENAI_CHAT, body) }
}

/// Reads a body twice, and says what came of it and whether it was known the second time.
fn twice(shapes: &mut AnswerShapes, body: &str) -> (AnswerReading, bool) {
    let first = read(shapes, body.as_bytes());
    let known = shapes.find(body.as_bytes()).is_some();
    assert_eq!(shapes.read(DialectCall::OPENAI_CHAT, body.as_bytes()), AnswerReading { is_known: known, ..first });
    (first, known)
}

#[test]
fn an_answer_like_one_before_is_known_and_reports_what_it_says_itself() {
    for body in [OPENAI, GROQ] {
        let mut shapes = AnswerShapes::default();
        assert_eq!(twice(&mut shapes, body), (whole(body), true), "{body}");
        for (old, new) in [
            ("Hello! How can I assist you today?", r#"\"}]} \\"#),
            ("Hello! How can I assist you today?", ""),
            ("Fast.", "not so \u{1f9ed}, {\\\"usage\\\":{"),
            ("1741569952", "1"),
            ("chatcmpl-B9", "x"),
            ("\"prompt_tokens\":19", "\"prompt_tokens\":100000000"),
            ("\"cached_tokens\":7", "\"cached_tokens\":0"),
            ("6.8e-4", "1"),
            ("\"completion_tokens\":1}", "\"completion_tokens\":999}"),
        ] {
            let other = body.replace(old, new);
            assert!(shapes.find(other.as_bytes()).is_some(), "{other}");
            assert_eq!(read(&mut shapes, other.as_bytes()), whole(&other), "{other}");
        }
    }
}

#[test]
fn what_would_be_read_otherwise_is_not_taken_for_known() {
    let mut shapes = AnswerShapes::default();
    shapes.read(DialectCall::OPENAI_CHAT, OPENAI.as_bytes());
    for (old, new) in [
        ("\"chat.completion\"", "\"error\""),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":-19"),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":19.5"),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":1e2"),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":019"),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":100000001"),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":18446744073709551616"),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":\"19\""),
        ("\"prompt_tokens\":19", "\"prompt_tokens\":"),
        ("\"total_tokens\":29", "\"total_tokens\":null"),
        ("\"service_tier\":\"default\"", "\"service_tier\":null"),
        ("\"choices\":[{", "\"choices\":[],\"x\":[{"),
        ("\"usage\":{", "\"usages\":{"),
        ("{\"id\"", "{\"error\":\"x\",\"id\""),
    ] {
        let other = OPENAI.replace(old, new);
        assert_ne!(other, OPENAI, "{old}");
        let mut fresh = AnswerShapes { known: Vec::new(), ..AnswerShapes::default() };
        std::mem::swap(&mut fresh.known, &mut shapes.known);
        assert!(fresh.find(other.as_bytes()).is_none(), "{other}");
        assert_eq!(
            fresh.read(DialectCall::OPENAI_CHAT, other.as_bytes()),
            AnswerReading::of(Operation::Chat, other.as_bytes())
        );
        shapes.read(DialectCall::OPENAI_CHAT, OPENAI.as_bytes());
    }
}

#[test]
fn an_answer_like_one_before_but_for_what_its_choices_are_judged_by_is_not_known() {
    let stop = "\"finish_reason\":\"stop\"";
    for (lesson, other) in [
        (stop.to_owned(), "\"finish_reason\":\"error\""),
        ("\"finish_reason\":\"STOP AT LAST, AS IT WAS TO\"".to_owned(), "\"finish_reason\":\"error\""),
        (format!("\"error\":\"\",{stop}"), "\"error\":\"boom\",\"finish_reason\":\"stop\""),
        (format!("\"error\":{{\"code\":0}},{stop}"), "\"error\":{\"code\":502},\"finish_reason\":\"stop\""),
    ] {
        let mut shapes = AnswerShapes::default();
        let (lesson, other) = (OPENAI.replace(stop, &lesson), OPENAI.replace(stop, other));
        assert_eq!(twice(&mut shapes, &lesson), (whole(&lesson), true), "{lesson}");
        assert_eq!(read(&mut shapes, other.as_bytes()).answer, AnswerKind::Error, "{other}");
    }
}

#[test]
fn a_known_answer_that_is_cut_anywhere_or_goes_on_is_not_known() {
    for body in [OPENAI, GROQ] {
        let mut shapes = AnswerShapes::default();
        assert!(twice(&mut shapes, body).1);
        for cut in 0..body.len() {
            assert_eq!(shapes.find(&body.as_bytes()[..cut]), None, "cut at {cut}");
            let read = shapes.read(DialectCall::OPENAI_CHAT, &body.as_bytes()[..cut]).answer;
            let wanted = if cut == 0 { AnswerKind::NoAnswer } else { AnswerKind::Cut };
            assert!(read == wanted || read == AnswerKind::Cut, "cut at {cut}: {read:?}");
        }
        for more in ["}", "x", ",\"error\":1}", "{}"] {
            assert_eq!(shapes.find(format!("{body}{more}").as_bytes()), None, "{more}");
        }
    }
}

#[test]
fn what_an_answer_is_judged_by_never_differs_within_a_shape() {
    let with = |error: &str| OPENAI.replace("{\"id\"", &format!("{{\"error\":{error},\"type\":\"ok\",\"id\""));
    for error in [r#""""#, r#"{"message":"","code":0}"#, r#"[{"message":""}]"#, "0", "false"] {
        let mut shapes = AnswerShapes::default();
        let body = with(error);
        let reading = read(&mut shapes, body.as_bytes());
        for other in [r#""boom""#, r#"{"message":"boom","code":0}"#, r#"{"message":"","code":9}"#, "1", "true"] {
            let other = with(other);
            assert_eq!(shapes.find(other.as_bytes()), None, "{error} before {other}");
        }
        for kind in ["error", "er\\u0072or"] {
            let other = body.replace("\"type\":\"ok\"", &format!("\"type\":\"{kind}\""));
            assert_eq!(shapes.find(other.as_bytes()), None, "{other}");
        }
        assert_eq!(read(&mut shapes, body.as_bytes()), reading);
    }
}

#[test]
fn what_counts_twice_and_what_does_not_report_all_has_no_shape() {
    let usage = r#""usage":{"prompt_tokens":2,"completion_tokens":2,"total_tokens":4}"#;
    for members in [
        format!(r#"{usage},{usage}"#),
        r#""usage":{"prompt_tokens":2,"prompt_tokens":2,"total_tokens":4}"#.to_owned(),
        r#""usage":{"prompt_tokens":2,"total_tokens":4,"prompt_tokens_details":{"cached_tokens":2},"prompt_tokens_details":{}}"#
            .to_owned(),
        r#""usage":{"prompt_tokens":2}"#.to_owned(),
        r#""usage":null"#.to_owned(),
        r#""created":1"#.to_owned(),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"text"}}}}],{members}}}"#);
        let mut shapes = AnswerShapes::default();
        assert_eq!(twice(&mut shapes, &body), (whole(&body), false), "{body}");
    }
}

#[test]
fn shapes_are_bounded_in_number_and_size_and_lessons_are_paid_for() {
    let mut shapes = AnswerShapes::default();
    let member = |n: usize| OPENAI.replace("\"refusal\"", &format!("\"member_{n}\""));
    for n in 0..1000 {
        let body = member(n);
        assert_eq!(read(&mut shapes, body.as_bytes()), whole(&body));
    }
    assert_eq!(shapes.known.len(), SHAPES);
    assert!(shapes.credit.is_spent(), "{:?}", shapes.credit);
    // A day when answers look alike comes all the same.
    for n in 0..100 {
        shapes.read(DialectCall::OPENAI_CHAT, OPENAI.replace("B9", &n.to_string()).as_bytes());
    }
    assert!(shapes.find(OPENAI.as_bytes()).is_some());

    let many = format!("[{}]", vec!["1"; VALUES].join(","));
    let long = format!("{{\"{}\":1}}", "a".repeat(BYTES));
    for large in [many, long] {
        let body = OPENAI.replace("\"annotations\":[]", &format!("\"annotations\":{large}"));
        assert_eq!(twice(&mut AnswerShapes::default(), &body), (whole(&body), false));
    }
}

#[test]
fn embeddings_are_read_in_full() {
    let body = br#"{"object":"list","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let mut shapes = AnswerShapes::default();
    for _ in 0..3 {
        assert_eq!(shapes.read(DialectCall::OPENAI_EMBED, body), AnswerReading::of(Operation::Embed, body));
    }
    assert!(shapes.known.is_empty());
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Json::from),
        any::<u32>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
        "stop|error|length".prop_map(Json::from),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    let name =
        || "error|type|object|usage|choices|prompt_tokens|total_tokens|x|prompt_tokens_details|cached_tokens|index";
    scalar().prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::hash_map(name(), inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #[test]
    fn shapes_say_what_a_reader_says(
        members in prop::collection::vec(("error|type|object|usage|choices|x|id", value()), 0..4),
        others in prop::collection::vec(scalar(), 8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut answer: Json = serde_json::from_str(OPENAI).unwrap();
        for (name, value) in &members {
            if let (Json::Object(place), "usage", Json::Object(more)) = (&mut answer["usage"], name.as_str(), value) {
                place.extend(more.clone());
            } else {
                answer[name] = value.clone();
            }
        }
        let mut shapes = AnswerShapes::default();
        let mut check = |answer: &Json| {
            let body = serde_json::to_vec(answer).unwrap();
            for body in [&body[..], &body[..cut.index(body.len())]] {
                let reading = shapes.read(DialectCall::OPENAI_CHAT, body);
                let known = reading.is_known && weir_http::json::strings_are_valid(body);
                assert!(!known || crate::readable::whole(body).is_ok(), "{}", String::from_utf8_lossy(body));
                let reading = AnswerReading { is_known: false, ..reading };
                assert_eq!(reading, AnswerReading::of(Operation::Chat, body), "{}", String::from_utf8_lossy(body));
            }
        };
        check(&answer);
        // The same with another scalar in one place after the other.
        let places: Vec<String> = pointers(&answer);
        for (place, other) in places.iter().cycle().take(64).zip(others.iter().cycle()) {
            let mut changed = answer.clone();
            *changed.pointer_mut(place).unwrap() = other.clone();
            check(&changed);
            check(&answer);
        }
    }
}

/// Pointers to all scalars.
fn pointers(value: &Json) -> Vec<String> {
    let under = |name: &str, value: &Json| -> Vec<String> {
        pointers(value)
            .into_iter()
            .map(|rest| format!("/{}{rest}", name.replace('~', "~0").replace('/', "~1")))
            .collect()
    };
    match value {
        Json::Object(members) => members.iter().flat_map(|(name, value)| under(name, value)).collect(),
        Json::Array(elements) => {
            elements.iter().enumerate().flat_map(|(at, value)| under(&at.to_string(), value)).collect()
        }
        _ => vec![String::new()],
    }
}

#[test]
fn an_answer_that_is_known_can_be_shown_if_what_its_strings_hold_is_valid() {
    let mut shapes = AnswerShapes::default();
    assert!(twice(&mut shapes, OPENAI).1);
    for (text, readable) in [
        ("fine", true),
        (r"\u00e9 \n \ud800 \\ \/", true),
        ("a\u{1}b", false),
        ("a\nb", false),
        (r"\x", false),
        (r"\u12", false),
    ] {
        let body = OPENAI.replace("Hello! How can I assist you today?", text);
        let reading = shapes.read(DialectCall::OPENAI_CHAT, body.as_bytes());
        assert!(reading.is_known, "{body}");
        assert_eq!(reading.document(DialectCall::OPENAI_CHAT, body.into()).readable().is_ok(), readable, "{text}");
    }
    let mut bytes = OPENAI.as_bytes().to_vec();
    let at = OPENAI.find("Hello").unwrap();
    bytes[at] = 0xff;
    let reading = shapes.read(DialectCall::OPENAI_CHAT, &bytes);
    assert!(reading.is_known && reading.document(DialectCall::OPENAI_CHAT, bytes.into()).readable().is_err());
    // What stands twice has no shape, and is not shown.
    let twice = OPENAI.replace("\"content\":", "\"content\":\"x\",\"content\":");
    for _ in 0..2 {
        let reading = shapes.read(DialectCall::OPENAI_CHAT, twice.as_bytes());
        assert!(
            !reading.is_known && reading.document(DialectCall::OPENAI_CHAT, twice.clone().into()).readable().is_err()
        );
    }
    let marked = format!("\u{feff}{OPENAI}");
    let mut document =
        AnswerReading::of(Operation::Chat, marked.as_bytes()).document(DialectCall::OPENAI_CHAT, marked.into());
    assert!(document.readable().is_ok() && document.texts().unwrap().len() == 1);
}
