//! What the host cannot read of an answer is not taken for an answer without text: a guard that must see it is not passed by.

use crate::support;

use crate::guest::{Guest, gateway};
use crate::support::upstream::{CHAT, DONE, END, STREAM, USAGE, Upstream, chunk, delta, wait_until_read};
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, installed, post, until};
use std::io::Write;

const ADDRESS: &str = "ada@example.org";

/// A gateway with the bundled mask in front of an upstream that answers each request with the case of its number: head,
/// then pieces, each of which is read by itself.
fn masked(cases: Vec<Vec<Vec<u8>>>, binding: &str) -> Gateway {
    let upstream = Upstream::start(move |_, seen, stream| {
        let number: usize = seen.json()["messages"][0]["content"].as_str().unwrap().parse().unwrap();
        stream.set_nodelay(true).unwrap();
        cases[number].iter().all(|piece| {
            let is_sent = stream.write_all(piece).is_ok();
            wait_until_read(stream);
            is_sent
        })
    });
    let (folder, cache) = (installed(), support::cache());
    let plugins = format!("[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n", folder.display(), cache.display());
    let chain = if binding == "none" {
        String::new()
    } else {
        format!("[[plugins.chain]]\nplugin = \"redact-pii\"\n{binding}\n")
    };
    Gateway::start(&format!("{}{plugins}{chain}", config(upstream.address)))
}

/// A whole answer with these bytes, in one piece.
fn whole(kind: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let head = format!("HTTP/1.1 200 OK\r\n{kind}content-length: {}\r\n\r\n", body.len());
    vec![[head.as_bytes(), body].concat()]
}

const JSON: &str = "content-type: application/json\r\n";

fn answer() -> String {
    CHAT.replace("hello", &format!("mail {ADDRESS}"))
}

/// The answer with this in the place of that.
fn with(old: &str, new: &str) -> Vec<u8> {
    let text = answer();
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1).into_bytes()
}

/// Answers that are JSON to their outermost bracket, and cannot be shown.
fn unreadable() -> Vec<Vec<u8>> {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let stop = "\"finish_reason\":\"stop\"";
    let mut all = vec![
        with(stop, &format!("\"logprobs\":{{\"content\":[{{\"token\":\"x\",\"logprob\":-Infinity}}]}},{stop}")),
        with(stop, &format!("\"logprobs\":[NaN],{stop}")),
        with(stop, &format!("\"score\":.5,{stop}")),
        with(stop, &format!("\"extra\":{deep},{stop}")),
        with("mail ", "mail\u{1} "),
        with("mail ", "mail\n"),
        with("mail ", "mail \\x "),
        with("mail ", "mail \\u12 "),
        // Which of two is shown to the guard, and which to the client?
        with("\"content\":", "\"content\":\"clean\",\"content\":"),
        with(&format!("\"mail {ADDRESS}\""), &format!("\"mail {ADDRESS}\",\"content\":\"clean\"")),
        with(&format!("\"mail {ADDRESS}\""), &format!("\"mail {ADDRESS}\",\"cont\\u0065nt\":\"clean\"")),
        with(",\"finish_reason\"", ",\"message\":{\"content\":\"clean\"},\"finish_reason\""),
        with(",\"usage\"", ",\"choices\":[{\"message\":{\"content\":\"clean\"}}],\"usage\""),
        with("]", ",]"),
        // Some clients make a text of it.
        with(&format!("\"mail {ADDRESS}\""), "49171234567"),
        with(&format!("\"mail {ADDRESS}\""), "[49171234567]"),
        with("\"index\":0", "'index':0"),
    ];
    let mut bytes = answer().into_bytes();
    let at = answer().find("mail").unwrap();
    bytes[at] = 0xff;
    all.push(bytes);
    all
}

fn ask(gateway: &Gateway, number: usize, streaming: bool) -> Reply {
    let body = if streaming { chat_stream(&number.to_string()) } else { chat(&number.to_string()) };
    post(gateway.address, ACME, &body)
}

fn faults(gateway: &Gateway, hook: &str) -> f64 {
    let hook = format!("hook=\"{hook}\"");
    gateway.metric("weir_plugin_faults_total", &["reason=\"unreadable\"", &hook, "tenant=\"acme\""])
}

#[test]
fn a_whole_answer_that_cannot_be_read_does_not_pass_a_closed_guard_and_passes_an_open_one_counted() {
    let bodies = unreadable();
    let cases: Vec<_> = bodies.iter().map(|body| whole(JSON, body)).collect();
    let closed = masked(cases.clone(), "");
    let open = masked(cases.clone(), "on_failure = \"open\"");
    let none = masked(cases, "none");
    for (n, body) in bodies.iter().enumerate() {
        let shown = String::from_utf8_lossy(body);
        let refused = ask(&closed, n, false);
        assert_eq!((refused.status, refused.code().as_str()), (502, "upstream_unreadable"), "{shown}");
        assert!(!refused.text().contains(ADDRESS), "{shown}: {}", refused.text());
        assert_eq!(refused.header("x-should-retry"), Some("false"));
        for gateway in [&open, &none] {
            let passed = ask(gateway, n, false);
            assert_eq!((passed.status, &passed.body), (200, body), "{shown}");
        }
    }
    let all = bodies.len() as f64;
    soon_eq!((faults(&closed, "response"), faults(&open, "response")), (all, all));
    for gateway in [&closed, &open] {
        soon_eq!(gateway.metric("weir_plugin_calls_total", &["redact-pii", "response"]), 0.0, "it was not called");
        soon_eq!(gateway.metric("weir_plugin_quarantines_total", &[]), 0.0, "it is not its fault");
    }
    soon_eq!(closed.metric("weir_refusals_total", &["upstream_unreadable", "acme"]), all);
    // The work was done, and is paid for.
    until("what was used is counted", || {
        (closed.metric("weir_tokens_total", &["\"output\"", "reported"]) == all).then_some(())
    });
}

#[test]
fn an_answer_that_only_looks_odd_is_shown() {
    let parts = with(&format!("\"mail {ADDRESS}\""), &format!("[{{\"type\":\"text\",\"text\":\"mail {ADDRESS}\"}}]"));
    let spaced = answer().replace(',', " ,\r\n\t").into_bytes();
    let cases = vec![
        whole("", answer().as_bytes()),
        whole("content-type: text/plain\r\n", answer().as_bytes()),
        whole("content-type: text/event-stream\r\n", answer().as_bytes()),
        whole("content-type: application/octet-stream\r\n", &spaced),
        whole(JSON, format!("\u{feff}{}", answer()).as_bytes()),
        whole(JSON, &with("mail ", "\\ud83d\\u00e9 mail ")),
        whole(JSON, &parts),
        whole(JSON, &[answer().as_bytes(), b"{\"choices\":[]}"].concat()),
        whole(JSON, format!("{} {ADDRESS}", answer()).as_bytes()),
    ];
    let (two_documents, garbage) = (7, 8);
    let count = cases.len();
    let gateway = masked(cases, "");
    for n in 0..count {
        // An answer that was asked for as a stream and came whole is shown as what it is.
        for streaming in [false, true] {
            // The shape of an answer is known the second time.
            for _ in 0..2 {
                let reply = ask(&gateway, n, streaming);
                assert!(!reply.text().contains(ADDRESS), "{n}: {}", reply.text());
                if n == two_documents || n == garbage {
                    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_error"), "{n}");
                } else {
                    assert_eq!(reply.status, 200, "{n}: {}", reply.text());
                    assert!(reply.text().contains("mail [EMAIL]"), "{n}: {}", reply.text());
                }
            }
        }
    }
    soon_eq!(gateway.metric("weir_plugin_quarantines_total", &[]), 0.0);
}

#[test]
fn an_answer_of_a_known_shape_is_looked_at_no_less() {
    let mut bodies = vec![answer().into_bytes(); 6];
    bodies.push(with("mail ", "mail\u{1f} "));
    bodies.push(with("mail ", "mail \\q "));
    let mut bytes = answer().into_bytes();
    bytes[answer().find("mail").unwrap()] = 0x80;
    bodies.push(bytes);
    let gateway = masked(bodies.iter().map(|body| whole(JSON, body)).collect(), "");
    for n in 0..bodies.len() {
        let reply = ask(&gateway, n, false);
        assert_eq!(reply.status, if n < 6 { 200 } else { 502 }, "{n}: {}", reply.text());
        assert!(!reply.text().contains(ADDRESS), "{n}: {}", reply.text());
    }
}

/// Events that no plugin can be shown.
fn unreadable_events() -> Vec<String> {
    let said = delta(&format!("mail {ADDRESS}"));
    let content = format!("\"content\":\"mail {ADDRESS}\"");
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let mut all = vec![
        format!("data: mail {ADDRESS}\n\n"),
        format!("data: \"mail {ADDRESS}\"\n\n"),
        format!("data: [\"mail {ADDRESS}\"]\n\n"),
        format!("data: {{\"text\":\"mail {ADDRESS}\"\n\n"),
        format!("event: message\nid: 7\ndata: mail {ADDRESS}\n\n"),
        said.replace(
            "\"finish_reason\":null",
            "\"logprobs\":{\"content\":[{\"logprob\":-Infinity}]},\"finish_reason\":null",
        ),
        said.replace("\"finish_reason\":null", &format!("\"x\":{deep},\"finish_reason\":null")),
        said.replace("mail ", "mail\u{1}"),
        said.replace(&content, "\"content\":49171234567"),
        said.replace(&content, "\"content\":[{\"type\":\"text\",\"text\":49171234567}]"),
        said.replace(&content, "\"reasoning\":49171234567"),
        said.replace("mail ", "mail \\x"),
        said.replace(&content, &format!("{content},\"content\":\"clean\"")),
        said.replace(&content, &format!("{content},\"c\\u006fntent\":\"clean\"")),
        said.replace("\"choices\":[", &format!("\"choices\":[{{\"index\":0,\"delta\":{{{content}}}}}],\"choices\":[")),
        said.replace("}]}\n\n", "}],\"choices\":[]}\n\n"),
        said.replace("}]}\n\n", "}],\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n"),
        format!("data: {{\"choices\":\"mail {ADDRESS}\"}}\n\n"),
        format!("data: {{\"choices\":[\"mail {ADDRESS}\"]}}\n\n"),
        said.replace(
            "\n\n",
            &format!("\ndata: {said}\n\n").replace("data: data: ", "data: ").replace("\n\n\n\n", "\n\n"),
        ),
    ];
    // Of these one reader makes another number than the next.
    let indexes =
        ["4294967296", "-1", "-0", "1.0", "2.5", "10e-1", "\"1\"", "null", "true", "[1]", "{}", "18446744073709551616"];
    all.extend(indexes.iter().map(|index| said.replace("\"index\":0", &format!("\"index\":{index}"))));
    let call = |index: &str| {
        format!("\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":\"mail {ADDRESS}\"}}}}]")
    };
    all.extend(indexes.iter().step_by(3).map(|index| said.replace(&content, &call(index))));
    all
}

/// A stream of these events, each in a piece of its own, behind one that is well.
fn stream(events: &[&str]) -> Vec<Vec<u8>> {
    let mut pieces = vec![STREAM.to_vec(), chunk(&delta("well "))];
    pieces.extend(events.iter().map(|event| chunk(event)));
    pieces.push(END.to_vec());
    pieces
}

fn asking_usage(number: usize) -> String {
    let body = chat_stream(&number.to_string());
    body.replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}")
}

#[test]
fn an_event_that_cannot_be_read_ends_a_stream_that_a_closed_guard_must_see_and_passes_an_open_one_counted() {
    let mut events: Vec<Vec<u8>> = unreadable_events().into_iter().map(String::into_bytes).collect();
    let mut bytes = delta(&format!("mail {ADDRESS}")).into_bytes();
    let at = bytes.windows(4).position(|window| window == b"mail").unwrap();
    bytes[at] = 0xfe;
    events.push(bytes);
    let case = |event: &Vec<u8>| {
        let chunk_of = |data: &[u8]| [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat();
        vec![STREAM.to_vec(), chunk(&delta("well ")), chunk_of(event), chunk(USAGE), chunk(DONE), END.to_vec()]
    };
    let cases: Vec<_> = events.iter().map(case).collect();
    let closed = masked(cases.clone(), "");
    let open = masked(cases, "on_failure = \"open\"");
    for (n, event) in events.iter().enumerate() {
        let shown = String::from_utf8_lossy(event);
        let refused = post(closed.address, ACME, &asking_usage(n));
        assert!(!refused.clean && !refused.text().contains("[DONE]"), "{shown}: {}", refused.text());
        assert!(refused.text().contains("upstream_unreadable"), "{shown}: {}", refused.text());
        assert!(!refused.text().contains(ADDRESS), "{shown}: {}", refused.text());
        let passed = post(open.address, ACME, &asking_usage(n));
        assert!(passed.clean, "{shown}: {}", passed.text());
        let found = passed.body.windows(event.len()).any(|window| window == &event[..]);
        assert!(found && passed.text().ends_with(DONE), "{shown}: {}", passed.text());
    }
    let all = events.len() as f64;
    soon_eq!((faults(&closed, "event"), faults(&open, "event")), (all, all));
    soon_eq!(closed.metric("weir_plugin_quarantines_total", &[]), 0.0);
}

#[test]
fn an_event_in_another_dress_is_shown_and_one_that_says_nothing_passes() {
    let said = delta(&format!("mail {ADDRESS} "));
    let data = said.strip_prefix("data: ").unwrap().trim_end();
    let (first, second) = data.split_at(data.find("\"choices\"").unwrap());
    let quiet = [
        ": mail nobody\n\n",
        "event: ping\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "data:\n\n",
        "data: {\"id\":\"c\",\"choices\":[],\"prompt_filter_results\":[{\"hate\":{\"severity\":\"safe\"}}]}\n\n",
        "data: {\"x_groq\":{\"id\":\"req_1\"}}\n\n",
        "retry: 10\n\n",
    ];
    let dressed = [
        format!("event: message\nid: 1\n{said}"),
        format!("id: 1\nretry: 10\n: a comment\ndata: {data}\n\n"),
        format!("data: {first}\ndata: {second}\n\n"),
        format!("data:{data}\r\n\r\n"),
        format!("event: completion\rdata: {data}\r\r"),
    ];
    let mut cases: Vec<_> = dressed.iter().map(|event| stream(&[event, DONE])).collect();
    cases.push(stream(&[&quiet[..], &[DONE]].concat()));
    let gateway = masked(cases, "");
    for n in 0..dressed.len() {
        let reply = ask(&gateway, n, true);
        assert!(reply.clean && !reply.text().contains(ADDRESS), "{n}: {}", reply.text());
        assert!(reply.text().contains("[EMAIL]") && reply.text().contains("[DONE]"), "{n}: {}", reply.text());
    }
    let reply = ask(&gateway, dressed.len(), true);
    assert!(reply.clean, "{}", reply.text());
    assert!(quiet.iter().all(|event| reply.text().contains(event)), "{}", reply.text());
    soon_eq!(faults(&gateway, "event"), 0.0);
}

#[test]
fn what_an_upstream_says_of_its_failure_in_a_stream_passes_no_closed_guard() {
    let errors = [
        format!("data: {{\"error\":{{\"message\":\"mail {ADDRESS}\"}}}}\n\n"),
        format!("event: error\ndata: mail {ADDRESS}\n\n"),
    ];
    let cases: Vec<_> = errors.iter().map(|error| stream(&[error])).collect();
    let (closed, open) = (masked(cases.clone(), ""), masked(cases, "on_failure = \"open\""));
    for (n, error) in errors.iter().enumerate() {
        let kept = ask(&closed, n, true);
        assert!(!kept.clean && kept.text().contains("upstream_broken"), "{}", kept.text());
        assert!(!kept.text().contains(ADDRESS), "{}", kept.text());
        let told = ask(&open, n, true);
        assert!(!told.clean && told.text().ends_with(error), "{}", told.text());
    }
}

#[test]
fn a_stream_is_known_by_its_bytes_however_they_come_and_whatever_they_are_called() {
    let said = format!("{}{DONE}", delta(&format!("mail {ADDRESS}.")));
    let kinds = ["", "text/plain", "application/json", "application/octet-stream", "text/event-stream"];
    let starts: [&[&str]; 6] = [&[""], &["\u{feff}"], &["\n\n"], &["\r\n", "\n"], &[": waiting\n"], &["\u{feff}\n"]];
    let mut cases = Vec::new();
    for kind in kinds {
        let kind = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
        let head = format!("HTTP/1.1 200 OK\r\n{kind}transfer-encoding: chunked\r\n\r\n");
        for start in starts {
            let mut pieces = vec![head.clone().into_bytes()];
            pieces.extend(start.iter().filter(|piece| !piece.is_empty()).map(|piece| chunk(piece)));
            // The first name comes in parts, too.
            pieces.extend([chunk(&said[..2]), chunk(&said[2..4]), chunk(&said[4..]), END.to_vec()]);
            cases.push(pieces);
        }
        let mark = "\u{feff}".as_bytes();
        let halves =
            [&mark[..1], &mark[1..]].map(|half| [format!("{:x}\r\n", half.len()).as_bytes(), half, b"\r\n"].concat());
        cases.push(vec![head.into_bytes(), halves[0].clone(), halves[1].clone(), chunk(&said), END.to_vec()]);
    }
    let count = cases.len();
    let gateway = masked(cases, "");
    for n in 0..count {
        let reply = ask(&gateway, n, true);
        assert_eq!((reply.status, reply.clean), (200, true), "{n}: {}", reply.text());
        assert!(reply.text().contains("mail [EMAIL].") && !reply.text().contains(ADDRESS), "{n}: {}", reply.text());
        // Where a whole answer was asked for it is shown all the same, or is none.
        let reply = ask(&gateway, n, false);
        assert!(!reply.text().contains(ADDRESS), "{n}: {}", reply.text());
    }
}

#[test]
fn an_answer_in_another_form_than_was_asked_for_passes_no_guard_that_has_no_hook_for_it() {
    let streamed = Upstream::stream(&[&delta("hello"), DONE]);
    let (response, event) = (Guest::on("response", "(call $pass)"), Guest::on("event", "(call $pass)"));
    let both = Guest::on("response", "(call $pass)").and("event", "(call $pass)");
    let document = Upstream::chat();
    for (upstream, guard, hook, asked) in
        [(&streamed, &response, "response", chat("hi")), (&document, &event, "event", chat_stream("hi"))]
    {
        let closed = gateway(upstream.address, "", &[("guard", guard, "")]);
        let reply = post(closed.address, ACME, &asked);
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreadable"), "{hook}");
        assert!(!reply.text().contains("hello"));
        soon_eq!(faults(&closed, hook), 1.0);
        let open = gateway(upstream.address, "", &[("guard", guard, "on_failure = \"open\"")]);
        let reply = post(open.address, ACME, &asked);
        assert!(reply.status == 200 && reply.clean && reply.text().contains("hello"), "{hook}: {}", reply.text());
        soon_eq!(faults(&open, hook), 1.0);
        let whoever = gateway(upstream.address, "", &[("guard", &both, "")]);
        let reply = post(whoever.address, ACME, &asked);
        assert!(reply.status == 200 && reply.clean && reply.text().contains("hello"), "{hook}: {}", reply.text());
        soon_eq!(whoever.metric("weir_plugin_faults_total", &[]), 0.0);
        // A guard of other models has nothing to do with it.
        let other = "[models.other]\ntargets = [\"up/m\"]";
        let elsewhere = gateway(upstream.address, other, &[("guard", guard, "models = [\"other\"]")]);
        assert_eq!(post(elsewhere.address, ACME, &asked).status, 200);
    }
}

#[test]
fn what_one_plugin_makes_of_an_answer_can_be_read_by_the_next_or_is_undone() {
    let twice = Guest::on(
        "response",
        r#"(call $reply.set-body @"{\"choices\":[{\"message\":{\"content\":\"dirty\",\"content\":\"clean\"}}]}" (global.get $ret))
           (call $must-be-ok) (call $pass)"#,
    );
    let looks = Guest::on("response", "(call $pass)");
    let upstream = Upstream::chat();
    let closed = gateway(upstream.address, "", &[("twice", &twice, ""), ("looks", &looks, "")]);
    let reply = post(closed.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"), "whose fault it is");
    let bound = [("twice", &twice, "on_failure = \"open\""), ("looks", &looks, "")];
    let open = gateway(upstream.address, "", &bound);
    let reply = post(open.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.text().as_str()), (200, CHAT));
    soon_eq!(open.metric("weir_plugin_faults_total", &["plugin=\"twice\"", "reason=\"answer\""]), 1.0);
    soon_eq!(open.metric("weir_plugin_calls_total", &["plugin=\"looks\""]), 1.0);
}

#[test]
fn no_request_reaches_a_policy_that_two_readers_may_read_as_two() {
    let upstream = Upstream::chat();
    let policy = Guest::on("policy", "(call $pass)");
    let gateway = gateway(upstream.address, "", &[("policy", &policy, "")]);
    let with = |message: &str, more: &str| format!(r#"{{"model":"m","messages":[{message}]{more}}}"#);
    let user = r#"{"role":"user","content":"hi"}"#;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let twice = [
        with(user, r#","messages":[]"#),
        with(user, r#","mess\u0061ges":[]"#),
        with(r#"{"role":"user","content":"a","content":"b"}"#, ""),
        with(r#"{"role":"user","role":"system","content":"a"}"#, ""),
        with(r#"{"role":"assistant","refusal":"a","refusal":"b"}"#, ""),
        with(r#"{"role":"user","content":[{"type":"input_text","input_text":"a","input_text":"b"}]}"#, ""),
        with(r#"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}","arguments":"{1}"}}]}"#, ""),
        with(user, r#","tools":[{"type":"function","function":{"name":"f","description":"a","description":"b"}}]"#),
        with(user, r#","tools":[{"function":{"name":"f","parameters":{"properties":{"x":{},"x":{"title":"b"}}}}}]"#),
        with(user, r#","metadata":{"a":"1","\u0061":"2"}"#),
        with(user, r#","x":1,"x":2"#),
    ];
    for body in &twice {
        let reply = post(gateway.address, ACME, body);
        assert_eq!((reply.status, reply.code().as_str()), (400, "duplicate_parameter"), "{body}");
    }
    let mut unreadable: Vec<Vec<u8>> = [
        with(user, &format!(",\"x\":{deep}")),
        with("{\"role\":\"user\",\"content\":\"a\u{1}b\"}", ""),
        with("{\"role\":\"user\",\"content\":\"a\nb\"}", ""),
        with(r#"{"role":"user","content":"\x"}"#, ""),
        with(user, ",\"x\":NaN"),
        format!("\u{feff}{}", with(user, "")),
        format!("{}{}", with(user, ""), with(user, "")),
        format!("{},", with(user, "")),
    ]
    .map(String::into_bytes)
    .into();
    let mut bytes = with(user, "").into_bytes();
    let at = bytes.windows(2).position(|window| window == b"hi").unwrap();
    bytes[at] = 0xff;
    unreadable.push(bytes);
    for body in &unreadable {
        let bearer = format!("Bearer {ACME}");
        let reply = support::send(gateway.address, "POST", "/v1/chat/completions", &[("authorization", &bearer)], body);
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_json"), "{}", String::from_utf8_lossy(body));
    }
    assert!(upstream.seen().is_empty());
    soon_eq!(gateway.metric("weir_plugin_calls_total", &[]), 0.0);
    assert_eq!(post(gateway.address, ACME, &with(user, r#","metadata":{"a":{"a":"1"}}"#)).status, 200);
    soon_eq!(gateway.metric("weir_plugin_calls_total", &["hook=\"policy\""]), 1.0);
}

#[test]
fn what_is_no_data_of_an_event_says_nothing_where_a_plugin_sees_the_stream() {
    let lines = [
        " data: {LEAK}",
        "data : {LEAK}",
        "DATA: {LEAK}",
        "\u{feff}data: {LEAK}",
        "event: mail {LEAK}",
        "id: mail {LEAK}",
        "retry: {LEAK}",
        "foo: {LEAK}",
        "mail {LEAK}",
        "id: 1\n: mail {LEAK}",
    ];
    let mut cases = Vec::new();
    for line in lines {
        let line = line.replace("{LEAK}", ADDRESS);
        for beside in ["", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b \"}}]}\n"] {
            let event = chunk(&format!("{line}\n{beside}\n"));
            cases.push(vec![STREAM.to_vec(), chunk(&delta("a ")), event, chunk(DONE), END.to_vec()]);
        }
    }
    let count = cases.len();
    let gateway = masked(cases, "");
    for number in 0..count {
        let reply = post(gateway.address, ACME, &chat_stream(&number.to_string()));
        let text = reply.text();
        assert!(reply.status == 200 && text.contains("[DONE]") && !text.contains(ADDRESS), "{number}: {text}");
        assert_eq!(text.contains("b "), number % 2 == 1, "{number}: {text}");
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}
