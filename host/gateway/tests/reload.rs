//! Changes of weir.toml go live without a dropped request; a file that is wrong changes nothing and says why.

use crate::support::client::Streaming;
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, GLOBEX, Gateway, PATIENCE, chat, chat_stream, config, config_with, get, post, until};
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// How many changes went live, and how many did not.
fn reloads(gateway: &Gateway) -> (u64, u64) {
    let ready = gateway.ready();
    let count = |name: &str| ready["reloads"][name].as_u64().unwrap();
    (count("live"), count("refused"))
}

fn problems(gateway: &Gateway) -> String {
    gateway.ready()["problems"].to_string()
}

/// Writes a configuration and waits until it serves.
fn change(gateway: &Gateway, config: &str) {
    let (live, _) = reloads(gateway);
    gateway.write_config(config);
    until("the change is live", || (reloads(gateway).0 > live).then_some(()));
}

#[test]
fn a_new_model_goes_live_and_a_removed_one_goes_away() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let body = chat("hi").replace("\"m\"", "\"new\"");
    assert_eq!(post(gateway.address, ACME, &body).status, 404);
    change(&gateway, &config_with(upstream.address, "", "[models.new]\ntargets = [\"up/new\"]\n"));
    assert_eq!(post(gateway.address, ACME, &body).status, 200);
    let list = get(gateway.address, "/v1/models", Some(ACME)).text();
    assert!(list.contains("\"new\""), "{list}");
    change(&gateway, &config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &body).status, 404);
    until("the log says what changed", || gateway.log().contains("configuration: models.new").then_some(()));
}

#[test]
fn a_key_that_is_taken_out_stops_working() {
    let upstream = Upstream::chat();
    let with = config(upstream.address);
    let gateway = Gateway::start(&with);
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
    let at = with.find("[[tenants.globex.keys]]").unwrap();
    let end = at + with[at..].find("\n\n").unwrap_or(with.len() - at);
    change(&gateway, &format!("{}{}", &with[..at], &with[end..]));
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 401);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}

#[test]
fn no_request_fails_while_configurations_and_providers_change() {
    let upstreams = [Upstream::chat(), Upstream::chat()];
    // By name, so that a provider that has just been added must have been looked up before it serves.
    let configs = upstreams.each_ref().map(|upstream| {
        let address = upstream.address;
        config(address).replace(&address.to_string(), &format!("localhost:{}", address.port()))
    });
    let gateway = Gateway::start(&configs[0]);
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let (stop, answered, address) = (Arc::clone(&stop), Arc::clone(&answered), gateway.address);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let reply = post(address, ACME, &chat("hi"));
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for n in 1..=8 {
        change(&gateway, &configs[n % 2]);
        let before = answered.load(Ordering::Relaxed);
        until("requests go on", || (answered.load(Ordering::Relaxed) > before + 2).then_some(()));
    }
    stop.store(true, Ordering::Relaxed);
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert!(upstreams.iter().all(|upstream| !upstream.seen().is_empty()));
    assert_eq!(reloads(&gateway), (8, 0));
}

#[test]
fn a_stream_finishes_with_what_it_began_with() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, _, stream| {
        stream.write_all(&[STREAM, &chunk(&delta("before"))].concat()).unwrap();
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&[&chunk(&delta("after")), &chunk(DONE), END].concat()).is_ok()
    });
    let other = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let mut streaming = Streaming::open(gateway.address, ACME, &chat_stream("hi"));
    assert_eq!(streaming.next_event().unwrap(), delta("before"));
    change(&gateway, &config(other.address));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(other.seen().len(), 1);
    release.send(()).unwrap();
    assert_eq!(streaming.rest(), [delta("after").as_str(), DONE]);
    assert_eq!(streaming.clean, Some(true));
}

#[test]
fn a_broken_file_keeps_the_old_one_and_says_why_until_it_is_mended() {
    let upstream = Upstream::chat();
    let good = config(upstream.address);
    let gateway = Gateway::start(&good);
    for (broken, why) in [
        (good.replace("retries = 0", "retires = 0"), "providers.up.retires"),
        (good.replace("[\"up/m\"]", "[\"down/m\"]"), "down"),
        (good[..good.len() / 2].to_owned() + "[[[", "weir.toml:"),
    ] {
        let (_, refused) = reloads(&gateway);
        gateway.write_config(&broken);
        until("the change is refused", || (reloads(&gateway).1 > refused).then_some(()));
        let said = problems(&gateway);
        assert!(said.contains(why) && said.contains("weir.toml:"), "no {why} in {said}");
        until("the log says why", || gateway.log().contains(why).then_some(()));
        assert_eq!(gateway.admin_get("/readyz").status, 200);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    }
    assert_eq!(reloads(&gateway).0, 0);
    gateway.write_config(&good);
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
}

#[test]
fn a_file_that_cannot_serve_is_refused_as_a_whole() {
    let upstream = Upstream::chat();
    let good = config(upstream.address);
    let gateway = Gateway::start(&good);
    // The new model is good, the new chain is not: neither goes live.
    let rest = "[models.new]\ntargets = [\"up/new\"]\n[plugins]\n[[plugins.chain]]\nplugin = \"no-such-plugin\"\n";
    gateway.write_config(&config_with(upstream.address, "retries = 0", rest));
    until("the change is refused", || (reloads(&gateway).1 > 0).then_some(()));
    assert!(problems(&gateway).contains("no-such-plugin"), "{}", problems(&gateway));
    let (said, log) = (problems(&gateway), gateway.log());
    let file = gateway.config_file().display().to_string();
    for said in [said, log] {
        assert!(said.contains(&format!("{file}:")) && said.contains("the one before serves on"), "{said}");
    }
    assert_eq!(post(gateway.address, ACME, &chat("hi").replace("\"m\"", "\"new\"")).status, 404);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}

#[test]
fn what_was_spent_of_a_rate_limit_stays_spent() {
    let upstream = Upstream::chat();
    let limited = |limit: u32, rest: &str| {
        let line = format!("id = \"acme\"\nrequests_per_minute = {limit}\n");
        config_with(upstream.address, "retries = 0", rest).replace("id = \"acme\"\n", &line)
    };
    let gateway = Gateway::start(&limited(2, ""));
    (0..2).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 429);
    change(&gateway, &limited(2, "[models.new]\ntargets = [\"up/new\"]\n"));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 429);
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
}

#[test]
fn kept_connections_upstream_survive_a_change_that_is_not_theirs() {
    let upstream = Upstream::fixed(ok("application/json", CHAT));
    let one_worker = |rest: &str| config_with(upstream.address, "", rest).replace("workers = 2", "workers = 1");
    let gateway = Gateway::start(&one_worker(""));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    change(&gateway, &one_worker("[models.new]\ntargets = [\"up/new\"]\n"));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    soon_eq!(gateway.metric("weir_upstream_connections_opened_total", &[]), 1.0);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"completed\""]), 2.0);
}

#[test]
fn a_hangup_signal_reads_the_file_where_nothing_watches_it() {
    let upstream = Upstream::chat();
    let with = |rest: &str| config_with(upstream.address, "", &format!("{rest}[plugins]\nreload = false\n"));
    let gateway = Gateway::start(&with(""));
    gateway.write_config(&with("[models.new]\ntargets = [\"up/new\"]\n"));
    let body = chat("hi").replace("\"m\"", "\"new\"");
    assert_eq!(post(gateway.address, ACME, &body).status, 404);
    gateway.signal("HUP");
    until("the change is live", || (post(gateway.address, ACME, &body).status == 200).then_some(()));
}

#[test]
fn what_a_change_cannot_reach_is_said() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let said = "configuration: server.workers takes effect at the next start";
    let times = |what: &str| gateway.log().matches(what).count();
    gateway.write_config(&config(upstream.address).replace("workers = 2", "workers = 1"));
    until("it is said", || (times(said) == 1).then_some(()));
    // Said once, whatever else changes, and not as if it had happened.
    let new = config_with(upstream.address, "", "[models.new]\ntargets = [\"up/new\"]\n");
    change(&gateway, &new.replace("workers = 2", "workers = 1"));
    gateway.write_config(&new);
    let again = "configuration: server.workers is again what runs";
    until("that it returned is said as what it is", || (times(again) == 1).then_some(()));
    gateway.write_config(&new.replace("workers = 2", "workers = 3"));
    until("another value is another change", || (times(said) == 2).then_some(()));
    assert_eq!(times("configuration: server.workers: "), 0, "{}", gateway.log());
    assert_eq!(reloads(&gateway), (1, 0));
}
