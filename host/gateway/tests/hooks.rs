//! What each hook of a whole (not streamed) request may do, and what it may not. Streams are in `events.rs`.

use crate::guest;
use crate::support;

use crate::guest::{Guest, gateway};
use crate::support::upstream::{CHAT, Upstream, ok, status};
use crate::support::{ACME, GLOBEX, chat, post, send};

#[test]
fn a_policy_rewrites_what_the_upstream_gets() {
    let upstream = Upstream::chat();
    let policy = Guest::on(
        "policy",
        r#"(call $request.set-header @"x-team" @"blue" (global.get $ret)) (call $must-be-ok)
           (call $request.set @"/temperature" @"0.50" (global.get $ret)) (call $must-be-ok)
           (call $request.set-text (i32.const 0) @"bye" (global.get $ret)) (call $must-be-ok)
           (call $pass)"#,
    );
    let gateway = gateway(upstream.address, "", &[("policy", &policy, "")]);
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"seed":12345678901234567890}"#;
    let reply = post(gateway.address, ACME, body);
    assert_eq!((reply.status, reply.content().as_str()), (200, "hello"));
    let seen = upstream.seen().remove(0);
    assert_eq!(seen.header("x-team").as_deref(), Some("blue"));
    let expected =
        r#"{"model":"m","messages":[{"role":"user","content":"bye"}],"seed":12345678901234567890,"temperature":0.50}"#;
    assert_eq!(String::from_utf8(seen.body).unwrap(), expected, "what nobody changed keeps its bytes");
}

#[test]
fn a_refusal_is_answered_in_the_clients_own_error_shape_and_nobody_is_asked() {
    let upstream = Upstream::chat();
    let policy = Guest::on("policy", r#"(call $refuse (i32.const 451) @"not_here" @"not in this country")"#);
    let gateway = gateway(upstream.address, "", &[("policy", &policy, "")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (451, "not_here"));
    assert_eq!(reply.header("x-should-retry"), None);
    assert_eq!(reply.json()["error"]["message"], "not in this country");
    assert!(upstream.seen().is_empty());
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0, "to refuse is no fault");
}

#[test]
fn credentials_are_invisible_and_what_frames_a_message_is_the_gateways_own() {
    let upstream = Upstream::chat();
    let own =
        ["authorization", "X-Api-Key", "cookie", "host", "content-length", "transfer-encoding", "connection", "te"];
    let tries: String = own
        .iter()
        .map(|name| {
            format!(
                r#"(call $request.set-header @"{name}" @"mine" (global.get $ret)) (call $must-fail)
                   (call $request.remove-header @"{name}" (global.get $ret)) (call $must-fail)"#
            )
        })
        .collect();
    let bad = r#"(call $request.set-header @"x-y" @"a\nb" (global.get $ret)) (call $must-fail)
                 (call $request.set-header @"x y" @"a" (global.get $ret)) (call $must-fail)"#;
    // The names of all visible headers, one behind the other, become a header.
    let names = r#"
        (local $at i32) (local $end i32) (local $out i32)
        (call $request.header @"Authorization" (global.get $ret)) (call $must-be-ok)
        (call $request.headers (global.get $ret))
        (local.set $at (i32.load (i32.const 64)))
        (local.set $end (i32.add (local.get $at) (i32.mul (i32.load (i32.const 68)) (i32.const 16))))
        (local.set $out (i32.const 40000))
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
            (memory.copy (local.get $out) (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
            (local.set $out (i32.add (local.get $out) (i32.load offset=4 (local.get $at))))
            (i32.store8 (local.get $out) (i32.const 44))
            (local.set $out (i32.add (local.get $out) (i32.const 1)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br $next)))
        (call $request.set-header @"x-names" (i32.const 40000) (i32.sub (local.get $out) (i32.const 40000)) (global.get $ret))
        (call $must-be-ok)"#;
    let policy = Guest::on("policy", &format!("{names}{tries}{bad}(call $pass)"));
    let gateway = gateway(upstream.address, "", &[("policy", &policy, "")]);
    let bearer = format!("Bearer {ACME}");
    let headers = [("authorization", bearer.as_str()), ("x-api-key", ACME), ("cookie", "a=b"), ("x-mine", "1")];
    let reply = send(gateway.address, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.seen().remove(0);
    let names = seen.header("x-names").unwrap();
    let mut names: Vec<&str> = names.split_terminator(',').collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "content-type", "host", "x-mine"]);
    assert_eq!(seen.header("authorization").as_deref(), Some("Bearer upstream-secret"));
    assert_eq!(seen.header("x-api-key"), None);
}

#[test]
fn a_flood_of_headers_is_bounded_and_never_ends_the_gateway() {
    let upstream = Upstream::chat();
    let flood = r#"(local $n i32)
        (loop $more
            (i32.store8 offset=0 (i32.const 40000) (i32.const 120))
            (i32.store8 offset=1 (i32.const 40000) (i32.add (i32.const 97) (i32.rem_u (local.get $n) (i32.const 26))))
            (i32.store8 offset=2 (i32.const 40000)
                (i32.add (i32.const 97) (i32.rem_u (i32.div_u (local.get $n) (i32.const 26)) (i32.const 26))))
            (i32.store8 offset=3 (i32.const 40000) (i32.add (i32.const 97) (i32.div_u (local.get $n) (i32.const 676))))
            (call $request.set-header (i32.const 40000) (i32.const 4) @"v" (global.get $ret))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $n) (i32.const 5000))))
        (call $must-fail) (call $pass)"#;
    let policy = Guest::on("policy", flood);
    let gateway = gateway(upstream.address, "", &[("policy", &policy, "limits = { deadline = \"10s\" }")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(upstream.seen().remove(0).head.lines().count() < 220);
}

#[test]
fn what_an_upstream_request_plugin_changes_is_gone_at_the_next_attempt() {
    let upstream = Upstream::start(|n, _, stream| {
        use std::io::Write;
        let bytes = if n == 0 { status("503 Busy", "application/json", "{}") } else { ok("application/json", CHAT) };
        stream.write_all(&bytes).is_ok()
    });
    let last_change = Guest::on(
        "upstream-request",
        r#"(if (i32.eq (local.get $number) (i32.const 1))
             (then (call $request.set-header @"x-first" @"1" (global.get $ret)))
             (else (call $request.set-header @"x-later" @"1" (global.get $ret))))
           (call $must-be-ok)
           (call $request.set @"/messages/-" @"{\"role\":\"user\",\"content\":\"and\"}" (global.get $ret)) (call $must-be-ok)
           (call $pass)"#,
    );
    let config = support::config(upstream.address).replace("retries = 0", "retries = 1");
    let bound = [("last", &last_change, "")];
    let gateway = guest::gateway_with(&format!("{config}{}", guest::chain(&bound)), &bound);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.seen();
    assert_eq!(seen.len(), 2);
    for (seen, header, other) in [(&seen[0], "x-first", "x-later"), (&seen[1], "x-later", "x-first")] {
        assert_eq!((seen.header(header).as_deref(), seen.header(other)), (Some("1"), None));
        assert_eq!(seen.json()["messages"].as_array().unwrap().len(), 2, "one message more than the client sent");
    }
}

#[test]
fn a_model_that_a_policy_puts_is_checked_against_the_tenants_list() {
    let upstream = Upstream::chat();
    let policy = Guest::on(
        "policy",
        r#"(call $request.set @"/model" @"\"other\"" (global.get $ret)) (call $must-be-ok) (call $pass)"#,
    );
    let other = "[models.other]\ntargets = [\"up/other-upstream\"]";
    let gateway = gateway(upstream.address, other, &[("policy", &policy, "")]);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(upstream.seen()[0].json()["model"], "other-upstream");
    let reply = post(gateway.address, GLOBEX, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (404, "model_not_found"));
    assert_eq!(upstream.seen().len(), 1);
}

/// A router's answer: these candidates in this order, with `overrides` (address and count) for each.
fn order(candidates: &[u32], overrides: &str) -> String {
    let mut body = String::from("(i32.store (i32.const 0) (i32.const 0)) (i32.store8 (i32.const 4) (i32.const 1))\n");
    body.push_str("(i32.store (i32.const 8) (i32.const 40000))\n");
    body.push_str(&format!("(i32.store (i32.const 12) (i32.const {}))\n", candidates.len()));
    for (n, candidate) in candidates.iter().enumerate() {
        let at = 40000 + 12 * n;
        body.push_str(&format!("(i32.store (i32.const {at}) (i32.const {candidate}))\n"));
        body.push_str(&format!("(i32.store (i32.const {}) (i32.const 39000))\n", at + 4));
        let count = u32::from(!overrides.is_empty());
        body.push_str(&format!("(i32.store (i32.const {}) (i32.const {count}))\n", at + 8));
    }
    body + overrides + "(i32.const 0)"
}

const TWO: &str = "[models.two]\ntargets = [\"up/first\", \"up/second\"]";
const ASK_TWO: &str = r#"{"model":"two","messages":[{"role":"user","content":"hi"}]}"#;

#[test]
fn a_router_chooses_and_sets_parameters_for_its_choice() {
    let upstream = Upstream::chat();
    // The texts of the assignment are stored as their addresses and lengths are known to the text placer only.
    let store = r#"(call $assign @"/max_tokens" @"7")"#;
    let router = Guest::on("router", &order(&[1], store)).with(
        "(func $assign (param i32 i32 i32 i32)
            (i32.store (i32.const 39000) (local.get 0)) (i32.store (i32.const 39004) (local.get 1))
            (i32.store (i32.const 39008) (local.get 2)) (i32.store (i32.const 39012) (local.get 3)))",
    );
    let gateway = gateway(upstream.address, TWO, &[("router", &router, "")]);
    let reply = post(gateway.address, ACME, ASK_TWO);
    assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("up/second")));
    let seen = upstream.seen().remove(0).json();
    assert_eq!((seen["model"].as_str(), seen["max_tokens"].as_u64()), (Some("second"), Some(7)));
}

#[test]
fn a_plan_of_what_was_not_offered_or_without_end_is_a_fault() {
    let upstream = Upstream::chat();
    let (stranger, endless, nobody) = (
        Guest::on("router", &order(&[0, 2], "")),
        Guest::on("router", &order(&[0; 65], "")),
        Guest::on("router", &order(&[], "")),
    );
    for (name, router) in [("stranger", &stranger), ("endless", &endless), ("nobody", &nobody)] {
        let gateway_closed = gateway(upstream.address, TWO, &[(name, router, "")]);
        let before = upstream.seen().len();
        let reply = post(gateway_closed.address, ACME, ASK_TWO);
        assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"), "{name}");
        assert_eq!(upstream.seen().len(), before);
        soon_eq!(
            gateway_closed.metric("weir_plugin_faults_total", &["hook=\"router\"", "reason=\"answer\""]),
            1.0,
            "{name}"
        );
        soon_eq!(gateway_closed.metric("weir_plugin_burned_total", &["hook=\"router\""]), 1.0, "{name}");
        let gateway_open = gateway(upstream.address, TWO, &[(name, router, "on_failure = \"open\"")]);
        let reply = post(gateway_open.address, ACME, ASK_TWO);
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("up/first")), "{name}");
    }
}

#[test]
fn a_response_is_rewritten_or_refused_before_the_client_sees_it() {
    let upstream = Upstream::chat();
    let rewrite = Guest::on(
        "response",
        r#"(call $reply.set-text (i32.const 0) @"hush" (global.get $ret)) (call $must-be-ok)
           (call $reply.set-header @"x-seen" @"1" (global.get $ret)) (call $must-be-ok)
           (call $reply.set-header @"set-cookie" @"a=b" (global.get $ret)) (call $must-fail)
           (call $reply.set-header @"content-length" @"1" (global.get $ret)) (call $must-fail)
           (call $request.set @"/model" @"\"x\"" (global.get $ret)) (call $must-fail)
           (call $pass)"#,
    );
    let first = gateway(upstream.address, "", &[("rewrite", &rewrite, "")]);
    let reply = post(first.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.content().as_str(), reply.header("x-seen")), (200, "hush", Some("1")));
    assert_eq!(reply.json()["usage"]["total_tokens"], 4, "the rest is as it came");

    let refuse = Guest::on("response", r#"(call $refuse (i32.const 502) @"bad_answer" @"no")"#);
    let second = gateway(upstream.address, "", &[("refuse", &refuse, "")]);
    let reply = post(second.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (502, "bad_answer"));
    assert_eq!(reply.header("x-should-retry"), Some("false"), "a model was asked, and paid");
    assert!(!reply.text().contains("hello"));
}

#[test]
fn an_open_plugin_that_fails_leaves_no_trace_and_a_closed_one_no_request() {
    let upstream = Upstream::chat();
    let clumsy = Guest::on(
        "policy",
        r#"(call $request.set-header @"x-half" @"1" (global.get $ret))
           (call $request.set @"/temperature" @"1" (global.get $ret))
           (call $request.set-body @"{\"model\":\"nonsense\"}" (global.get $ret))
           unreachable"#,
    );
    let before = Guest::on(
        "policy",
        r#"(call $request.set-header @"x-before" @"1" (global.get $ret))
           (call $request.set @"/seed" @"1" (global.get $ret)) (call $pass)"#,
    );
    let bound = |policy| [("before", &before, ""), ("clumsy", &clumsy, policy)];
    let open = gateway(upstream.address, "", &bound("on_failure = \"open\""));
    assert_eq!(post(open.address, ACME, &chat("hi")).status, 200);
    let seen = upstream.seen().remove(0);
    assert_eq!((seen.header("x-half"), seen.header("x-before").as_deref()), (None, Some("1")));
    let body = seen.json();
    assert_eq!(
        (body["model"].as_str(), &body["temperature"], &body["seed"]),
        (Some("m"), &serde_json::Value::Null, &1.into())
    );
    let closed = gateway(upstream.address, "", &bound(""));
    let reply = post(closed.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"));
    // Nobody was asked, so nothing was spent.
    assert_eq!(reply.header("x-should-retry"), None);
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_rewrite_that_is_no_request_any_more_is_not_sent() {
    let upstream = Upstream::chat();
    let policy = Guest::on(
        "policy",
        r#"(call $request.set-body @"{\"messages\":[]}" (global.get $ret)) (call $must-be-ok) (call $pass)"#,
    );
    let gateway = gateway(upstream.address, "", &[("policy", &policy, "")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"));
    assert!(upstream.seen().is_empty());
}

#[test]
fn what_one_call_writes_into_bodies_is_bounded() {
    let upstream = Upstream::chat();
    // Eight MiB of digits, set again and again.
    let greedy = Guest::on(
        "policy",
        r#"(local $n i32)
           (if (i32.lt_u (memory.size) (i32.const 200)) (then (drop (memory.grow (i32.const 200)))))
           (memory.fill (i32.const 262144) (i32.const 49) (i32.const 8388608))
           (loop $more
             (call $request.set @"/n" (i32.const 262144) (i32.const 8388608) (global.get $ret))
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $more (i32.lt_u (local.get $n) (i32.const 4))))
           (call $must-be-ok)
           (call $request.set @"/n" (i32.const 262144) (i32.const 8388608) (global.get $ret)) (call $must-fail)
           (call $request.set @"/n" @"1" (global.get $ret)) (call $must-fail)
           (call $refuse (i32.const 400) @"full" @"")"#,
    );
    let gateway = gateway(upstream.address, "", &[("greedy", &greedy, "limits = { deadline = \"20s\" }")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (400, "full"), "{}", reply.text());
}
