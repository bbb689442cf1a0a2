//! Callouts: HTTP requests of plugins, and who waits for them.

use crate::support;

use crate::guest::calling::{Held, TELL, ask, calling, count, settings, telling, told};
use crate::guest::{Guest, chain, gateway, gateway_with};
use crate::support::client::{read_reply, write_request};
use crate::support::upstream::{Upstream, chunk, ok, status};
use crate::support::{ACME, GLOBEX, PATIENCE, chat, post, until};
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    soon!(gateway.metric("weir_plugin_callout_seconds_total", &["plugin=\"caller\"", "acme"]) > 0.0);
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
    let of_request = || gateway.metric("weir_request_wait_seconds_total", &["tenant=\"acme\"", "for=\"callout\""]);
    until("the request has ended", || (of_request() > 0.0).then_some(()));
    assert!((of_request() - waited).abs() < 0.1, "{} s and {waited} s", of_request());
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
        soon!(gateway.metric("weir_plugin_callout_seconds_total", &["caller"]) >= 0.1);
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
