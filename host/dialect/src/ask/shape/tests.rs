use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::fit::{KINDS, Pattern};
use super::lesson::{BYTES, VALUES};
use super::*;

/// Requests as programs write them: by hand, OpenAI's libraries, a coding agent in the middle of its work, and Python's own
/// JSON with white space.
const SHORT: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]}"#;
const STREAM: &str = r#"{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hello"}],"model":"gpt-4o","max_tokens":200,"stream":true,"stream_options":{"include_usage":true},"temperature":0.7}"#;
const SILENT: &str = r#"{"model":"m","stream":true,"stream_options":{"include_obfuscation":false},"messages":[{"role":"user","content":"hello"}],"user":"ada"}"#;
const AGENT: &str = r#"{"model":"o3","messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"what is there?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"list","arguments":"{\"path\":\".\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"Cargo.toml"},{"role":"user","content":"and now?"}],"tools":[{"type":"function","function":{"name":"list","description":"Lists a folder","parameters":{"type":"object","properties":{"path":{"type":"string","description":"which"}},"required":["path"]}}}],"max_completion_tokens":4096,"n":1,"response_format":{"type":"json_schema","json_schema":{"name":"files","schema":{"type":"array"}}},"stop":["a","b"],"seed":7}"#;
const SPACED: &str = "{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"one\"}, \n {\"role\": \"user\", \"content\": \"two\"}], \"stream\": false,\n\"stream_options\": null, \"max_tokens\": null}\n";
const ALL: [&str; 5] = [SHORT, STREAM, SILENT, AGENT, SPACED];

fn full(body: &str) -> Result<RequestFacts, ReadError> {
    super::read(Operation::Chat, &Bytes::copy_from_slice(body.as_bytes()))
}

fn read(shapes: &mut AskShapes, body: &str) -> Result<RequestFacts, ReadError> {
    shapes.read(DialectCall::OPENAI_CHAT, &Bytes::copy_from_slice(body.as_bytes()))
}

/// Shapes that know this request, and what it asks for.
fn knowing(body: &str) -> (AskShapes, RequestFacts) {
    let mut shapes = AskShapes::default();
    let ask = full(body).unwrap();
    assert_eq!(read(&mut shapes, body), Ok(ask.clone()), "{body}");
    assert_eq!(shapes.find(body.as_bytes()), Some(ask.clone()), "{body}");
    (shapes, ask)
}

fn other(body: &str, old: &str, new: &str) -> String {
    let other = body.replacen(old, new, 1);
    assert_ne!(other, body, "{old}");
    other
}

#[test]
fn a_request_like_one_before_is_known_and_asks_for_what_it_says_itself() {
    for (body, old, new) in [
        (SHORT, "hello", ""),
        (SHORT, "hello", r#"\"}]} \\ \u00e9\ud83e\udded {\"model\":\"x\"}"#),
        (SHORT, "hello", "not so \u{1f9ed}"),
        (SHORT, "gpt-4o", "o3"),
        (SHORT, "\"user\"", "\"system\""),
        (STREAM, "200", "7"),
        (STREAM, "0.7", "-1.5e3"),
        (STREAM, "be brief", "be long, and say all that is to be said"),
        (SILENT, "ada", "grace hopper"),
        (SILENT, "hello", "a longer text, before which and behind which something stands"),
        (AGENT, "4096", "1"),
        (AGENT, "iVBORw0KGgo=", ""),
        (AGENT, "Lists a folder", "Lists all that is in a folder"),
        (AGENT, r#"{\"path\":\".\"}"#, "{}"),
        (AGENT, "Cargo.toml", "src"),
        (AGENT, "\"seed\":7", "\"seed\":70000000000000000000000000"),
        (SPACED, "one", "three"),
    ] {
        let (mut shapes, _) = knowing(body);
        let other = other(body, old, new);
        let ask = full(&other).unwrap();
        assert_eq!(shapes.find(other.as_bytes()), Some(ask.clone()), "{other}");
        assert_eq!(read(&mut shapes, &other), Ok(ask), "{other}");
    }
}

#[test]
fn a_conversation_is_known_however_long_it_has_become() {
    let turn = |n: usize| {
        format!(
            r#",{{"role":"assistant","content":"answer {n}"}}, {{"role":"tool","tool_call_id":"call_{n}","content":"x"}}"#
        )
    };
    for (body, last) in [(SHORT, "\"hello\"}"), (AGENT, "now?\"}"), (STREAM, "\"hello\"}")] {
        let (mut shapes, _) = knowing(body);
        let mut long = body.to_owned();
        let mut known = 0;
        for n in 0..40 {
            long = long.replacen(last, &format!("{last}{}", turn(n)), 1);
            known += usize::from(shapes.find(long.as_bytes()).is_some());
            assert_eq!(read(&mut shapes, &long), Ok(full(&long).unwrap()), "{long}");
        }
        // Of what is new in it one lesson is enough.
        assert!(known >= 39, "{known} of {body}");
        assert!(shapes.find(body.as_bytes()).is_some(), "the shorter one is known as well");
    }
}

#[test]
fn what_would_be_read_otherwise_is_not_taken_for_known() {
    for (body, old, new) in [
        (SHORT, "\"gpt-4o\"", "\"\""),
        (SHORT, "gpt-4o", r"gpt\u002d4o"),
        (SHORT, "gpt-4o", r"gpt\ud800"),
        (SHORT, "gpt-4o", "g\u{1}t"),
        (SHORT, "\"gpt-4o\"", "1"),
        (SHORT, "\"hello\"", "null"),
        (SHORT, "\"hello\"", "[]"),
        (SHORT, "hello", "a\nb"),
        (SHORT, "hello", r"\x"),
        (SHORT, "hello", r"\u12"),
        (SHORT, "\"content\"", "\"role\":\"user\",\"content\""),
        (SHORT, "\"content\":\"hello\"", "\"content\":\"hello\",\"content\":\"other\""),
        (SHORT, "{\"model\"", "{\"model\":\"a\",\"model\""),
        (SHORT, "\"model\"", "\"Model\""),
        (SHORT, "}]}", "}],\"stream\":true}"),
        (SHORT, "}]}", "}],\"n\":9}"),
        (SHORT, "}]}", "}],\"max_tokens\":9}"),
        (SHORT, "}]}", "},]}"),
        (SHORT, "}]}", "},{}]}"),
        (SHORT, "}]}", "}]}}"),
        (SHORT, "}]}", "}]"),
        (STREAM, "\"stream\":true", "\"stream\":false"),
        (STREAM, "\"include_usage\":true", "\"include_usage\":false"),
        (STREAM, "200", "-200"),
        (STREAM, "200", "1e2"),
        (STREAM, "200", "0200"),
        (STREAM, "200", "null"),
        (STREAM, "200", "99999999999999999999"),
        (STREAM, "0.7", "NaN"),
        (SILENT, "include_obfuscation", "include_usage"),
        (AGENT, "\"n\":1", "\"n\":2"),
        (AGENT, "\"path\":{\"type\"", "\"paths\":{\"type\""),
        (AGENT, "\"properties\"", "\"property\""),
        (SPACED, "null", "{}"),
    ] {
        let (mut shapes, _) = knowing(body);
        let other = other(body, old, new);
        assert_eq!(shapes.find(other.as_bytes()), None, "{other}");
        assert_eq!(read(&mut shapes, &other), full(&other), "{other}");
    }
    let (mut shapes, _) = knowing(SHORT);
    let mut bytes = SHORT.as_bytes().to_vec();
    bytes[SHORT.find("hello").unwrap()] = 0xff;
    assert_eq!(shapes.find(&bytes), None);
    assert!(shapes.read(DialectCall::OPENAI_CHAT, &bytes.into()).is_err());
}

#[test]
fn a_known_request_that_is_cut_anywhere_or_goes_on_is_not_known() {
    for body in ALL {
        let (mut shapes, _) = knowing(body);
        for cut in 0..body.trim_end().len() {
            assert_eq!(shapes.find(&body.as_bytes()[..cut]), None, "cut at {cut}");
        }
        for more in ["}", "x", ",\"n\":1}", "{}"] {
            assert_eq!(shapes.find(format!("{body}{more}").as_bytes()), None, "{more}");
        }
    }
}

#[test]
fn a_known_request_goes_out_as_one_that_was_read() {
    for body in ALL {
        let (mut shapes, _) = knowing(body);
        let other = Bytes::from(body.replace("hello", "a text of another length").replace("gpt-4o", "gpt"));
        let known = shapes.find(&other).unwrap();
        let read = super::read(Operation::Chat, &other).unwrap();
        for (model, ask_usage) in [("gpt", false), ("a-model-elsewhere", true), ("x", false)] {
            assert_eq!(known.outgoing(&other, model, ask_usage), read.outgoing(&other, model, ask_usage));
        }
    }
}

#[test]
fn reasoning_said_under_both_names_has_no_shape() {
    let message = r#"{"role":"assistant","content":"a","reasoning":"bb","reasoning_content":"ccc"}"#;
    for message in [message.to_owned(), message.replace("\"reasoning\"", r#""reas\u006fning""#)] {
        let body = SHORT.replace("[{", &format!("[{message},{{"));
        let mut shapes = AskShapes::default();
        for _ in 0..3 {
            assert_eq!(read(&mut shapes, &body), Ok(full(&body).unwrap()));
            assert_eq!(shapes.find(body.as_bytes()), None, "{body}");
        }
    }
}

#[test]
fn shapes_and_kinds_are_bounded_in_number_and_size_and_lessons_are_paid_for() {
    let mut shapes = AskShapes::default();
    for n in 0..1000 {
        let body = SHORT.replace("}]}", &format!("}}],\"member_{n}\":1}}"));
        assert_eq!(read(&mut shapes, &body), Ok(full(&body).unwrap()));
    }
    assert!(shapes.known.len() <= SHAPES);
    assert!(shapes.credit.is_spent(), "{:?}", shapes.credit);
    // A day when requests look alike comes all the same.
    for n in 0..100 {
        read(&mut shapes, &SHORT.replace("hello", &n.to_string())).unwrap();
    }
    for n in 0..1000 {
        let kind = SHORT.replace("\"role\"", &format!("\"extra_{n}\":1,\"role\""));
        assert_eq!(read(&mut shapes, &kind), Ok(full(&kind).unwrap()));
        read(&mut shapes, SHORT).unwrap();
    }
    assert!(shapes.known.len() <= SHAPES && shapes.known.iter().all(|shape| shape.kinds.len() <= KINDS));

    let message = |n: usize| format!("{{\"role\":\"user\",\"extra_{n}\":1}},");
    let many_kinds: String = (0..=KINDS).map(message).collect();
    let values = format!("\"stop\":[{}1],", "1,".repeat(VALUES));
    let long = format!("\"{}\":1,", "a".repeat(BYTES));
    for (old, large) in
        [("[{\"role\"", format!("[{many_kinds}{{\"role\"")), ("{", format!("{{{values}")), ("{", format!("{{{long}"))]
    {
        let body = other(SHORT, old, &large);
        let mut shapes = AskShapes::default();
        assert_eq!(read(&mut shapes, &body), Ok(full(&body).unwrap()));
        assert!(shapes.known.is_empty(), "{body}");
    }
}

#[test]
fn nothing_of_a_string_is_kept() {
    let body = AGENT.replace("\"role\":\"user\"", "\"role\":\"secret-1\"").replace("\"o3\"", "\"secret-2\"");
    let body = body.replace("\"ada\"", "\"secret-3\"").replace("\"a\",\"b\"", "\"secret-4\",\"secret-5\"");
    let (shapes, _) = knowing(&body);
    let kept =
        |pattern: &Pattern| pattern.constants().map(|c| String::from_utf8(c.to_vec()).unwrap()).collect::<String>();
    let shape = &shapes.known[0];
    let all: String = shape.kinds.iter().chain([&shape.front, &shape.back]).map(kept).collect();
    assert!(all.contains("\"tool_call_id\":") && all.contains("\"properties\":{\"path\":"), "{all}");
    for word in ["secret", "brief", "Cargo", "iVBOR", "call_1", "Lists", "\"function\"}", "user"] {
        assert!(!all.contains(word), "{word} in {all}");
    }
}

#[test]
fn a_long_request_teaches_nothing_and_is_known_all_the_same() {
    let long = SHORT.replace("hello", &"a".repeat(LESSON));
    let mut shapes = AskShapes::default();
    assert_eq!(read(&mut shapes, &long), Ok(full(&long).unwrap()));
    assert!(shapes.known.is_empty());
    let (mut shapes, _) = knowing(SHORT);
    assert_eq!(shapes.find(long.as_bytes()), Some(full(&long).unwrap()));
}

#[test]
fn what_shapes_scan_of_a_request_that_has_none_of_them_is_bounded() {
    // Shapes and kinds that all begin alike, and a request that differs from each behind its long strings.
    let mut shapes = AskShapes::default();
    for n in 0..SHAPES {
        for kind in 0..KINDS {
            let body =
                SHORT.replace("\"}", &format!("\",\"kind_{kind}\":1}}")).replace("}]}", &format!("}}],\"s{n}\":1}}"));
            read(&mut shapes, &body).unwrap();
            for _ in 0..8 {
                read(&mut shapes, SHORT).unwrap();
            }
        }
    }
    assert_eq!(shapes.known.len(), SHAPES);
    let long = "a".repeat(100_000);
    let body = SHORT.replace("user", &long).replace("hello", &long).replace("}]}", "}],\"t\":1}");
    let tokens = TokenScanner::of(body.as_bytes()).unwrap();
    let mut left = TIMES * body.len();
    let scanned = |left: &mut usize| shapes.known.iter().filter(|shape| shape.fits(&tokens, left).is_some()).count();
    assert_eq!(scanned(&mut left), 0);
    assert!(left < body.len(), "{left} are left, so that nothing was bounded");
    assert_eq!(shapes.find(body.as_bytes()), None);
    assert_eq!(read(&mut shapes, &body), Ok(full(&body).unwrap()));
}

#[test]
fn a_string_in_the_place_of_what_decides_has_no_shape() {
    for member in ["\"n\":\"two\"", "\"stream_options\":{\"include_usage\":true,\"x\":\"secret\"}"] {
        let body = SHORT.replace("}]}", &format!("}}],{member}}}"));
        let mut shapes = AskShapes::default();
        assert_eq!(read(&mut shapes, &body), Ok(full(&body).unwrap()));
        assert!(shapes.known.is_empty(), "{body}");
    }
}

#[test]
fn embeddings_are_read_in_full() {
    let body = Bytes::from_static(br#"{"model":"m","input":["a","b"]}"#);
    let mut shapes = AskShapes::default();
    for _ in 0..3 {
        assert_eq!(shapes.read(DialectCall::OPENAI_EMBED, &body), super::read(Operation::Embed, &body));
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
        "user|function|text".prop_map(Json::from),
    ]
}

const NAMES: &str = "model|messages|input|stream|stream_options|include_usage|max_tokens|max_completion_tokens|tools|functions|\
    function|custom|response_format|n|user|role|content|tool_calls|function_call|type|text|name|refusal|reasoning|\
    reasoning_content|arguments|parameters|schema|properties|description|x";

fn value() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::hash_map(NAMES, inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #[test]
    fn shapes_say_what_a_reader_says(
        base in prop::sample::select(ALL.to_vec()),
        members in prop::collection::vec((NAMES, value()), 0..4),
        more in prop::collection::vec((NAMES, value()), 0..4),
        others in prop::collection::vec(scalar(), 8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut request: Json = serde_json::from_str(base).unwrap();
        for (name, value) in &members {
            request[name] = value.clone();
        }
        if request["messages"][0].is_object() {
            for (name, value) in &more {
                request["messages"][0][name] = value.clone();
            }
        }
        let mut shapes = AskShapes::default();
        let mut check = |request: &Json| {
            let body = serde_json::to_string(request).unwrap();
            assert_eq!(read(&mut shapes, &body), full(&body), "{body}");
            if let Some(cut) = body.get(..cut.index(body.len())) {
                assert_eq!(read(&mut shapes, cut), full(cut), "{cut}");
            }
        };
        check(&request);
        // The same with another scalar in one place after the other, and with one message more.
        let places: Vec<String> = pointers(&request);
        for (place, other) in places.iter().cycle().take(64).zip(others.iter().cycle()) {
            let mut changed = request.clone();
            *changed.pointer_mut(place).unwrap() = other.clone();
            check(&changed);
            if let Some(messages) = changed["messages"].as_array_mut() {
                messages.extend(messages.first().cloned());
            }
            check(&changed);
            check(&request);
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
