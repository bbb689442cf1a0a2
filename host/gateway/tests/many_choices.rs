//! A stream of very many choices costs who asked for it, and nobody else: what waits for a plugin is bounded in number too.

use crate::guest::{Guest, gateway};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, GLOBEX, chat, chat_stream, post};
use std::io::Write;
use std::net::SocketAddr;

/// So many events of one stream may wait for one plugin.
const MOST: usize = 16_384;

/// Holds everything, always.
fn holder() -> Guest {
    Guest::on(
        "event",
        "(local $n i32)
         (i32.store (i32.const 0) (i32.const 0))
         (i32.store (i32.const 4) (i32.const 1048576))
         (i32.store (i32.const 8) (local.get $count))
         (if (i32.lt_u (memory.size) (i32.const 32)) (then (drop (memory.grow (i32.const 32)))))
         (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $n) (local.get $count)))
            (i32.store8 (i32.add (i32.const 1048576) (i32.mul (local.get $n) (i32.const 12))) (i32.const 4))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br $next)))
         (i32.const 0)",
    )
}

/// An event of this choice alone.
fn of(choice: usize) -> String {
    delta("x").replace("\"index\":0", &format!("\"index\":{choice}"))
}

/// Whoever asks for `many` gets so many choices, each in an event of its own, a thousand a write; everybody else is answered.
fn upstream(choices: usize) -> Upstream {
    Upstream::start(move |_, seen, stream| {
        let asked = seen.json();
        if asked["stream"] != true {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        let many = asked["messages"][0]["content"] == "many";
        let count = if many { choices } else { 3 };
        let all: Vec<usize> = (0..count).collect();
        let mut parts = all.chunks(1000).map(|part| chunk(&part.iter().map(|choice| of(*choice)).collect::<String>()));
        stream.write_all(STREAM).is_ok()
            && parts.all(|part| stream.write_all(&part).is_ok())
            && stream.write_all(&[&chunk(DONE), END].concat()).is_ok()
    })
}

/// What another tenant asks meanwhile, whole and as a stream.
fn others(address: SocketAddr) {
    assert_eq!(post(address, GLOBEX, &chat("hi")).status, 200);
    let reply = post(address, GLOBEX, &chat_stream("hi"));
    assert!(reply.clean && reply.text().ends_with(DONE), "{}", reply.text());
}

const LIMITS: &str = "limits = { deadline = \"20s\", memory = \"64MiB\", cpu = \"100s\", cpu_burst = \"100s\" }";

#[test]
fn a_stream_of_one_choice_an_event_ends_at_the_bound_of_waiting_events_and_others_go_on() {
    let upstream = upstream(40_000);
    let holder = holder();
    let gateway = gateway(upstream.address, "", &[("holder", &holder, LIMITS)]);
    let address = gateway.address;
    let hostile = std::thread::spawn(move || post(address, ACME, &chat_stream("many")));
    let mut asked = 0;
    while asked < 10 || !hostile.is_finished() {
        others(address);
        asked += 1;
    }
    let reply = hostile.join().unwrap();
    assert!(!reply.clean && reply.text().contains("plugin_failed"), "{:.300}", reply.text());
    assert_eq!(reply.streamed(), "", "nothing goes out that is half decided");
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["plugin=\"holder\"", "reason=\"answer\""]), 1.0);
    assert!(gateway.log().contains(&format!("events; at most {MOST}")), "{:.2000}", gateway.log());
    soon_eq!(gateway.metric("weir_plugin_quarantines_total", &[]), 0.0);
    others(address);
}

#[test]
fn as_many_events_as_may_wait_wait_for_the_end_and_an_open_plugin_is_passed_over_past_them() {
    let bound = holder();
    for (choices, on_failure, faults) in [(MOST, "", 0.0), (MOST + 2_000, "on_failure = \"open\"", 1.0)] {
        let upstream = upstream(choices);
        let binding = format!("{on_failure}\n{LIMITS}");
        let gateway = gateway(upstream.address, "", &[("holder", &bound, &binding)]);
        let reply = post(gateway.address, ACME, &chat_stream("many"));
        assert!(reply.clean && reply.text().ends_with(DONE), "{choices}: {:.300}", reply.text());
        assert_eq!(reply.events().len(), choices + 1, "each came once");
        soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"answer\""]), faults, "{choices}");
    }
}
