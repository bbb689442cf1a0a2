//! Callouts: where they may go, what they may carry, and how much.

use crate::guest;
use crate::support;

use crate::guest::calling::{TELL, ask, calling, count, settings, telling, told};
use crate::guest::{Guest, chain, gateway};
use crate::support::upstream::{Upstream, chunk, ok};
use crate::support::{ACME, PATIENCE, chat, post};
use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::channel;

#[test]
fn what_the_operator_does_not_allow_is_denied_and_nobody_is_asked() {
    let service = Upstream::fixed(ok("text/plain", "secret"));
    let port = service.address.port();
    let below = format!("http://127.0.0.1:{port}/v1/");
    let settings = settings(&[&below], "private = true");
    let gateway = gateway(Upstream::chat().address, "", &[("caller", &telling(), &settings)]);
    let urls = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/v10"),
        format!("http://127.0.0.1:{port}/v1/../v2"),
        format!("http://127.0.0.1:{port}/v1/%2e%2e/v2"),
        format!("http://127.0.0.1:{port}/v1/..%2fv2"),
        format!("http://127.0.0.1:{port}/v1/..;/v2"),
        format!("http://127.0.0.1:{port}//v1/"),
        format!("http://127.0.0.1:{port}\\v1"),
        format!("https://127.0.0.1:{port}/v1/"),
        format!("http://localhost:{port}/v1/"),
        format!("http://127.1:{port}/v1/"),
        format!("http://user@127.0.0.1:{port}/v1/"),
        format!("http://127.0.0.1:{port}@evil.example/v1/"),
        format!("http://127.0.0.1:{port}/v1/#x"),
        "http://127.0.0.1/v1/".to_owned(),
        "http://127.0.0.1:1/v1/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "v1".to_owned(),
    ];
    for url in &urls {
        let (code, why) = told(&ask(&gateway, url, &[], "hi"));
        assert_eq!(code, "denied", "{url}: {why}");
    }
    assert!(service.seen().is_empty());
    assert_eq!(count(&gateway, "denied"), urls.len() as f64);
    assert_eq!(told(&ask(&gateway, &format!("{below}x"), &[], "hi")).0, "answered");
}

#[test]
fn a_host_is_allowed_in_every_spelling_of_its_name_and_an_address_in_none_that_is_read_in_two_ways() {
    let service = Upstream::fixed(ok("text/plain", "inside"));
    let port = service.address.port();
    let settings = settings(&[&format!("http://LocalHost.:{port}")], "private = true");
    let gateway = gateway(Upstream::chat().address, "", &[("caller", &telling(), &settings)]);
    assert!(!gateway.log().contains("in the clear"), "{}", gateway.log());
    for host in ["localhost", "localhost.", "LOCALHOST", "LocalHost."] {
        let (code, why) = told(&ask(&gateway, &format!("http://{host}:{port}/"), &[], "hi"));
        assert_eq!((code.as_str(), why.as_str()), ("answered", "inside"), "{host}");
    }
    assert!(service.seen().iter().all(|seen| seen.header("host") == Some(format!("localhost:{port}"))));
    let asked = service.seen().len();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::ffff:7f00:1]",
        "localhost..",
        "a.localhost",
    ] {
        let (code, why) = told(&ask(&gateway, &format!("http://{host}:{port}/"), &[], "hi"));
        assert_eq!(code, "denied", "{host}: {why}");
    }
    assert_eq!(service.seen().len(), asked);
}

#[test]
fn addresses_that_are_not_public_are_denied_after_the_name_was_looked_up_unless_the_operator_allows_them() {
    let service = Upstream::fixed(ok("text/plain", "inside"));
    let port = service.address.port();
    let origins = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"].map(|host| format!("http://{host}:{port}"));
    let allow = origins.each_ref().map(String::as_str);
    let guest = telling();
    let closed = gateway(Upstream::chat().address, "", &[("caller", &guest, &settings(&allow, ""))]);
    for origin in allow {
        let (code, why) = told(&ask(&closed, origin, &[], "hi"));
        assert_eq!(code, "denied", "{origin}: {why}");
        assert!(why.contains("not public") && why.contains("callouts.private"), "{why}");
    }
    assert!(service.seen().is_empty());
    let open = gateway(Upstream::chat().address, "", &[("caller", &guest, &settings(&allow, "private = true"))]);
    for origin in &allow[..2] {
        assert_eq!(told(&ask(&open, origin, &[], "hi")), ("answered".to_owned(), "inside".to_owned()), "{origin}");
    }
}

#[test]
fn headers_that_frame_or_address_a_message_or_end_a_line_are_denied() {
    let service = Upstream::fixed(ok("text/plain", "smuggled"));
    let gateway = calling(&telling(), service.address, "private = true");
    let url = format!("http://{}/", service.address);
    let table = [
        ("host", "evil.example"),
        ("Content-Length", "0"),
        ("transfer-encoding", "chunked"),
        ("connection", "x-a"),
        ("upgrade", "h2c"),
        ("te", "trailers"),
        ("proxy-authorization", "Basic x"),
        ("x-a", "b\r\nx-c: d"),
        ("x-a", "b\nx-c: d"),
        ("x-a", "b\r"),
        ("x-a", "b\0"),
        ("x a", "b"),
        (":path", "/x"),
    ];
    for (name, value) in table {
        let (code, why) = told(&ask(&gateway, &url, &[("x-name", name)], value));
        assert_eq!(code, "denied", "{name}: {value:?}: {why}");
    }
    assert!(service.seen().is_empty());
    let reply = ask(&gateway, &url, &[("x-name", "authorization")], "Bearer of the plugin's own");
    assert_eq!(told(&reply).0, "answered");
    assert_eq!(service.seen()[0].header("authorization").as_deref(), Some("Bearer of the plugin's own"));
}

#[test]
fn an_answer_is_read_no_further_than_its_bound() {
    let (say, closed) = channel();
    let say = Mutex::new(say);
    let service = Upstream::start(move |_, seen, stream| {
        if seen.head.starts_with("GET /long") {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").unwrap();
        } else if seen.head.starts_with("GET /endless") {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
            while stream.write_all(&chunk(&"x".repeat(1000))).is_ok() {}
            say.lock().unwrap().send(()).unwrap();
        } else if seen.head.starts_with("GET /head") {
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nx-a: {}\r\n\r\n", "x".repeat(100_000)).as_bytes());
            return false;
        } else {
            stream.write_all(&ok("text/plain", &"x".repeat(1024))).unwrap();
        }
        true
    });
    let gateway = calling(&telling(), service.address, "private = true, bytes = \"1KiB\", timeout = \"60s\"");
    let code = |path: &str| told(&ask(&gateway, &format!("http://{}{path}", service.address), &[], "hi")).0;
    assert_eq!(["/long", "/endless", "/head"].map(code), ["too_large", "too_large", "too_large"]);
    closed.recv_timeout(PATIENCE).expect("the endless answer was cut off");
    assert_eq!(told(&ask(&gateway, &format!("http://{}/", service.address), &[], "hi")).1.len(), 1024);
    assert_eq!(count(&gateway, "too-large"), 3.0);
}

#[test]
fn one_call_of_a_hook_makes_so_many_callouts_and_the_next_as_many_again() {
    let service = Upstream::fixed(ok("text/plain", "yes"));
    let once = r#"(call $call @"GET" (i32.const 0) (i32.const 0))"#;
    let many = Guest::on(
        "policy",
        &format!("{once} (call $must-be-ok) {once} (call $must-be-ok) {once} (call $must-fail) {once} (call $tell)"),
    )
    .with(TELL);
    let gateway = calling(&many, service.address, "private = true, per_call = 2");
    for n in 1..=2 {
        assert_eq!(told(&ask(&gateway, &format!("http://{}/", service.address), &[], "hi")).0, "too_many");
        assert_eq!(service.seen().len(), 2 * n);
    }
    assert_eq!((count(&gateway, "ok"), count(&gateway, "too-many")), (4.0, 4.0));
}

#[test]
fn nobody_is_called_while_a_plugin_starts() {
    let service = Upstream::fixed(ok("text/plain", "yes"));
    let url = format!("http://{}/", service.address);
    // `init` succeeds only if it was denied.
    let eager = Guest::on("policy", "(call $pass)").init(&format!(
        r#"(call $callouts.send @"GET" @"{url}" (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
             (global.get $ret))
           (call $must-fail)
           (if (i32.load8_u (i32.const 68)) (then unreachable))
           (i32.store (i32.const 0) (i32.const 0)) (i32.const 0)"#
    ));
    let gateway = calling(&eager, service.address, "private = true");
    assert_eq!(post(gateway.address, ACME, &chat("hi")).content(), "hello");
    assert!(service.seen().is_empty());
}

#[test]
fn a_plugin_whose_callouts_cannot_be_set_up_does_not_start_and_the_message_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (guest, authorities) = (telling(), folder.path().join("authorities.pem"));
    std::fs::write(&authorities, "no certificate").unwrap();
    guest::install(&folder.path().join("plugins"), "caller", &guest.build());
    let settings = settings(&["https://policy.example.com"], &format!("ca_file = {authorities:?}"));
    let bound = chain(&[("caller", &guest, &settings)]);
    let bound = bound.replace("[plugins]\n", &format!("[plugins]\ncache = {:?}\n", support::cache()));
    let file = folder.path().join("weir.toml");
    std::fs::write(&file, format!("{}\n{bound}", support::demo_config(""))).unwrap();
    let output = support::command(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("authorities.pem") && said.contains("no certificate in it"), "{said}");
}
