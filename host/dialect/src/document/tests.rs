use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn chat(body: &str) -> Document {
    Document::request(DialectCall::OPENAI_CHAT, Bytes::copy_from_slice(body.as_bytes()))
}

fn written(document: &mut Document) -> String {
    String::from_utf8(document.bytes().unwrap().to_vec()).unwrap()
}

fn pairs(document: &mut Document) -> Vec<(String, String)> {
    document.texts().unwrap().into_iter().map(|text| (text.role.into_owned(), text.text)).collect()
}

#[test]
fn a_document_that_nobody_changed_is_the_bytes_it_was_made_of() {
    let body = Bytes::from_static(
        b" { \"model\" : \"m\", \"messages\":[{\"role\":\"user\",\"content\":\"hi\"}], \"n\" : 1.0e+00 } ",
    );
    let mut document = Document::request(DialectCall::OPENAI_CHAT, body.clone());
    document.get("/n").unwrap();
    document.texts().unwrap();
    assert_eq!(document.remove("/absent"), Ok(false));
    document.replace(body.clone()).unwrap();
    assert!(!document.is_changed());
    assert_eq!(document.bytes().unwrap().as_ptr(), body.as_ptr());
    assert_eq!((document.len(), document.is_empty()), (body.len(), false));
}

#[test]
fn values_are_found_by_pointer_before_and_after_a_change() {
    let mut document = chat(r#"{"a":[1.50,{"b/c":"x","m~n":null}],"":{"":7},"\u0064":true,"e":1,"e":2}"#);
    for changed in [false, true] {
        for (pointer, expected) in [
            ("/a/0", Some("1.50")),
            ("/a/1/b~1c", Some("\"x\"")),
            ("/a/1/m~0n", Some("null")),
            ("//", Some("7")),
            ("/d", Some("true")),
            ("/e", Some("2")),
            ("/a/2", None),
            ("/a/-", None),
            ("/a/00", None),
            ("/a/+1", None),
            ("/a/", None),
            ("/a/99999999999999999999", None),
            ("/a/0/x", None),
            ("/nope/x", None),
        ] {
            assert_eq!(document.get(pointer).unwrap().as_deref(), expected, "{pointer} {changed}");
        }
        document.set("/new", "[]").unwrap();
        document.set("/a/1/new", "1").unwrap();
        document.remove("/a/1/new").unwrap();
    }
    assert_eq!(chat("{ }").get("").unwrap().as_deref(), Some("{ }"));
}

#[test]
fn pointers_that_are_none_are_refused() {
    for pointer in ["a", "#/a", "/a~", "/a~2", "/~/b", &"/a".repeat(128)] {
        let refused =
            |result: Result<(), EditError>| assert!(matches!(result, Err(EditError::BadPointer { .. })), "{pointer}");
        refused(chat("{}").get(pointer).map(|_| ()));
        refused(chat("{}").set(pointer, "1"));
        refused(chat("{}").remove(pointer).map(|_| ()));
    }
}

#[test]
fn only_what_is_set_changes() {
    let mut document =
        chat(r#"{"model":"m","big":123456789012345678901234567890.10,"f":1.0E5,"messages":[ {"content":"\u00e9"} ]}"#);
    document.set("/temperature", " 0.10 ").unwrap();
    document.set("/model", "\"n\"").unwrap();
    document.set("/messages/-", r#"{"role": "user"}"#).unwrap();
    document.set("/messages/0/role", "\"user\"").unwrap();
    document.set("/k\"/x", "1").unwrap_err();
    document.set("/k\"", "{}").unwrap();
    assert_eq!(document.get("/messages/1").unwrap().as_deref(), Some(r#"{"role": "user"}"#));
    assert_eq!(
        written(&mut document),
        r#"{"model":"n","big":123456789012345678901234567890.10,"f":1.0E5,"messages":[{"content":"\u00e9","role":"user"},{"role": "user"}],"temperature":0.10,"k\"":{}}"#
    );
    assert!(document.is_changed());
    assert_eq!(document.bytes().unwrap().as_ptr(), document.bytes().unwrap().as_ptr(), "written once");
    assert_eq!(document.len(), document.bytes().unwrap().len());
}

#[test]
fn setting_a_name_that_stands_twice_leaves_one() {
    let mut document = chat(r#"{"a":1,"b":2,"\u0061":3}"#);
    document.set("/a", "4").unwrap();
    assert_eq!(written(&mut document), r#"{"a":4,"b":2}"#);
    let mut document = chat(r#"{"a":1,"b":2,"\u0061":3}"#);
    assert_eq!(document.remove("/a"), Ok(true));
    assert_eq!(written(&mut document), r#"{"b":2}"#);
}

#[test]
fn removing_keeps_the_order_of_the_rest() {
    let mut document = chat(r#"{"a":1,"b":[1,2,3],"c":3,"d":4}"#);
    assert_eq!(document.remove("/a"), Ok(true));
    assert_eq!(document.remove("/b/0"), Ok(true));
    assert_eq!(document.remove("/b/2"), Ok(false));
    assert_eq!(document.remove("/b/-"), Ok(false));
    assert_eq!(document.remove("/a"), Ok(false));
    assert_eq!(document.remove(""), Err(EditError::RemoveRoot));
    assert_eq!(written(&mut document), r#"{"b":[2,3],"c":3,"d":4}"#);
}

#[test]
fn what_cannot_be_set_is_refused_with_a_reason_and_changes_nothing() {
    let mut document = chat(r#"{"a":[1],"s":"x"}"#);
    let said = |result: Result<(), EditError>| result.unwrap_err().to_string();
    assert_eq!(
        said(document.set("/a/1", "2")),
        "nothing can be put at `/a/1`: the array has 1 elements; use `-` to append"
    );
    assert!(said(document.set("/b/c", "2")).starts_with("nothing can be put at `/b/c`: its parent is not there"));
    assert!(said(document.set("/s/0", "2")).contains("neither an object nor an array"));
    assert!(said(document.set("/a/-/b", "2")).contains("its parent is not there"));
    assert_eq!(
        said(document.set("/s", "hello")),
        "the value is not JSON: expected a value at byte 0; a string needs its quotes"
    );
    assert!(said(document.set("/s", "1,2")).contains("expected nothing after the value"));
    assert_eq!(said(document.set("", "[]")), "the body as a whole can be replaced by a JSON object only");
    assert_eq!(
        said(document.replace(Bytes::from_static(b"1"))),
        "the body as a whole can be replaced by a JSON object only"
    );
    assert!(matches!(document.replace(Bytes::from_static(b"{")), Err(EditError::BadValue(_))));
    assert_eq!(document.set_text(0, "x"), Err(EditError::NoText { index: 0, count: 0 }));
    assert!(!document.is_changed());
    assert_eq!(written(&mut document), r#"{"a":[1],"s":"x"}"#);
}

/// Found by the fuzz target `edits`: white space on the way to a change that was refused had gone.
#[test]
fn what_is_refused_after_a_change_leaves_every_byte_as_it_stood() {
    let body = r#"{"list":[	1, {"a" : [ 2 ]}],"deep":{ "b" : { "c" : 3 } },"n":1}"#;
    let mut document = chat(body);
    document.set("/n", "2").unwrap();
    let changed = body.replace(r#""n":1"#, r#""n":2"#);
    for pointer in ["/list/7", "/list/x", "/list/1/a/1", "/list/0/a", "/deep/b/c/d", "/deep/x/y", "/deep/b/x/y"] {
        assert!(document.clone().set(pointer, "0").is_err(), "{pointer}");
        let _ = document.set(pointer, "0");
        assert_eq!(written(&mut document.clone()), changed, "{pointer}");
    }
    for pointer in ["/list/7", "/list/1/a/1", "/deep/b/x", "/deep/b/c/d", "/absent"] {
        assert_eq!(document.remove(pointer), Ok(false), "{pointer}");
        assert_eq!(written(&mut document.clone()), changed, "{pointer}");
    }
    document.set("/deep/b/c", "4").unwrap();
    assert_eq!(written(&mut document), r#"{"list":[	1, {"a" : [ 2 ]}],"deep":{"b":{"c":4}},"n":2}"#);
}

#[test]
fn a_body_that_is_not_a_json_object_passes_untouched_but_cannot_be_read() {
    for body in ["<html>", "[]", "", "{\"a\":1", "\u{feff}{}"] {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let mut document = Document::response(DialectCall::OPENAI_CHAT, bytes.clone());
        assert_eq!(document.bytes(), Ok(bytes));
        assert!(matches!(document.get("/a"), Err(EditError::NotJson(_))), "{body}");
        assert!(matches!(document.set("/a", "1"), Err(EditError::NotJson(_))));
        assert!(matches!(document.remove("/a"), Err(EditError::NotJson(_))));
        assert!(matches!(document.texts(), Err(EditError::NotJson(_))));
        assert!(matches!(document.set_text(0, "x"), Err(EditError::NotJson(_))));
        document.replace(Bytes::from_static(b"{\"ok\":1}")).unwrap();
        assert_eq!(document.get("/ok").unwrap().as_deref(), Some("1"));
    }
}

#[test]
fn replacing_the_root_begins_anew() {
    let mut document = chat(r#"{"a":1,"messages":[{"content":"x"}]}"#);
    document.set("/a", "2").unwrap();
    document.set("", r#" {"messages":[{"content":"y"}]} "#).unwrap();
    assert_eq!(pairs(&mut document), [("user".to_owned(), "y".to_owned())]);
    assert_eq!(written(&mut document), r#"{"messages":[{"content":"y"}]}"#);
}

#[test]
fn texts_of_a_chat_request_are_messages_and_text_parts() {
    let mut document = chat(
        r#"{"messages":[{"role":"system","content":"a"},{"content":"b\n","role":"pirate"},{"role":"assistant","content":null},
        {"role":"user","content":[{"type":"text","text":"c"},{"type":"image_url","image_url":{"url":"x"}},{"text":"no type"},
        {"type":"text","text":"d"},{"type":"refusal","refusal":"r"}]},{"content":"\ud83d!"},{"role":"tool"}]}"#,
    );
    let expected = [("system", "a"), ("pirate", "b\n"), ("user", "c"), ("user", "d"), ("user", "\u{fffd}!")];
    assert_eq!(pairs(&mut document), expected.map(|(role, text)| (role.to_owned(), text.to_owned())));
    for (index, text) in ["A", "B", "C", "\"D\"", "E"].into_iter().enumerate() {
        document.set_text(index, text).unwrap();
    }
    assert_eq!(document.set_text(5, "F"), Err(EditError::NoText { index: 5, count: 5 }));
    let texts: Vec<_> = pairs(&mut document).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["A", "B", "C", "\"D\"", "E"]);
    assert_eq!(document.get("/messages/3/content/3").unwrap().as_deref(), Some(r#"{"type":"text","text":"\"D\""}"#));
    assert_eq!(document.get("/messages/3/content/1/image_url").unwrap().as_deref(), Some(r#"{"url":"x"}"#));
}

#[test]
fn indexes_of_texts_follow_structural_changes() {
    let mut document = chat(r#"{"messages":[{"content":"a"},{"content":"b"}]}"#);
    document.set_text(1, "B").unwrap();
    document.remove("/messages/0").unwrap();
    document.set_text(0, "only").unwrap();
    assert_eq!(written(&mut document), r#"{"messages":[{"content":"only"}]}"#);
    assert_eq!(document.set_text(1, "x"), Err(EditError::NoText { index: 1, count: 1 }));
}

#[test]
fn texts_of_embeddings_are_strings_and_never_token_numbers() {
    let read = |body: &'static str| {
        let mut document = Document::request(DialectCall::OPENAI_EMBED, Bytes::from_static(body.as_bytes()));
        let before = pairs(&mut document);
        if !before.is_empty() {
            document.set_text(before.len() - 1, "new").unwrap();
        }
        (before.into_iter().map(|(role, text)| format!("{role}:{text}")).collect::<Vec<_>>(), written(&mut document))
    };
    assert_eq!(read(r#"{"input":"a"}"#), (vec!["input:a".into()], r#"{"input":"new"}"#.into()));
    assert_eq!(
        read(r#"{"input":["a",1,"b"]}"#),
        (vec!["input:a".into(), "input:b".into()], r#"{"input":["a",1,"new"]}"#.into())
    );
    assert_eq!(read(r#"{"input":[1,2]}"#), (vec![], r#"{"input":[1,2]}"#.into()));
    assert_eq!(read(r#"{}"#), (vec![], "{}".into()));
    let mut response =
        Document::response(DialectCall::OPENAI_EMBED, Bytes::from_static(br#"{"data":[{"embedding":[0.1]}]}"#));
    assert_eq!(response.texts(), Ok(vec![]));
}

#[test]
fn texts_of_a_response_are_the_parts_of_a_content_that_has_parts() {
    let body = r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"thinking","thinking":[]},{"type":"text","text":"b"}]}},{"message":{"content":"c"}}]}"#;
    let mut document = Document::response(DialectCall::OPENAI_CHAT, Bytes::from_static(body.as_bytes()));
    let texts: Vec<_> = pairs(&mut document).into_iter().map(|(role, text)| format!("{role} {text}")).collect();
    assert_eq!(texts, ["assistant a", "assistant b", "assistant c"]);
    document.set_text(1, "B").unwrap();
    assert_eq!(written(&mut document), body.replace("\"b\"", "\"B\""));
}

#[test]
fn texts_of_a_response_are_its_choices_and_nulls_have_no_index() {
    let body = r#"{"choices":[{"message":{"role":"assistant","content":null}},{"message":{"content":"x"}},{},{"message":{"content":"y"}}]}"#;
    let mut document = Document::response(DialectCall::OPENAI_CHAT, Bytes::from_static(body.as_bytes()));
    assert_eq!(pairs(&mut document).len(), 2);
    document.set_text(1, "Y").unwrap();
    assert_eq!(written(&mut document), body.replace("\"y\"", "\"Y\""));
    document.set_text(0, "X").unwrap();
    assert_eq!(written(&mut document), body.replace("\"y\"", "\"Y\"").replace("\"x\"", "\"X\""));
}

#[test]
fn names_that_other_parsers_treat_as_magic_are_names() {
    let body = r#"{"a":{"$serde_json::private::Number":"1"},"b":{"$serde_json::private::RawValue":"[]"},"c":1}"#;
    let mut document = chat(body);
    document.set("/c", "2").unwrap();
    assert_eq!(document.get("/b").unwrap().as_deref(), Some(r#"{"$serde_json::private::RawValue":"[]"}"#));
    document.set("/a/x", "1").unwrap();
    assert!(written(&mut document).starts_with(r#"{"a":{"$serde_json::private::Number":"1","x":1}"#));
}

#[test]
fn edits_are_bounded_in_depth_and_in_entries() {
    let mut document = chat(r#"{"a":[]}"#);
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(matches!(document.set("/a/-", &deep(126)), Err(EditError::BadValue(JsonSyntaxError::TooDeep { .. }))));
    document.set("/a/-", &deep(125)).unwrap();
    let body = document.bytes().unwrap();
    assert!(serde_json::from_slice::<Value>(&body).is_ok());
    let long = format!("{{\"input\":[{}1]}}", "1,".repeat(70_000));
    let mut document = Document::request(DialectCall::OPENAI_EMBED, Bytes::from(long));
    assert!(matches!(document.set("/input/5", "2"), Err(EditError::TooManyEntries { .. })));
    assert_eq!(document.get("/input/70000").unwrap().as_deref(), Some("1"));
    document.set("/input", "[2]").unwrap();
    assert_eq!(written(&mut document), r#"{"input":[2]}"#);
}

#[test]
fn content_is_not_shown_in_debug_output() {
    let shown = format!("{:?}", chat(r#"{"secret":"prompt"}"#));
    assert!(!shown.contains("prompt") && !shown.contains("secret") && shown.contains("19"), "{shown}");
}

/// One edit, given by names that hit and miss.
#[derive(Debug, Clone)]
enum Edit {
    Set(String, Value),
    Remove(String),
    Write,
}

fn edit() -> impl Strategy<Value = Edit> {
    let token = prop::sample::select(vec!["a", "b", "0", "1", "-", "", "~0", "~1", "é"]);
    let pointer = prop::collection::vec(token, 1..4).prop_map(|tokens| format!("/{}", tokens.join("/")));
    let value = prop::sample::select(vec![
        json!({}),
        json!([]),
        json!({"a": [1, {"b": 2}]}),
        json!([{}, 1.5]),
        json!("x\n"),
        json!(null),
    ]);
    prop_oneof![
        4 => (pointer.clone(), value).prop_map(|(pointer, value)| Edit::Set(pointer, value)),
        2 => pointer.prop_map(Edit::Remove),
        1 => Just(Edit::Write),
    ]
}

/// The same edit on serde_json's tree.
fn apply(model: &mut Value, edit: &Edit) -> bool {
    let (pointer, value) = match edit {
        Edit::Set(pointer, value) => (pointer, Some(value)),
        Edit::Remove(pointer) => (pointer, None),
        Edit::Write => return true,
    };
    let (parent, token) = pointer.rsplit_once('/').unwrap();
    let token = token.replace("~1", "/").replace("~0", "~");
    match (model.pointer_mut(parent), value) {
        (Some(Value::Object(map)), Some(value)) => {
            map.insert(token, value.clone());
            true
        }
        (Some(Value::Object(map)), None) => map.shift_remove(&token).is_some(),
        (Some(Value::Array(list)), Some(value)) if token == "-" => {
            list.push(value.clone());
            true
        }
        (Some(Value::Array(list)), value) => {
            match (token.parse::<usize>().ok().filter(|index| *index < list.len()), value) {
                (Some(index), Some(value)) => {
                    list[index] = value.clone();
                    true
                }
                (Some(index), None) => {
                    list.remove(index);
                    true
                }
                (None, _) => false,
            }
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn edits_do_what_they_do_to_a_plain_tree(edits in prop::collection::vec(edit(), 0..20)) {
        let mut model = json!({"a": [1, {"b": [true, "x"]}, []], "b": {"0": {"a": null}, "/": 1}});
        let mut document = chat(&serde_json::to_string_pretty(&model).unwrap());
        for edit in &edits {
            let did = match edit {
                Edit::Set(pointer, value) => document.set(pointer, &value.to_string()).is_ok(),
                Edit::Remove(pointer) => document.remove(pointer).unwrap(),
                Edit::Write => document.bytes().is_ok(),
            };
            prop_assert_eq!(did, apply(&mut model, edit), "{:?}", edit);
            if let Edit::Set(pointer, _) | Edit::Remove(pointer) = edit {
                let ours = document.get(pointer).unwrap().map(|text| serde_json::from_str::<Value>(&text).unwrap());
                prop_assert_eq!(ours.as_ref(), model.pointer(pointer));
            }
        }
        let ours: Value = serde_json::from_slice(&document.bytes().unwrap()).unwrap();
        prop_assert_eq!(ours.to_string(), model.to_string());
    }
}
