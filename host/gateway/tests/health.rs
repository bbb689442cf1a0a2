//! Who is put aside, for how long, and how it comes back; and what failures may multiply to.

use crate::support;

use crate::support::client::{read_head, write_request};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok, status, wait_for_close};
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config_with, post, until};
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The model `m` at `up`, `b` and `c`, in this order and without retries, `up` with these lines in its table.
fn three(up: SocketAddr, b: SocketAddr, c: SocketAddr, lines: &str) -> String {
    let rest = [("b", b), ("c", c)].map(|(name, address)| {
        format!("[providers.{name}]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\nretries = 0\n")
    });
    config_with(up, &format!("retries = 0\n{lines}"), &rest.concat())
        .replace("[\"up/m\"]", "[\"up/m\", \"b/m\", \"c/m\"]")
}

fn who(reply: &Reply) -> &str {
    reply.header("x-weir-upstream").unwrap_or("nobody")
}

/// Asks in a thread of its own.
fn ask(address: SocketAddr) -> JoinHandle<Reply> {
    std::thread::spawn(move || post(address, ACME, &chat("hi")))
}

/// What `/readyz?verbose` says of the first provider.
fn first(gateway: &Gateway) -> serde_json::Value {
    gateway.ready()["providers"][0].clone()
}

/// Waits until the next request may try the first provider out.
fn until_due(gateway: &Gateway) {
    until("its time-out is over", || {
        let aside = first(gateway)["aside"].clone();
        let due = |one: &serde_json::Value| one["due_in_ms"] == 0 && one["probing"] == false;
        aside.as_array().is_none_or(|all| all.iter().all(due)).then_some(())
    });
}

/// Lets what hangs go on, and says what it does.
struct Release(Sender<Vec<u8>>);

/// An upstream whose requests from the `from`th on hang until told what to answer, or until the gateway hangs up;
/// those before are answered with `before`.
fn hanging(from: usize, before: Vec<u8>) -> (Upstream, Release) {
    let (release, released) = channel::<Vec<u8>>();
    let released: Arc<Mutex<Receiver<Vec<u8>>>> = Arc::new(Mutex::new(released));
    let upstream = Upstream::start(move |n, _, stream| {
        if n < from {
            return stream.write_all(&before).is_ok();
        }
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        loop {
            if let Ok(answer) = released.lock().unwrap().try_recv() {
                stream.set_read_timeout(None).unwrap();
                return stream.write_all(&answer).is_ok();
            }
            match stream.peek(&mut [0]) {
                Ok(0) => return false,
                Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => {}
                other => panic!("{other:?}"),
            }
        }
    });
    (upstream, Release(release))
}

#[test]
fn bodies_that_break_off_put_a_provider_aside_though_every_head_was_a_200() {
    let cut_stream = [STREAM, &chunk(&delta("a"))].concat();
    let cut_chunk = [STREAM, b"ffff\r\ndata: {"].concat();
    let cut_whole =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"id\":".to_vec();
    let told = [STREAM, &chunk("data: {\"error\":{\"message\":\"mine\"}}\n\n"), END].concat();
    for (name, answer, body) in [
        ("a stream that is cut", cut_stream, chat_stream("hi")),
        ("a stream that is cut within a chunk", cut_chunk, chat_stream("hi")),
        ("a whole answer that is cut", cut_whole, chat("hi")),
        ("a stream whose upstream says itself that it failed", told, chat_stream("hi")),
    ] {
        let upstream = Upstream::start(move |_, _, stream| {
            stream.write_all(&answer).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
            false
        });
        let stream = [STREAM, &chunk(&delta("b")), &chunk(DONE), END].concat();
        let next = Upstream::start(move |_, seen, stream_| {
            let answer = if seen.json()["stream"] == true { stream.clone() } else { ok("application/json", CHAT) };
            stream_.write_all(&answer).is_ok()
        });
        let config =
            three(upstream.address, next.address, next.address, "health.aside = \"1h\"\nhealth.aside_limit = \"1h\"");
        let gateway = Gateway::start(&config);
        // Some of these are answered by the next one at once, where the head alone shows that the answer is none.
        for _ in 0..5 {
            post(gateway.address, ACME, &body);
        }
        until("the fifth is judged", || (gateway.metric("weir_upstream_healthy", &["\"up\""]) == 0.0).then_some(()));
        for _ in 0..10 {
            let reply = post(gateway.address, ACME, &body);
            assert_eq!((reply.status, who(&reply), reply.clean), (200, "b/m", true), "{name}");
        }
        assert_eq!(upstream.seen().len(), 5, "{name}");
    }
}

#[test]
fn clients_that_leave_in_the_middle_of_a_stream_say_nothing_of_its_provider() {
    let upstream = Upstream::start(|_, _, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("a"))].concat()).unwrap();
        wait_for_close(stream);
        false
    });
    let next = Upstream::chat();
    let gateway = Gateway::start(&three(upstream.address, next.address, next.address, "health.failures = 2"));
    for n in 1..=6 {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let bearer = format!("Bearer {ACME}");
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, chat_stream("hi").as_bytes());
        let head = read_head(&mut BufReader::new(stream.try_clone().unwrap()));
        assert_eq!((head.status, who(&head)), (200, "up/m"));
        drop(stream);
        let gone = || gateway.metric("weir_requests_total", &["status=\"499\""]) == f64::from(n);
        until("it is gone", || gone().then_some(()));
    }
    assert_eq!(first(&gateway), serde_json::json!({"name": "up", "healthy": true}));
    assert!(next.seen().is_empty());
}

#[test]
fn after_its_time_out_one_request_at_a_time_tries_a_provider_out() {
    let (upstream, release) = hanging(5, status("500 Oops", "text/plain", ""));
    let next = Upstream::chat();
    let gateway = Gateway::start(&three(upstream.address, next.address, next.address, "health.aside = \"100ms\""));
    let address = gateway.address;
    for _ in 0..5 {
        assert_eq!(who(&post(address, ACME, &chat("hi"))), "b/m");
    }
    until_due(&gateway);
    let probe = ask(address);
    until("the probe is out", || (upstream.seen().len() == 6).then_some(()));
    assert_eq!(first(&gateway)["aside"][0]["probing"], true);
    soon_eq!(gateway.metric("weir_upstream_healthy", &["\"up\""]), 0.0);
    let others: Vec<_> = (0..30).map(|_| ask(address)).collect();
    for other in others {
        assert_eq!(who(&other.join().unwrap()), "b/m", "while the probe is out");
    }
    assert_eq!(upstream.seen().len(), 6);
    // A probe of which the client leaves gives its place to the next request; here, one that is answered.
    release.0.send(ok("application/json", CHAT)).unwrap();
    assert_eq!(who(&probe.join().unwrap()), "up/m");
    release.0.send(ok("application/json", CHAT)).unwrap();
    assert_eq!(who(&post(address, ACME, &chat("hi"))), "up/m", "it is asked in its turn again");
    soon_eq!(gateway.metric("weir_upstream_healthy", &["\"up\""]), 1.0);
    assert_eq!(first(&gateway), serde_json::json!({"name": "up", "healthy": true}));
    gateway.says("put aside: others are asked first");
    gateway.says("asked in its turn again");
    gateway.says("attempts failed, and others are made in their place");
    soon_eq!(gateway.metric("weir_upstream_put_aside_total", &["\"up\"", "reason=\"failures\"", "model=\"\""]), 1.0);
    soon_eq!(gateway.metric("weir_requests_failed_over_total", &["\"acme\"", "\"m\""]), 5.0);
}

#[test]
fn a_probe_whose_client_leaves_gives_its_place_to_the_next_request() {
    let (upstream, release) = hanging(5, status("500 Oops", "text/plain", ""));
    let next = Upstream::chat();
    let gateway = Gateway::start(&three(upstream.address, next.address, next.address, "health.aside = \"100ms\""));
    (0..5).for_each(|_| assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m"));
    for n in 6..9 {
        until_due(&gateway);
        let mut leaving = TcpStream::connect(gateway.address).unwrap();
        let bearer = format!("Bearer {ACME}");
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut leaving, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
        until("the probe is out", || (upstream.seen().len() == n).then_some(()));
        assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m");
        drop(leaving);
        until("it has left", || (first(&gateway)["aside"][0]["probing"] == false).then_some(()));
    }
    release.0.send(ok("application/json", CHAT)).unwrap();
    assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "up/m");
}

#[test]
fn requests_that_pile_up_without_an_answer_are_noticed_before_the_first_time_out() {
    let (upstream, release) = hanging(3, ok("application/json", CHAT));
    let next = Upstream::chat();
    // Nothing times out here for as long as the test may take.
    let lines = "first_byte_timeout = \"10m\"\nhealth.unanswered_after = \"50ms\"";
    let gateway = Gateway::start(&three(upstream.address, next.address, next.address, lines));
    let address = gateway.address;
    (0..3).for_each(|_| assert_eq!(who(&post(address, ACME, &chat("hi"))), "up/m"));
    let (answered, answers) = channel();
    let ask = || {
        let answered = answered.clone();
        std::thread::spawn(move || answered.send(post(address, ACME, &chat("hi"))));
    };
    (0..5).for_each(|_| ask());
    until("five wait", || (upstream.seen().len() == 8).then_some(()));
    let noticed = until("somebody else answers", || {
        ask();
        answers.recv_timeout(Duration::from_millis(50)).ok()
    });
    assert_eq!(who(&noticed), "b/m");
    let sent = || gateway.metric("weir_upstream_attempts_total", &["\"up\""]) as usize;
    until("all that were sent have arrived", || (upstream.seen().len() == sent()).then_some(()));
    let stuck = upstream.seen().len() - 3;
    soon_eq!(gateway.metric("weir_upstream_put_aside_total", &["\"up\"", "reason=\"unanswered\""]), 1.0);
    for _ in 0..30 {
        assert_eq!(who(&post(address, ACME, &chat("hi"))), "b/m");
    }
    assert_eq!(upstream.seen().len() - 3, stuck, "one probe is out and no other goes there");
    soon_eq!(gateway.metric("weir_upstream_errors_total", &["\"up\"", "first_byte_timeout"]), 0.0);
    // One answer is a sign of life.
    (0..stuck).for_each(|_| release.0.send(ok("application/json", CHAT)).unwrap());
    until("a head has come", || (first(&gateway)["healthy"] == true).then_some(()));
    release.0.send(ok("application/json", CHAT)).unwrap();
    assert_eq!(who(&post(address, ACME, &chat("hi"))), "up/m");
}

#[test]
fn of_three_targets_the_first_of_which_hangs_few_requests_fail() {
    let (upstream, _release) = hanging(0, Vec::new());
    let (b, c) = (Upstream::chat(), Upstream::chat());
    let lines = "first_byte_timeout = \"300ms\"\nhealth.aside = \"60ms\"\nhealth.aside_limit = \"1800ms\"";
    let gateway = Gateway::start(&three(upstream.address, b.address, c.address, lines));
    let (address, start) = (gateway.address, Instant::now());
    let clients: Vec<_> = (0..20)
        .map(|_| std::thread::spawn(move || (0..50).filter(|_| post(address, ACME, &chat("hi")).status != 200).count()))
        .collect();
    let failed: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    // The first window: one for each client, and a second for those whose first was among the five; then one at a time,
    // each of which takes as long as the deadline.
    let probes = usize::try_from(start.elapsed().as_millis() / 300).unwrap() + 1;
    assert!((5..=25 + probes).contains(&failed), "{failed} of 1,000 failed, {probes} probes");
    assert!(upstream.seen().len() <= 25 + probes);
}

/// An address that takes no connection: the kernel drops what asks for one, as long as the listener and its full queue
/// are there.
fn drops_syns() -> (SocketAddr, socket2::Socket, Vec<TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queued = vec![];
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queued.push(stream);
        assert!(queued.len() < 100, "this kernel's queues have no end");
    }
    (address, socket, queued)
}

#[test]
fn with_syns_dropped_one_request_at_a_time_waits_after_the_first_window() {
    let (address, _listener, _queued) = drops_syns();
    let (b, c) = (Upstream::chat(), Upstream::chat());
    let lines = "connect_timeout = \"300ms\"\nhealth.aside = \"60ms\"\nhealth.aside_limit = \"60ms\"";
    let gateway = Gateway::start(&three(address, b.address, c.address, lines));
    let address = gateway.address;
    for _ in 0..5 {
        assert_eq!(who(&post(address, ACME, &chat("hi"))), "b/m");
    }
    let timeouts = || gateway.metric("weir_upstream_errors_total", &["\"up\"", "connect_timeout"]);
    let (before, start) = (timeouts(), Instant::now());
    assert_eq!(before, 5.0);
    // Long enough for a time-out of a second, and of another two, to end.
    let asking = move || {
        while start.elapsed() < Duration::from_millis(3_500) {
            assert_eq!(who(&post(address, ACME, &chat("hi"))), "b/m");
        }
    };
    let clients: Vec<_> = (0..20).map(|_| std::thread::spawn(asking)).collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    let one_at_a_time = start.elapsed().as_millis() as f64 / 300.0 + 1.0;
    let waited = timeouts() - before;
    assert!(waited <= one_at_a_time, "{waited} waited, {one_at_a_time} one after another could have");
}

#[test]
fn a_model_is_not_asked_again_before_its_provider_says() {
    let date = "retry-after: Wed, 21 Oct 2099 07:28:00 GMT";
    for (line, wish) in [
        ("429 Too Many Requests", "retry-after: 30"),
        ("429 Too Many Requests", "retry-after-ms: 30000"),
        ("429 Too Many Requests", date),
        ("429 Too Many Requests", "retry-after: 99999999999999999999"),
        ("503 Busy", "retry-after: 30"),
        ("529 Overloaded", "retry-after: 30.5"),
    ] {
        let limited = format!("HTTP/1.1 {line}\r\n{wish}\r\ncontent-length: 2\r\n\r\n{{}}");
        let upstream = Upstream::start(move |_, seen, stream| {
            let limited =
                if seen.json()["model"] == "m" { limited.clone().into() } else { ok("application/json", CHAT) };
            stream.write_all(&limited).is_ok()
        });
        let next = Upstream::chat();
        let config = three(upstream.address, next.address, next.address, "").replace(
            "[models.m]",
            "[models.other]\ntargets = [\"up/n\"]\n[models.same]\ntargets = [\"up/m\", \"c/m\"]\n[models.m]",
        );
        let gateway = Gateway::start(&config);
        for n in 0..50 {
            let body = if n % 2 == 0 { chat("hi") } else { chat_stream("hi") };
            assert_eq!(who(&post(gateway.address, ACME, &body)), "b/m", "{line}, {wish}: request {n}");
        }
        assert_eq!(upstream.seen().len(), 1, "{line}, {wish}");
        let aside = first(&gateway)["aside"][0].clone();
        assert_eq!((&aside["model"], &aside["reason"]), (&"m".into(), &"rate_limited".into()));
        let due = aside["due_in_ms"].as_u64().unwrap();
        assert!(wish != "retry-after: 30" || (1..=30_000).contains(&due), "{due}");
        assert!(wish != date || (30_001..=3_600_000).contains(&due), "{due}: an hour at most");
        // It is the provider's model that is limited, whatever it is called here, and no other one.
        let model = |name: &str| chat("hi").replace("\"m\"", &format!("\"{name}\""));
        assert_eq!(who(&post(gateway.address, ACME, &model("same"))), "c/m");
        assert_eq!(who(&post(gateway.address, ACME, &model("other"))), "up/n");
    }
}

#[test]
fn a_model_that_was_limited_is_tried_when_its_time_has_come_and_serves_again() {
    let limited = b"HTTP/1.1 429 Slow\r\nretry-after-ms: 200\r\ncontent-length: 0\r\n\r\n".to_vec();
    let (upstream, release) = hanging(1, limited);
    let next = Upstream::chat();
    let gateway = Gateway::start(&three(upstream.address, next.address, next.address, ""));
    assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m");
    until_due(&gateway);
    let probe = ask(gateway.address);
    until("the probe is out", || (upstream.seen().len() == 2).then_some(()));
    assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m");
    (0..2).for_each(|_| release.0.send(ok("application/json", CHAT)).unwrap());
    assert_eq!(who(&probe.join().unwrap()), "up/m");
    assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "up/m");
}

#[test]
fn when_all_are_put_aside_the_first_is_asked_nevertheless() {
    let limited = "HTTP/1.1 429 Slow\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n";
    let (a, b, c) = (Upstream::fixed(limited), Upstream::fixed(limited), Upstream::fixed(limited));
    let gateway = Gateway::start(&three(a.address, b.address, c.address, ""));
    for n in 1..=10 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("30")));
        assert_eq!(a.seen().len(), n);
    }
}

#[test]
fn a_router_that_keeps_the_order_does_not_bring_back_who_is_put_aside() {
    let upstream = Upstream::fixed("HTTP/1.1 429 Slow\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n");
    let next = Upstream::chat();
    let plugins = support::installed();
    let config = three(upstream.address, next.address, next.address, "");
    let chain = format!(
        "[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n[[plugins.chain]]\nplugin = \"route-by-cost\"\n",
        plugins.display(),
        support::cache().display()
    );
    let gateway = Gateway::start(&format!("{config}{chain}"));
    for _ in 0..20 {
        assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m");
    }
    assert_eq!(upstream.seen().len(), 1);
}

/// All requests that these upstreams have seen.
fn attempts(upstreams: &[&Upstream]) -> usize {
    upstreams.iter().map(|upstream| upstream.seen().len()).sum()
}

#[test]
fn when_all_fail_attempts_do_not_multiply() {
    for (line, first_status) in [("500 Oops", 502), ("429 Slow", 429), ("401 No", 502), ("503 Busy", 503)] {
        let failing = || Upstream::fixed(status(line, "text/plain", ""));
        let (a, b, c) = (failing(), failing(), failing());
        let gateway = Gateway::start(&three(a.address, b.address, c.address, ""));
        let start = Instant::now();
        for _ in 0..200 {
            assert_eq!(post(gateway.address, ACME, &chat("hi")).status, first_status, "{line}");
        }
        // One each, what is free while nothing is known yet, ten at once, a share of the requests, and one a second.
        let bound = 200 + 2 + 10 + 40 + usize::try_from(start.elapsed().as_secs()).unwrap() + 1;
        let made = attempts(&[&a, &b, &c]);
        assert!((200..=bound).contains(&made), "{line}: {made} attempts, {bound} at most");
        soon!(gateway.metric("weir_retries_skipped_total", &[]) >= 100.0, "{line}");
    }
}

#[test]
fn attempts_of_one_provider_that_is_tried_again_do_not_multiply_either() {
    let upstream = Upstream::fixed(status("503 Busy", "text/plain", ""));
    let config =
        config_with(upstream.address, "retries = 2", "").replace("[server]", "[limits]\nretry_budget = 0\n[server]");
    let gateway = Gateway::start(&config);
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 503);
    }
    let bound = 100 + 10 + usize::try_from(start.elapsed().as_secs()).unwrap() + 1;
    assert!(upstream.seen().len() <= bound, "{} attempts", upstream.seen().len());
}

#[test]
fn the_budget_keeps_nobody_from_a_provider_that_is_well() {
    // Never five in a row, so that it is never put aside, and one more attempt for three of four requests.
    let upstream = Upstream::start(|n, _, stream| {
        let answer = if n % 4 == 3 { ok("application/json", CHAT) } else { status("500 Oops", "text/plain", "") };
        stream.write_all(&answer).is_ok()
    });
    let next = Upstream::chat();
    let gateway = Gateway::start(&three(upstream.address, next.address, next.address, ""));
    for n in 0..100 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, who(&reply)), (200, if n % 4 == 3 { "up/m" } else { "b/m" }), "request {n}");
    }
    soon_eq!(gateway.metric("weir_retries_skipped_total", &[]), 0.0);
}

#[test]
fn a_model_that_fails_is_put_aside_though_others_of_its_provider_answer() {
    let upstream = Upstream::start(|_, seen, stream| {
        let answer = match seen.json()["model"] == "m" {
            true => status("500 Oops", "text/plain", ""),
            false => ok("application/json", CHAT),
        };
        stream.write_all(&answer).is_ok()
    });
    let next = Upstream::chat();
    let lines = "health.aside = \"1h\"\nhealth.aside_limit = \"1h\"";
    let config = three(upstream.address, next.address, next.address, lines)
        .replace("[models.m]", "[models.other]\ntargets = [\"up/n\"]\n[models.m]");
    let gateway = Gateway::start(&config);
    let other = chat("hi").replace("\"m\"", "\"other\"");
    for _ in 0..20 {
        assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m");
        assert_eq!(who(&post(gateway.address, ACME, &other)), "up/n");
    }
    let asked = upstream.seen().iter().filter(|seen| seen.json()["model"] == "m").count();
    assert_eq!(asked, 5);
    soon_eq!(gateway.metric("weir_upstream_healthy", &["\"up\""]), 1.0);
    soon_eq!(gateway.metric("weir_upstream_put_aside_total", &["\"up\"", "model=\"m\"", "\"failures\""]), 1.0);
}

#[test]
fn a_provider_that_is_slow_as_ever_is_not_put_aside() {
    // Every answer takes its time, and many wait at once.
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |n, _, stream| {
        if n > 0 {
            released.lock().unwrap().recv().unwrap();
        }
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let next = Upstream::chat();
    let lines =
        "health.unanswered = 3\nhealth.unanswered_after = \"1h\"\nfirst_byte_timeout = \"3h\"\ntotal_timeout = \"4h\"";
    let gateway = Gateway::start(&three(upstream.address, next.address, next.address, lines));
    assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "up/m");
    let waiting: Vec<_> = (0..20).map(|_| ask(gateway.address)).collect();
    until("they all wait", || (upstream.seen().len() == 21).then_some(()));
    (0..20).for_each(|_| release.send(()).unwrap());
    waiting.into_iter().for_each(|waiting| assert_eq!(who(&waiting.join().unwrap()), "up/m"));
    assert!(next.seen().is_empty());
}

/// An address at which nothing listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn who_is_put_aside_stays_so_over_a_reload() {
    let next = Upstream::chat();
    let config = three(nobody(), next.address, next.address, "health.aside = \"1h\"\nhealth.aside_limit = \"1h\"");
    let gateway = Gateway::start(&config);
    (0..5).for_each(|_| assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m"));
    assert_eq!(first(&gateway)["healthy"], false);
    let live = || gateway.metric("weir_reloads_total", &["result=\"live\""]);
    let before = live();
    gateway.write_config(&config.replace("[models.m]", "[models.new]\ntargets = [\"up/m\"]\n[models.m]"));
    until("the change is live", || (live() > before).then_some(()));
    assert_eq!(first(&gateway)["healthy"], false, "what is known of a provider is not forgotten");
    let errors = gateway.metric("weir_upstream_errors_total", &["\"up\""]);
    assert_eq!(who(&post(gateway.address, ACME, &chat("hi"))), "b/m");
    soon_eq!(gateway.metric("weir_upstream_errors_total", &["\"up\""]), errors);
}
