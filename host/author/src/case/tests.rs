use super::*;

fn read_text(text: &str) -> Result<Vec<Case>, Wrong> {
    cases(&ValueAt::top(&serde_json::from_str(text).unwrap()))
}

#[test]
fn everything_but_the_hook_may_be_left_out() {
    for hook in HookKind::ALL {
        let [case] = &*read_text(&format!(r#"{{"hook":"{}"}}"#, hook.name())).unwrap() else { panic!("one case") };
        assert_eq!((case.hook, case.name.as_str(), case.tenant.as_str()), (hook, "case 1", "acme"));
        assert_eq!(Case::plain(hook).unwrap().name, "case 1");
    }
    let wrong = read_text("{}").unwrap_err();
    assert_eq!((wrong.place.as_str(), wrong.what.starts_with("`hook` is missing")), ("the file", true));
}

#[test]
fn what_is_not_known_names_its_place() {
    for (text, place) in [
        (r#"{"hook":"policy","bdy":{}}"#, "bdy"),
        (r#"{"hook":"polcy"}"#, "hook"),
        (r#"{"cases":[]}"#, "cases"),
        (r#"{"cases":[{"hook":"policy"},{"hook":"policy","expect":{"sttus":1}}]}"#, "cases[1].expect.sttus"),
        (r#"{"hook":"policy","expect":{"decision":"maybe"}}"#, "expect.decision"),
        (r#"{"hook":"policy","expect":{"body":{"user":"x"}}}"#, "expect.body.user"),
        (r#"{"hook":"policy","headers":{"a b":"x"}}"#, "headers.a b"),
        (r#"{"hook":"policy","headers":{"a":"x\n"}}"#, "headers.a"),
        (r#"{"hook":"policy","settings":[]}"#, "settings"),
        (r#"{"hook":"policy","grants":["files"]}"#, "grants[0]"),
        (r#"{"hook":"policy","kv":{"n":1.5}}"#, "kv.n"),
        (r#"{"hook":"router","candidates":[{"price":1}]}"#, "candidates[0].price"),
        (r#"{"hook":"event","events":["x"]}"#, "events[0]"),
        (r#"{"hook":"response","reply":{"status":99}}"#, "reply.status"),
        (r#"{"hook":"observe","outcome":{"tokens":1}}"#, "outcome.tokens"),
    ] {
        assert_eq!(read_text(text).unwrap_err().place, place, "{text}");
    }
}

#[test]
fn a_body_in_quotes_is_taken_as_it_stands() {
    let [case] = &*read_text(r#"{"hook":"policy","body":"{ \"model\":\"m\\u0062\" }"}"#).unwrap() else {
        panic!("one")
    };
    assert_eq!(&case.request.body[..], br#"{ "model":"m\u0062" }"#);
    let [case] = &*read_text(r#"{"hook":"policy","body":{"model":"large"}}"#).unwrap() else { panic!("one") };
    assert_eq!(case.model, "large", "the model is the body's if nothing else is said");
}

#[test]
fn the_attempt_is_the_request_if_nothing_else_is_said() {
    let text = r#"{"hook":"upstream-request","headers":{"x-a":"b"},"attempt":{"number":2,"body":{}}}"#;
    let [case] = &*read_text(text).unwrap() else { panic!("one case") };
    assert_eq!(case.attempt.message.headers["x-a"], "b");
    assert_eq!((&case.attempt.message.body[..], case.attempt.number), (b"{}".as_slice(), 2));
}
