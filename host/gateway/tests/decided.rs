//! What was decided of a request stands, whatever plugins write into it afterwards; and what they leave is a request.

use crate::guest::{Guest, gateway};
use crate::support::upstream::{CHAT, DONE, END, STREAM, USAGE, Upstream, chunk, delta, ok};
use crate::support::{ACME, GLOBEX, Gateway, Reply, chat, post, send, until};
use serde_json::{Value, json};
use std::io::Write;

/// A plugin that sets the value in the header `openai-project` at the pointer in `openai-beta`, or removes what is there if
/// there is no value, or takes what is in `idempotency-key` for the whole body.
fn writer(hook: &str) -> Guest {
    Guest::on(
        hook,
        r#"(call $request.header @"openai-beta" (i32.const 128))
           (call $request.header @"openai-project" (i32.const 144))
           (call $request.header @"idempotency-key" (i32.const 160))
           (if (i32.load8_u (i32.const 160)) (then
             (call $request.set-body (i32.load (i32.const 164)) (i32.load (i32.const 168)) (global.get $ret))
             (call $must-be-ok)))
           (if (i32.load8_u (i32.const 128)) (then
             (if (i32.load8_u (i32.const 144))
               (then (call $request.set (i32.load (i32.const 132)) (i32.load (i32.const 136))
                       (i32.load (i32.const 148)) (i32.load (i32.const 152)) (global.get $ret)))
               (else (call $request.remove (i32.load (i32.const 132)) (i32.load (i32.const 136)) (global.get $ret))))
             (call $must-be-ok)))
           (call $pass)"#,
    )
}

/// An upstream that answers in the form that it is asked for, and says what it used where it is asked to.
fn upstream() -> Upstream {
    Upstream::start(|_, seen, stream| {
        let body = seen.json();
        if body["stream"] != true {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        let usage = if body["stream_options"]["include_usage"] == true { chunk(USAGE) } else { Vec::new() };
        stream.write_all(&[STREAM, &chunk(&delta("hello")), &usage, &chunk(DONE), END].concat()).is_ok()
    })
}

const OTHERS: &str = "[models.other]\ntargets = [\"up/dearer\"]";

/// What comes of a request into which the plugin writes this.
fn written(gateway: &Gateway, token: &str, body: &Value, write: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [&[("authorization", bearer.as_str())], write].concat();
    send(gateway.address, "POST", "/v1/chat/completions", &headers, body.to_string().as_bytes())
}

fn asking(more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn last(upstream: &Upstream) -> Value {
    upstream.seen().last().unwrap().json()
}

/// What the client asked, what is written where, and what the upstream gets of it.
type Case<'a> = (Value, (&'a str, &'a str), Value);

fn stand(hook: &str, cases: &[Case<'_>]) {
    let upstream = upstream();
    let writer = writer(hook);
    let gateway = gateway(upstream.address, OTHERS, &[("writer", &writer, "")]);
    for (asked, (pointer, value), got) in cases {
        let mut write = vec![("openai-beta", *pointer)];
        write.extend((!value.is_empty()).then_some(("openai-project", *value)));
        let reply = written(&gateway, ACME, &asking(asked.clone()), &write);
        assert!(reply.status == 200 && reply.clean, "{asked} {pointer} {value}: {}", reply.text());
        let mut expected = asking(got.clone());
        if got["stream"] == true {
            expected["stream_options"] = json!({"include_usage": true});
        }
        assert_eq!(last(&upstream), expected, "{asked} {pointer} {value}");
        // The client gets the form that it asked for, and not more than it asked for.
        assert_eq!(reply.text().contains("[DONE]"), asked["stream"] == true, "{asked} {pointer} {value}");
        let wants = asked["stream_options"]["include_usage"] == true;
        assert_eq!(reply.text().contains("total_tokens"), wants || asked["stream"] != true, "{}", reply.text());
    }
    until("all that was used is reported", || {
        (gateway.metric("weir_ledger_closed_total", &["completed"]) == cases.len() as f64).then_some(())
    });
    soon_eq!(gateway.metric("weir_tokens_total", &["\"output\"", "estimated"]), 0.0);
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

#[test]
fn an_upstream_request_plugin_asks_for_nothing_that_was_not_decided() {
    let stream = || json!({"stream": true});
    let both = || json!({"stream": true, "stream_options": {"include_usage": true}});
    stand(
        "upstream-request",
        &[
            (json!({}), ("/model", "\"dearer\""), json!({})),
            (json!({}), ("/model", "\"other\""), json!({})),
            (json!({}), ("/stream", "true"), json!({})),
            (stream(), ("/stream", "false"), stream()),
            (stream(), ("/stream", ""), stream()),
            (stream(), ("/stream_options", ""), stream()),
            (stream(), ("/stream_options", "{\"include_usage\":false}"), stream()),
            (stream(), ("/stream_options/include_usage", "false"), stream()),
            (both(), ("/stream_options", "null"), stream()),
            (json!({}), ("/n", "9"), json!({})),
            (json!({"n": 2}), ("/n", "3"), json!({"n": 2})),
            (json!({"n": 2}), ("/n", "\"128\""), json!({"n": 2})),
            (json!({"n": 2}), ("/n", "1"), json!({"n": 1})),
            (json!({"max_tokens": 9}), ("/max_tokens", "10"), json!({"max_tokens": 9})),
            (json!({"max_tokens": 9}), ("/max_tokens", "8"), json!({"max_tokens": 8})),
            (json!({"max_tokens": 9}), ("/max_tokens", ""), json!({"max_tokens": 9})),
            (json!({"max_tokens": 9}), ("/max_completion_tokens", "99"), json!({"max_tokens": 9})),
            (
                json!({"max_completion_tokens": 9}),
                ("/max_completion_tokens", "null"),
                json!({"max_completion_tokens": 9}),
            ),
            // What a request costs beside its tokens, and who answers it in the end.
            (json!({}), ("/service_tier", "\"priority\""), json!({})),
            (json!({"service_tier": "flex"}), ("/service_tier", "\"priority\""), json!({"service_tier": "flex"})),
            (json!({"service_tier": "flex"}), ("/service_tier", ""), json!({"service_tier": "flex"})),
            (json!({}), ("/best_of", "20"), json!({})),
            (json!({}), ("/models", "[\"dearer\"]"), json!({})),
            (json!({"models": ["m"]}), ("/models/-", "\"dearer\""), json!({"models": ["m"]})),
            (json!({}), ("/route", "\"fallback\""), json!({})),
            (
                json!({"provider": {"order": ["a"]}}),
                ("/provider/order/0", "\"b\""),
                json!({"provider": {"order": ["a"]}}),
            ),
            (json!({}), ("/fallbacks", "[\"dearer\"]"), json!({})),
            (json!({}), ("/api_base", "\"http://elsewhere.example\""), json!({})),
            (json!({}), ("/web_search_options", "{}"), json!({})),
            (json!({}), ("/Service_Tier", "\"priority\""), json!({})),
            // What is the plugin's to decide stays as it left it.
            (json!({}), ("/temperature", "0.25"), json!({"temperature": 0.25})),
            (json!({"seed": 7}), ("/seed", "8"), json!({"seed": 8})),
            (json!({}), ("/max_tokens", "7"), json!({"max_tokens": 7})),
        ],
    );
}

#[test]
fn an_upstream_request_plugin_does_not_say_that_the_body_is_something_else() {
    let upstream = upstream();
    let says = Guest::on(
        "upstream-request",
        r#"(call $request.set-header @"content-type" @"text/plain" (global.get $ret)) (call $must-fail)
           (call $request.set-header @"Content-Type" @"multipart/form-data; boundary=x" (global.get $ret)) (call $must-fail)
           (call $request.remove-header @"content-type" (global.get $ret)) (call $must-fail)
           (call $request.set-header @"x-fine" @"yes" (global.get $ret)) (call $must-be-ok)
           (call $pass)"#,
    );
    // The client's say nothing of what leaves, whoever writes them.
    let before = Guest::on(
        "policy",
        r#"(call $request.set-header @"content-type" @"text/plain" (global.get $ret)) (call $must-be-ok) (call $pass)"#,
    );
    let gateway = gateway(upstream.address, "", &[("says", &says, ""), ("before", &before, "")]);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    let seen = upstream.seen().pop().unwrap();
    assert_eq!(seen.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(seen.head.to_ascii_lowercase().matches("content-type").count(), 1);
    assert_eq!(seen.header("x-fine").as_deref(), Some("yes"));
}

/// A router that sets this for its only candidate.
fn router(pointer: &str, value: &str) -> Guest {
    let quote = |text: &str| text.replace('"', "\\\"");
    let body = format!(
        r#"(i32.store (i32.const 0) (i32.const 0)) (i32.store8 (i32.const 4) (i32.const 1))
           (i32.store (i32.const 8) (i32.const 40000)) (i32.store (i32.const 12) (i32.const 1))
           (i32.store (i32.const 40000) (i32.const 0)) (i32.store (i32.const 40004) (i32.const 39000))
           (i32.store (i32.const 40008) (i32.const 1))
           (call $assign @"{}" @"{}") (i32.const 0)"#,
        quote(pointer),
        quote(value)
    );
    Guest::on("router", &body).with(
        "(func $assign (param i32 i32 i32 i32)
            (i32.store (i32.const 39000) (local.get 0)) (i32.store (i32.const 39004) (local.get 1))
            (i32.store (i32.const 39008) (local.get 2)) (i32.store (i32.const 39012) (local.get 3)))",
    )
}

#[test]
fn a_routers_overrides_change_neither_the_form_of_the_answer_nor_how_much_of_it_there_may_be() {
    for (asked, (pointer, value), got) in [
        (json!({}), ("/stream", "true"), json!({})),
        (json!({"stream": true}), ("/stream", "false"), json!({"stream": true})),
        (json!({"stream": true}), ("/stream_options", "{}"), json!({"stream": true})),
        (json!({}), ("/n", "5"), json!({})),
        (json!({"max_tokens": 9}), ("/max_tokens", "1000"), json!({"max_tokens": 9})),
        (json!({"max_tokens": 9}), ("/max_tokens", "4"), json!({"max_tokens": 4})),
        (json!({}), ("/model", "\"dearer\""), json!({})),
        // Which class of service, and who answers, is a router's to say.
        (json!({}), ("/service_tier", "\"flex\""), json!({"service_tier": "flex"})),
        (json!({}), ("/provider", "{\"order\":[\"a\"]}"), json!({"provider": {"order": ["a"]}})),
    ] {
        let upstream = upstream();
        // What the router has set is what an `upstream-request` plugin is held to.
        let (router, raises) = (
            router(pointer, value),
            Guest::on(
                "upstream-request",
                r#"(call $request.set @"/max_completion_tokens" @"5" (global.get $ret)) (call $must-be-ok) (call $pass)"#,
            ),
        );
        let more = if value == "4" { vec![("raises", &raises, "")] } else { Vec::new() };
        let bound = [vec![("router", &router, "")], more].concat();
        let gateway = gateway(upstream.address, OTHERS, &bound);
        let reply = post(gateway.address, ACME, &asking(asked.clone()).to_string());
        assert!(reply.status == 200 && reply.clean, "{pointer} {value}: {}", reply.text());
        let mut expected = asking(got);
        if asked["stream"] == true {
            expected["stream_options"] = json!({"include_usage": true});
        }
        assert_eq!(last(&upstream), expected, "{pointer} {value}");
    }
}

#[test]
fn a_router_whose_overrides_make_no_request_fails_as_its_policy_says() {
    for (pointer, value) in [("/messages", "7"), ("/model", "null"), ("/no/where", "1"), ("/Model", "\"x\"")] {
        let upstream = upstream();
        let router = router(pointer, value);
        let closed = gateway(upstream.address, "", &[("router", &router, "")]);
        let reply = post(closed.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"), "{pointer}");
        assert!(upstream.seen().is_empty());
        let open = gateway(upstream.address, "", &[("router", &router, "on_failure = \"open\"")]);
        assert_eq!(post(open.address, ACME, &chat("hi")).status, 200, "{pointer}");
        assert_eq!(last(&upstream), asking(json!({})), "{pointer}");
        for gateway in [&closed, &open] {
            let labels = ["plugin=\"router\"", "hook=\"router\"", "reason=\"answer\""];
            soon_eq!(gateway.metric("weir_plugin_faults_total", &labels), 1.0, "{pointer}");
        }
    }
}

/// Bodies that are no request of the dialect, or one that two readers may read as two.
const NO_REQUESTS: [&str; 8] = [
    r#"{"messages":[]}"#,
    r#"{"model":"m"}"#,
    r#"{"model":7,"messages":[]}"#,
    r#"{"model":"m","messages":"hi"}"#,
    r#"{"model":"m","messages":[],"model":"other"}"#,
    r#"{"model":"m","messages":[],"Stream":true}"#,
    r#"{"model":"m","messages":[{"role":"user","content":"a"}],"mess\u0061ges":[]}"#,
    r#"{"model":"m","messages":[],"metadata":{"a":1,"a":2}}"#,
];

#[test]
fn what_is_left_as_no_request_is_undone_where_the_plugin_is_open_and_sent_in_neither_case() {
    for hook in ["policy", "upstream-request"] {
        let upstream = upstream();
        let writer = writer(hook);
        let before =
            Guest::on(hook, r#"(call $request.set @"/seed" @"1" (global.get $ret)) (call $must-be-ok) (call $pass)"#);
        let after = Guest::on(
            hook,
            r#"(call $request.set @"/user" @"\"after\"" (global.get $ret)) (call $must-be-ok) (call $pass)"#,
        );
        let bound = |policy| [("before", &before, ""), ("writer", &writer, policy), ("after", &after, "")];
        let lenient = "on_failure = \"open\"\nlimits = { faults = 0 }";
        let closed = gateway(upstream.address, OTHERS, &bound("limits = { faults = 0 }"));
        let open = gateway(upstream.address, OTHERS, &bound(lenient));
        for body in NO_REQUESTS {
            let sent = upstream.seen().len();
            let reply = written(&closed, ACME, &asking(json!({})), &[("idempotency-key", body)]);
            assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"), "{hook} {body}");
            assert_eq!(upstream.seen().len(), sent, "{hook} {body}");
            let reply = written(&open, ACME, &asking(json!({})), &[("idempotency-key", body)]);
            assert_eq!(reply.status, 200, "{hook} {body}: {}", reply.text());
            assert_eq!(last(&upstream), asking(json!({"seed": 1, "user": "after"})), "{hook} {body}");
        }
        for gateway in [&closed, &open] {
            let labels = ["plugin=\"writer\"", "reason=\"answer\""];
            soon_eq!(gateway.metric("weir_plugin_faults_total", &labels), NO_REQUESTS.len() as f64, "{hook}");
        }
        // One that is a request is sent.
        let body = r#"{"model":"m","messages":[{"role":"user","content":"other"}]}"#;
        let reply = written(&open, ACME, &asking(json!({})), &[("idempotency-key", body)]);
        assert_eq!(reply.status, 200);
        assert_eq!(last(&upstream)["messages"][0]["content"], "other", "{hook}");
    }
}

#[test]
fn a_model_that_a_policy_puts_is_the_one_that_later_policies_are_asked_for() {
    let upstream = upstream();
    let writer = writer("policy");
    let guard = Guest::on("policy", r#"(call $refuse (i32.const 451) @"not_that_one" @"")"#);
    let bound = [("writer", &writer, ""), ("guard", &guard, "models = [\"other\"]")];
    let gateway = gateway(upstream.address, OTHERS, &bound);
    let other = [("openai-beta", "/model"), ("openai-project", "\"other\"")];
    let reply = written(&gateway, ACME, &asking(json!({})), &other);
    assert_eq!((reply.status, reply.code().as_str()), (451, "not_that_one"));
    // And what the tenant may not use it does not get that way.
    let nobodys = [("openai-beta", "/model"), ("openai-project", "\"nobodys\"")];
    for (token, write) in [(GLOBEX, nobodys), (ACME, nobodys)] {
        let reply = written(&gateway, token, &asking(json!({})), &write);
        assert_eq!((reply.status, reply.code().as_str()), (404, "model_not_found"));
    }
    assert!(upstream.seen().is_empty());
    assert_eq!(written(&gateway, ACME, &asking(json!({})), &[]).status, 200);
}

#[test]
fn a_policy_that_is_open_hides_nothing_from_the_guards_behind_it() {
    let upstream = upstream();
    let hides = Guest::on(
        "policy",
        r#"(call $request.set-body
             @"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"secret\"}],\"messages\":[]}" (global.get $ret))
           (call $must-be-ok) (call $pass)"#,
    );
    // Refuses what has no text.
    let guard = Guest::on(
        "policy",
        r#"(call $request.texts (global.get $ret))
           (if (i32.load (i32.const 68)) (then (return (call $pass))))
           (call $refuse (i32.const 400) @"nothing_there" @"")"#,
    );
    let bound = [("hides", &hides, "on_failure = \"open\""), ("guard", &guard, "")];
    let gateway = gateway(upstream.address, "", &bound);
    let reply = post(gateway.address, ACME, &chat("seen"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(last(&upstream), serde_json::from_str::<Value>(&chat("seen")).unwrap());
}
