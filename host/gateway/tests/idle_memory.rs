//! What idle instances have is there for whoever needs it: nobody is refused for memory that no call holds.

use crate::support;

use crate::guest::calling::{Held, settings};
use crate::guest::{Bound, Guest, chain, gateway_with};
use crate::support::client::write_request;
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, GLOBEX, Gateway, Reply, chat, chat_stream, config, installed, post, until};
use std::io::Write;
use std::net::TcpStream;

/// So many MiB of a text.
fn mib(count: usize) -> String {
    "a".repeat(count << 20)
}

/// A guest that takes what it looks at into its memory, which stays as large as that was.
fn reading(hook: &str) -> Guest {
    match hook {
        "policy" => Guest::on(hook, "(call $request.body (i32.const 64)) (call $pass)"),
        "response" => Guest::on(hook, r#"(call $reply.get @"/choices" (i32.const 64)) (call $pass)"#),
        _ => Guest::on(
            hook,
            "(if (local.get $count) (then (call $events.data (i32.const 0) (i32.const 64)))) (call $pass)",
        ),
    }
}

/// A gateway with these keys of `[plugins]` and so many bindings of a guest, each with these settings, before `others`.
fn many(upstream: &Upstream, keys: &str, (guest, count, more): (&Guest, usize, &str), others: &[Bound<'_>]) -> Gateway {
    let names: Vec<String> = (0..count).map(|n| format!("reads-{n}")).collect();
    let bound: Vec<Bound<'_>> = names.iter().map(|name| (name.as_str(), guest, more)).collect();
    let all = [bound.as_slice(), others].concat();
    let plugins = chain(&all).replacen("[plugins]\n", &format!("[plugins]\n{keys}\n"), 1);
    gateway_with(&format!("{}{plugins}", config(upstream.address)), &all)
}

/// Asks as often as it takes for every worker to have met it: a connection is any worker's.
fn fill(gateway: &Gateway, key: &str, body: &str) {
    for n in 0..8 {
        passes(&post(gateway.address, key, body), &format!("{n}"));
    }
}

fn passes(reply: &Reply, what: &str) {
    let begins = &reply.text()[..300.min(reply.body.len())];
    assert!(reply.status == 200 && !begins.contains("\"error\""), "{what}: {} {begins}", reply.status);
}

fn no_fault(gateway: &Gateway) {
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0, "{}", gateway.log());
}

/// Four of them have 4.5 MiB on each worker after a body of a MiB, and one of them wants another 4.1 MiB for one of four.
const SMALL: &str = "tenant_memory = \"8MiB\"";

#[test]
fn a_lone_large_request_finds_the_room_that_idle_instances_of_its_own_tenant_have() {
    let upstream = Upstream::chat();
    let gateway = many(&upstream, SMALL, (&reading("policy"), 4, ""), &[]);
    for round in 0..4 {
        fill(&gateway, ACME, &chat(&mib(1)));
        passes(&post(gateway.address, ACME, &chat(&mib(4))), &format!("round {round}"));
        passes(&post(gateway.address, ACME, &chat(&mib(4))), &format!("again {round}"));
    }
    assert!(gateway.metric("weir_plugin_memory_bytes", &[]) <= f64::from(8 << 20));
    no_fault(&gateway);
}

#[test]
fn idle_instances_that_have_grown_have_no_more_than_half_of_a_tenants_memory_or_of_all() {
    let upstream = Upstream::chat();
    for keys in [SMALL, "memory = \"8MiB\"\ntenant_memory_reserve = \"8MiB\""] {
        let gateway = many(&upstream, keys, (&reading("policy"), 4, ""), &[]);
        fill(&gateway, ACME, &chat(&mib(1)));
        let idle = || gateway.metric("weir_plugin_memory_bytes", &[]);
        assert!(idle() > 0.0 && idle() <= f64::from(4 << 20), "{keys}: {}", idle());
        no_fault(&gateway);
    }
}

#[test]
fn an_instance_that_begins_with_much_is_kept_and_used_again() {
    let (upstream, begins) =
        (Upstream::chat(), reading("policy").init("(drop (memory.grow (i32.const 80))) (i32.const 0)"));
    let bound = [("begins", &begins, "")];
    let one = config(upstream.address).replace("workers = 2", "workers = 1");
    let plugins = chain(&bound).replacen("[plugins]\n", &format!("[plugins]\n{SMALL}\n"), 1);
    let gateway = gateway_with(&format!("{one}{plugins}"), &bound);
    (0..4).for_each(|n| passes(&post(gateway.address, ACME, &chat("hi")), &format!("{n}")));
    let calls = |name: &str| gateway.metric(name, &["acme"]);
    soon_eq!((calls("weir_plugin_pool_misses_total"), calls("weir_plugin_pool_hits_total")), (1.0, 3.0));
    assert!(gateway.metric("weir_plugin_memory_bytes", &[]) > f64::from(5 << 20));
}

#[test]
fn whoever_waits_for_no_instance_finds_room_as_well() {
    let upstream = Upstream::chat();
    let gateway = many(&upstream, SMALL, (&reading("policy"), 4, "limits = { wait = \"0ms\" }"), &[]);
    for round in 0..4 {
        fill(&gateway, ACME, &chat(&mib(1)));
        passes(&post(gateway.address, ACME, &chat(&mib(4))), &format!("round {round}"));
    }
    no_fault(&gateway);
}

#[test]
fn a_lone_large_request_finds_the_room_that_idle_instances_of_another_tenant_have() {
    let upstream = Upstream::chat();
    let own = reading("policy");
    let keys = "memory = \"16MiB\"\ntenant_memory = \"16MiB\"\ntenant_memory_reserve = \"1MiB\"";
    let gateway = many(
        &upstream,
        keys,
        (&reading("policy"), 4, "tenants = [\"acme\"]"),
        &[("own", &own, "tenants = [\"globex\"]")],
    );
    for round in 0..4 {
        fill(&gateway, ACME, &chat(&mib(2)));
        passes(&post(gateway.address, GLOBEX, &chat(&mib(6))), &format!("round {round}"));
        passes(&post(gateway.address, GLOBEX, &chat(&mib(6))), &format!("again {round}"));
    }
    no_fault(&gateway);
}

/// One who answers with so many MiB as the question says.
fn answering() -> Upstream {
    Upstream::start(|_, seen, stream| {
        let json = seen.json();
        let text = mib(json["messages"][0]["content"].as_str().unwrap().parse().unwrap());
        if json["stream"] != true {
            return stream.write_all(&ok("application/json", &CHAT.replace("hello", &text))).is_ok();
        }
        let events = [delta(&text), DONE.to_owned()].concat();
        stream.write_all(&[STREAM.to_vec(), chunk(&events), END.to_vec()].concat()).is_ok()
    })
}

#[test]
fn a_lone_large_answer_finds_the_room_that_idle_instances_have() {
    let upstream = answering();
    let gateway = many(&upstream, SMALL, (&reading("response"), 4, ""), &[]);
    for round in 0..4 {
        fill(&gateway, ACME, &chat("1"));
        passes(&post(gateway.address, ACME, &chat("4")), &format!("round {round}"));
    }
    no_fault(&gateway);
}

#[test]
fn a_lone_large_event_of_a_stream_finds_the_room_that_idle_instances_have() {
    let upstream = answering();
    let gateway = many(&upstream, SMALL, (&reading("event"), 4, ""), &[]);
    for round in 0..4 {
        fill(&gateway, ACME, &chat_stream("1"));
        // The guest has it twice: what it is called with, and what it asks for.
        let reply = post(gateway.address, ACME, &chat_stream("2"));
        passes(&reply, &format!("round {round}"));
        assert_eq!(reply.streamed().len(), 2 << 20, "round {round}");
    }
    no_fault(&gateway);
}

#[test]
fn an_instance_of_one_call_finds_the_room_that_idle_ones_have_and_leaves_it() {
    let upstream = Upstream::chat();
    let once = reading("policy");
    let others = [("once", &once, "isolation = \"request\""), ("twice", &once, "isolation = \"request\"")];
    let gateway = many(&upstream, SMALL, (&reading("policy"), 3, ""), &others);
    for round in 0..4 {
        fill(&gateway, ACME, &chat(&mib(1)));
        passes(&post(gateway.address, ACME, &chat(&mib(4))), &format!("round {round}"));
    }
    no_fault(&gateway);
}

#[test]
fn the_bundled_guards_take_a_large_body_after_many_smaller_ones() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&format!(
        "{}[plugins]\nfolder = \"{}\"\ncache = \"{}\"\ntenant_memory = \"20MiB\"\n\
         [[plugins.chain]]\nplugin = \"prompt-guard\"\nconfig = {{ deny = [\"ignore all previous instructions\"] }}\n\
         [[plugins.chain]]\nplugin = \"redact-pii\"\n",
        config(upstream.address),
        installed().display(),
        support::cache().display()
    ));
    let text = |mib: usize| chat(&"The quick brown fox jumps over it. ".repeat((mib << 20) / 35));
    for round in 0..2 {
        fill(&gateway, ACME, &text(1));
        passes(&post(gateway.address, ACME, &text(3)), &format!("round {round}"));
    }
    no_fault(&gateway);
}

#[test]
fn memory_that_a_call_holds_is_nobody_elses_until_the_call_has_ended() {
    let (upstream, held) = (Upstream::chat(), Held::start());
    let holds = Guest::on(
        "policy",
        r#"(call $request.header @"x-url" (i32.const 128)) (call $request.body (i32.const 64))
           (if (i32.load8_u (i32.const 128)) (then
             (call $callouts.send @"GET" (i32.load (i32.const 132)) (i32.load (i32.const 136)) (i32.const 0) (i32.const 0)
               (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 192))))
           (call $pass)"#,
    );
    let origin = format!("http://{}", held.service.address);
    let bound = [("holds", &holds, &*settings(&[&origin], "private = true, timeout = \"5m\""))];
    let gateway = many(&upstream, SMALL, (&holds, 0, ""), &bound);
    let (bearer, url) = (format!("Bearer {ACME}"), held.url("/leaving"));
    let headers = [("authorization", bearer.as_str()), ("x-url", url.as_str())];
    let mut asked = TcpStream::connect(gateway.address).unwrap();
    write_request(&mut asked, "POST", "/v1/chat/completions", &headers, chat(&mib(4)).as_bytes());
    until("the call holds its memory", || (!held.service.seen().is_empty()).then_some(()));
    let refused = post(gateway.address, ACME, &chat(&mib(4)));
    assert_eq!((refused.status, refused.code().as_str()), (503, "plugin_over_share"), "{}", refused.text());
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"share\""]), 1.0);
    drop(asked);
    held.closed.recv().unwrap();
    let holds = || gateway.metric("weir_plugin_memory_bytes", &[]);
    until("its memory is free", || (holds() < f64::from(4 << 20)).then_some(()));
    passes(&post(gateway.address, ACME, &chat(&mib(4))), "when it has left");
}

#[test]
fn what_no_share_is_enough_for_is_told_at_once() {
    let upstream = Upstream::chat();
    // Whoever waited for it would wait for longer than the test does.
    let gateway = many(&upstream, SMALL, (&reading("policy"), 1, "limits = { wait = \"24h\" }"), &[]);
    let reply = post(gateway.address, ACME, &chat(&mib(9)));
    assert_eq!((reply.status, reply.code().as_str()), (503, "plugin_over_share"), "{}", reply.text());
    passes(&post(gateway.address, ACME, &chat(&mib(4))), "what it is enough for");
}
