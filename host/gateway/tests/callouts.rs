//! Callouts: HTTP requests of plugins, to where the operator allows it and nowhere else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod guest;
mod support;

use guest::{Guest, chain, gateway, gateway_with};
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::client::{read_reply, write_request};
use support::upstream::{Upstream, chunk, ok, status, wait_for_close};
use support::{ACME, GLOBEX, Gateway, PATIENCE, Reply, chat, post, send, until};

/// Refuses with what came of the last callout: `answered` and the body, or how it failed and why.
const TELL: &str = r#"
  (func $tell (result i32)
    (local $how i32)
    (if (i32.eqz (i32.load8_u (global.get $ret)))
      (then (return (call $refuse (i32.const 400) @"answered" (i32.load (i32.const 80)) (i32.load (i32.const 84))))))
    (local.set $how (i32.load8_u (i32.const 68)))
    (if (i32.eq (local.get $how) (i32.const 1)) (then (return (call $refuse (i32.const 400) @"timeout" @""))))
    (if (i32.eq (local.get $how) (i32.const 2)) (then (return (call $refuse (i32.const 400) @"too_large" @""))))
    (if (i32.eq (local.get $how) (i32.const 3)) (then (return (call $refuse (i32.const 400) @"too_many" @""))))
    (if (local.get $how)
      (then (return (call $refuse (i32.const 400) @"failed" (i32.load (i32.const 72)) (i32.load (i32.const 76))))))
    (call $refuse (i32.const 400) @"denied" (i32.load (i32.const 72)) (i32.load (i32.const 76))))
  ;; Calls the URL in the header x-url with the method and the timeout, and with one header if x-name names one; its value
  ;; is the text that the user asks with. `$body` bytes of the client's own body go with it.
  (func $call (param $method i32) (param $method-len i32) (param $timeout i32) (param $with-body i32)
    (call $request.header @"x-url" (i32.const 128))
    (call $request.header @"x-name" (i32.const 144))
    (call $request.texts (i32.const 160))
    (call $request.body (i32.const 168))
    (i32.store (i32.const 176) (i32.load (i32.const 148)))
    (i32.store (i32.const 180) (i32.load (i32.const 152)))
    (i32.store (i32.const 184) (i32.load offset=8 (i32.load (i32.const 160))))
    (i32.store (i32.const 188) (i32.load offset=12 (i32.load (i32.const 160))))
    (call $callouts.send (local.get $method) (local.get $method-len) (i32.load (i32.const 132)) (i32.load (i32.const 136))
      (i32.const 176) (i32.load8_u (i32.const 144))
      (i32.load (i32.const 168)) (i32.mul (local.get $with-body) (i32.load (i32.const 172)))
      (local.get $timeout) (global.get $ret)))"#;

/// A policy that calls what the client names, and tells what came of it.
fn telling() -> Guest {
    Guest::on("policy", r#"(call $call @"GET" (i32.const 0) (i32.const 0)) (call $tell)"#).with(TELL)
}

/// The settings of a plugin that may call these origins.
fn settings(allow: &[&str], more: &str) -> String {
    format!("grants = [\"callouts\"]\ncallouts = {{ allow = {allow:?}, {more} }}")
}

/// A gateway whose policy calls out, and the origin that it may call.
fn calling(guest: &Guest, to: SocketAddr, more: &str) -> Gateway {
    let origin = format!("http://{to}");
    gateway(Upstream::chat().address, "", &[("caller", guest, &settings(&[&origin], more))])
}

fn ask(gateway: &Gateway, url: &str, headers: &[(&str, &str)], text: &str) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let all = [&[("authorization", bearer.as_str()), ("x-url", url)], headers].concat();
    send(gateway.address, "POST", "/v1/chat/completions", &all, chat(text).as_bytes())
}

/// Code and message of what the policy tells.
fn told(reply: &Reply) -> (String, String) {
    (reply.code(), reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned())
}

fn count(gateway: &Gateway, result: &str) -> f64 {
    gateway.metric("weir_plugin_callouts_total", &["plugin=\"caller\"", "acme", &format!("result=\"{result}\"")])
}

/// A service whose answers the test gives: it says what it was asked, and waits for leave to answer.
struct Held {
    service: Upstream,
    leave: Sender<()>,
    closed: Receiver<()>,
}

impl Held {
    fn start() -> Self {
        let ((leave, wait), (say, closed)) = (channel::<()>(), channel());
        let (wait, say) = (Mutex::new(wait), Mutex::new(say));
        let service = Upstream::start(move |_, seen, stream| {
            if seen.head.starts_with("GET /leaving") {
                wait_for_close(stream);
                return say.lock().unwrap().send(()).is_err();
            }
            wait.lock().unwrap().recv().is_ok() && stream.write_all(&ok("text/plain", "at last")).is_ok()
        });
        Self { service, leave, closed }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.address)
    }
}

#[test]
fn what_a_service_answers_decides_the_request() {
    let service = Upstream::start(|_, seen, stream| {
        let allow = seen.header("x-team").as_deref() == Some("red");
        stream.write_all(&if allow { status("204 Fine", "text/plain", "") } else { ok("text/plain", "nobody") }).is_ok()
    });
    let deciding = Guest::on(
        "policy",
        r#"(call $call @"GET" (i32.const 0) (i32.const 0)) (call $must-be-ok)
           (if (i32.eq (i32.load16_u (i32.const 68)) (i32.const 204)) (then (return (call $pass))))
           (call $tell)"#,
    )
    .with(TELL);
    let gateway = calling(&deciding, service.address, "private = true");
    let url = format!("HTTP://{}/may?who=a%2Fb", service.address);
    let headers = [("x-name", "X-Team")];
    let reply = ask(&gateway, &url, &headers, "red");
    assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{}", reply.text());
    assert_eq!(told(&ask(&gateway, &url, &headers, "blue")), ("answered".to_owned(), "nobody".to_owned()));
    let seen = service.seen();
    assert!(seen[0].head.starts_with("GET /may?who=a%2Fb HTTP/1.1\r\n"), "{}", seen[0].head);
    assert_eq!(seen[0].header("host"), Some(service.address.to_string()));
    let names: Vec<&str> = seen[0].head.lines().skip(1).filter_map(|l| Some(l.split_once(':')?.0)).collect();
    assert_eq!(names.len(), 3, "host, connection and what the plugin set, nothing of the client's: {names:?}");
    assert_eq!(count(&gateway, "ok"), 2.0);
    assert!(gateway.metric("weir_plugin_callout_seconds_total", &["plugin=\"caller\"", "acme"]) > 0.0);
}

#[test]
fn a_body_goes_out_as_it_is_and_headers_come_back_without_those_of_the_connection() {
    let service = Upstream::start(|_, _, stream| {
        let head = "HTTP/1.1 200 OK\r\nX-Verdict: good\r\nconnection: close, x-hop\r\nx-hop: 1\r\nkeep-alive: 1\r\n";
        let body = [chunk("one "), chunk("two"), b"0\r\n\r\n".to_vec()].concat();
        let head = format!("{head}transfer-encoding: chunked\r\n\r\n");
        stream.write_all(&[head.as_bytes(), &body].concat()).is_err()
    });
    // One header is left, and it is the one; the body is told.
    let posting = Guest::on(
        "policy",
        r#"(call $call @"POST" (i32.const 0) (i32.const 1)) (call $must-be-ok)
           (if (i32.ne (i32.load (i32.const 76)) (i32.const 1)) (then unreachable))
           (if (i32.ne (i32.load8_u (i32.load offset=0 (i32.load (i32.const 72)))) (i32.const 120)) (then unreachable))
           (if (i32.ne (i32.load offset=12 (i32.load (i32.const 72))) (i32.const 4)) (then unreachable))
           (call $tell)"#,
    )
    .with(TELL);
    let gateway = calling(&posting, service.address, "private = true");
    let reply = ask(&gateway, &format!("http://{}/", service.address), &[], "hi");
    assert_eq!(told(&reply), ("answered".to_owned(), "one two".to_owned()), "{}", reply.text());
    assert_eq!(service.seen()[0].body, chat("hi").as_bytes());
    assert!(service.seen()[0].head.starts_with("POST / "));
}

#[test]
fn while_one_waits_for_an_answer_the_others_go_on_on_the_same_thread_and_the_wait_costs_no_cpu_time() {
    let held = Held::start();
    let origin = format!("http://{}", held.service.address);
    // The deadline is shorter than the wait: it does not run meanwhile.
    let limits = "private = true, timeout = \"60s\" }\nlimits = { deadline = \"300ms\"";
    let guest = telling();
    let bound = [("caller", &guest, settings(&[&origin], limits))];
    let bound = bound.each_ref().map(|(name, guest, settings)| (*name, *guest, settings.as_str()));
    let config = support::config(Upstream::chat().address).replace("workers = 2", "workers = 1");
    let gateway = gateway_with(
        &format!("{config}\n{}", chain(&bound).replace("[[plugins.chain]]", "[[plugins.chain]]\ntenants = [\"acme\"]")),
        &bound,
    );
    std::thread::scope(|scope| {
        let (gateway, url) = (&gateway, held.url("/"));
        let waiting = scope.spawn(move || ask(gateway, &url, &[], "hi"));
        until("the service is asked", || (held.service.seen().len() == 1).then_some(()));
        let start = Instant::now();
        let mut others = 0;
        while others < 20 || start.elapsed() < Duration::from_millis(600) {
            assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).content(), "hello");
            others += 1;
        }
        assert!(!waiting.is_finished());
        held.leave.send(()).unwrap();
        assert_eq!(told(&waiting.join().unwrap()), ("answered".to_owned(), "at last".to_owned()));
    });
    let of = |metric: &str| gateway.metric(metric, &["plugin=\"caller\"", "tenant=\"acme\""]);
    let (waited, cpu) = (of("weir_plugin_callout_seconds_total"), of("weir_plugin_cpu_seconds_total"));
    assert!(waited >= 0.6 && cpu < 0.3, "waited {waited} s, used {cpu} s");
    // It was polled when something came, and not in between.
    assert!(of("weir_plugin_yields_total") < 50.0, "{} polls", of("weir_plugin_yields_total"));
}

#[test]
fn a_client_that_leaves_takes_the_callout_with_it() {
    let held = Held::start();
    let gateway = calling(&telling(), held.service.address, "private = true, timeout = \"60s\"");
    let mut client = TcpStream::connect(gateway.address).unwrap();
    let (bearer, url) = (format!("Bearer {ACME}"), held.url("/leaving"));
    let headers = [("authorization", bearer.as_str()), ("x-url", url.as_str())];
    write_request(&mut client, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
    until("the service is asked", || (held.service.seen().len() == 1).then_some(()));
    drop(client);
    held.closed.recv_timeout(PATIENCE).expect("the service sees the connection close");
    until("the instance is gone", || (gateway.metric("weir_plugin_instances", &["caller"]) == 0.0).then_some(()));
    held.leave.send(()).unwrap();
    assert_eq!(told(&ask(&gateway, &held.url("/"), &[], "hi")).1, "at last");
}

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
fn a_redirect_is_an_answer_and_nobody_follows_it() {
    let elsewhere = Upstream::fixed(ok("text/plain", "here"));
    let location =
        format!("HTTP/1.1 302 Found\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", elsewhere.address);
    let service = Upstream::fixed(location);
    let saying = Guest::on(
        "policy",
        r#"(call $call @"GET" (i32.const 0) (i32.const 0)) (call $must-be-ok) (call $say (i32.load16_u (i32.const 68)))"#,
    )
    .with(TELL);
    let allow = [service.address, elsewhere.address].map(|address| format!("http://{address}"));
    let settings = settings(&allow.each_ref().map(String::as_str), "private = true");
    let gateway = gateway(Upstream::chat().address, "", &[("caller", &saying, &settings)]);
    assert_eq!(told(&ask(&gateway, &allow[0], &[], "hi")).1, "302");
    assert!(elsewhere.seen().is_empty());
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
fn an_answer_that_does_not_come_is_waited_for_no_longer_than_operator_and_plugin_say() {
    for (ms, timeout) in [(0, "100ms"), (100, "60s"), (60_000, "100ms")] {
        let held = Held::start();
        let body = format!(r#"(call $call @"GET" (i32.const {ms}) (i32.const 0)) (call $tell)"#);
        let gateway = calling(
            &Guest::on("policy", &body).with(TELL),
            held.service.address,
            &format!("private = true, timeout = \"{timeout}\""),
        );
        assert_eq!(told(&ask(&gateway, &held.url("/leaving"), &[], "hi")).0, "timeout", "{ms} {timeout}");
        held.closed.recv_timeout(PATIENCE).expect("the service sees the connection close");
        assert_eq!(count(&gateway, "timeout"), 1.0);
        assert!(gateway.metric("weir_plugin_callout_seconds_total", &["caller"]) >= 0.1);
    }
}

#[test]
fn what_is_no_http_or_breaks_off_is_a_failure_with_a_reason() {
    let service = Upstream::start(|_, seen, stream| {
        let answer: &[u8] = match seen.head.as_str() {
            head if head.starts_with("GET /nonsense") => b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
            head if head.starts_with("GET /half") => b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
            _ => b"",
        };
        stream.write_all(answer).unwrap();
        stream.shutdown(std::net::Shutdown::Both).is_err()
    });
    let gateway = calling(&telling(), service.address, "private = true");
    for path in ["/nonsense", "/half", "/nothing"] {
        let (code, why) = told(&ask(&gateway, &format!("http://{}{path}", service.address), &[], "hi"));
        assert_eq!(code, "failed", "{path}");
        assert!(why.starts_with("no whole HTTP answer"), "{path}: {why}");
    }
    assert_eq!(count(&gateway, "failed"), 3.0);
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

#[test]
fn many_wait_at_once_and_each_gets_its_own_answer() {
    // Nobody is answered before all have asked.
    let all = Arc::new(std::sync::Barrier::new(8));
    let service = Upstream::start(move |_, seen, stream| {
        all.wait();
        let path = seen.head.split(' ').nth(1).unwrap().to_owned();
        stream.write_all(&ok("text/plain", &path)).is_ok()
    });
    let gateway = calling(&telling(), service.address, "private = true, timeout = \"60s\"");
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|n| {
                let (gateway, address) = (&gateway, service.address);
                scope.spawn(move || (n, told(&ask(gateway, &format!("http://{address}/{n}"), &[], "hi")).1))
            })
            .collect();
        for (n, answer) in asking.into_iter().map(|asked| asked.join().unwrap()) {
            assert_eq!(answer, format!("/{n}"));
        }
    });
}

#[test]
fn a_connection_of_the_client_goes_on_after_a_callout_failed() {
    let gateway = calling(&telling(), "127.0.0.1:1".parse().unwrap(), "private = true");
    let mut client = TcpStream::connect(gateway.address).unwrap();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let bearer = format!("Bearer {ACME}");
    for _ in 0..3 {
        let headers = [("authorization", bearer.as_str()), ("x-url", "http://127.0.0.1:1/")];
        write_request(&mut client, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
        let (code, why) = told(&read_reply(&mut reader));
        assert_eq!((code.as_str(), why.as_str()), ("failed", "no connection (connection refused)"));
    }
}
