//! Connections whose path has died: packets are dropped, and nobody says a word. The kernel is told to find out, while a
//! connection is in use and while it is not.

use crate::support;

use crate::support::h2_peer::H2Upstream;
use crate::support::upstream::{CHAT, Upstream, ok};
use crate::support::{ACME, Gateway, chat, chat_stream, config_with, post, until};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What is waited for is much shorter.
const LONG: Duration = Duration::from_secs(25);
/// Says to the test that it runs in a network of its own.
const INSIDE: &str = "WEIR_TEST_NETWORK";
/// The provider's address there.
const FAR: &str = "10.9.9.9";

/// Runs a test of this file once more in a network namespace, in which it may drop packets; false there, so that the test
/// goes on. Where there is no such namespace to be had, the test is skipped with a word on standard error.
fn goes_on_in_its_own_network(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        let up = format!("ip link set lo up && ip address add {FAR}/32 dev lo");
        assert!(sh(&up), "no loopback device in the namespace");
        return false;
    }
    let can = |unshare: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(unshare).args(["sh", "-c", "ip link set lo up"]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let Some(unshare) = [&["-n"][..], &["-r", "-n"]].into_iter().find(|unshare| can(unshare)) else {
        eprintln!("SKIPPED: this test needs a network namespace and `ip` (run it as root)");
        return true;
    };
    let test = module_path!().split_once("::").map_or(test.to_owned(), |(_, module)| format!("{module}::{test}"));
    let mut command = Command::new("unshare");
    command.args(unshare).arg(std::env::current_exe().unwrap()).args(["--exact", &test, "--nocapture"]);
    let status = command.env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "{test} failed in its network");
    true
}

fn sh(script: &str) -> bool {
    Command::new("sh").args(["-c", script]).status().unwrap().success()
}

/// From here on nothing gets to the provider any more, nor from there.
fn drop_packets() {
    assert!(sh(&format!("ip route replace blackhole {FAR}/32 table local && ip route flush cache")));
}

fn let_packets_through() {
    assert!(sh(&format!("ip route del blackhole {FAR}/32 table local && ip route add local {FAR}/32 dev lo")));
}

/// The provider at its address; a second one is good and where it always was.
fn far() -> TcpListener {
    TcpListener::bind((FAR, 0)).unwrap()
}

fn gateway(up: SocketAddr, next: &Upstream, lines: &str) -> Gateway {
    let lines = format!("retries = 0\nfirst_byte_timeout = \"50s\"\nconnect_timeout = \"3s\"\n{lines}");
    let config = config_with(up, &lines, "").replace("workers = 2", "workers = 1");
    let config = config.replace("[\"up/m\"]", "[\"up/m\", \"next/m\"]");
    let next = format!("[providers.next]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n", next.address);
    Gateway::start(&format!("{config}\n{next}"))
}

fn asked(gateway: &Gateway, body: &str) -> (u16, Option<String>) {
    let reply = post(gateway.address, ACME, body);
    (reply.status, reply.header("x-weir-upstream").map(str::to_owned))
}

fn by(who: &str) -> (u16, Option<String>) {
    (200, Some(who.to_owned()))
}

fn fails_over(gateway: &Gateway) {
    assert_eq!(asked(gateway, &chat("hi")), by("up/m"));
    until("it is settled", || (gateway.metric("weir_requests_total", &[]) == 1.0).then_some(()));
    drop_packets();
    let start = Instant::now();
    assert_eq!(asked(gateway, &chat("hi")), by("next/m"));
    assert!(start.elapsed() < LONG, "it waited for {:?}", start.elapsed());
    soon_eq!(gateway.metric("weir_upstream_undelivered_total", &["provider=\"up\""]), 1.0);
}

#[test]
fn a_request_over_http1_that_nobody_acknowledges_goes_to_the_next_target() {
    if goes_on_in_its_own_network("a_request_over_http1_that_nobody_acknowledges_goes_to_the_next_target") {
        return;
    }
    let upstream = Upstream::on(far(), |_, _, stream| stream.write_all(&ok("application/json", CHAT)).is_ok());
    let next = Upstream::chat();
    let gateway = gateway(upstream.address, &next, "tcp_user_timeout = \"3s\"");
    fails_over(&gateway);
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_request_over_http2_that_nobody_acknowledges_goes_to_the_next_target() {
    if goes_on_in_its_own_network("a_request_over_http2_that_nobody_acknowledges_goes_to_the_next_target") {
        return;
    }
    let upstream = H2Upstream::on(far(), |_, peer| {
        peer.shake_hands(100);
        peer.serve();
    });
    let next = Upstream::chat();
    // TCP finds out before a PING is given up, and without one.
    for pings in ["http2_ping_idle = \"1ms\"\nhttp2_ping_timeout = \"20s\"", "http2_ping_idle = \"0s\""] {
        let lines = format!("http2 = \"always\"\ntcp_user_timeout = \"3s\"\n{pings}");
        let gateway = gateway(upstream.address, &next, &lines);
        fails_over(&gateway);
        let_packets_through();
    }
    assert_eq!(upstream.requests(), 2);
}

#[test]
fn idle_connections_whose_path_has_died_are_closed_before_anybody_meets_them() {
    if goes_on_in_its_own_network("idle_connections_whose_path_has_died_are_closed_before_anybody_meets_them") {
        return;
    }
    let upstream = Upstream::on(far(), |_, _, stream| stream.write_all(&ok("application/json", CHAT)).is_ok());
    let spoken = H2Upstream::on(far(), |_, peer| {
        peer.shake_hands(100);
        peer.serve();
    });
    for (address, http2) in [(upstream.address, "never"), (spoken.address, "always")] {
        let next = Upstream::chat();
        let lines = format!("http2 = \"{http2}\"\ntcp_user_timeout = \"3s\"\nkeep_alive_timeout = \"10m\"");
        let gateway = gateway(address, &next, &lines);
        assert_eq!(asked(&gateway, &chat("hi")), by("up/m"));
        let open = || gateway.metric("weir_upstream_connections", &["provider=\"up\""]);
        until("it is settled", || (gateway.metric("weir_requests_total", &[]) == 1.0).then_some(()));
        soon_eq!(open(), 1.0);
        drop_packets();
        let start = Instant::now();
        until("it is closed", || (open() == 0.0).then_some(()));
        assert!(start.elapsed() < LONG, "it took {:?}", start.elapsed());
        let_packets_through();
    }
}

#[test]
fn what_waits_for_the_rest_of_an_answer_is_told_and_not_asked_for_again() {
    if goes_on_in_its_own_network("what_waits_for_the_rest_of_an_answer_is_told_and_not_asked_for_again") {
        return;
    }
    // The request is acknowledged; then the path dies, before an answer or within a stream.
    let upstream = Upstream::on(far(), |_, seen, stream| {
        if seen.json()["stream"] == true {
            let begun = [support::upstream::STREAM, &support::upstream::chunk(&support::upstream::delta("so far"))];
            stream.write_all(&begun.concat()).unwrap();
        }
        until("the path is dead", || {
            sh(&format!("ip route show table local | grep -q 'blackhole {FAR}'")).then_some(())
        });
        support::upstream::wait_for_close(stream);
        false
    });
    let next = Upstream::chat();
    let gateway = gateway(upstream.address, &next, "tcp_user_timeout = \"3s\"");
    let address = gateway.address;
    let whole = std::thread::spawn(move || post(address, ACME, &chat("hi")));
    let stream = std::thread::spawn(move || post(address, ACME, &chat_stream("hi")));
    until("both are there", || (upstream.seen().len() == 2).then_some(()));
    until("both are acknowledged", || (unacknowledged(upstream.address) == 0).then_some(()));
    drop_packets();
    let start = Instant::now();
    let whole = whole.join().unwrap();
    assert_eq!((whole.status, whole.code().as_str()), (502, "upstream_broken"));
    let stream = stream.join().unwrap();
    assert!(stream.text().contains("so far") && stream.text().contains("upstream_broken"), "{}", stream.text());
    assert!(start.elapsed() < LONG, "they waited for {:?}", start.elapsed());
    assert_eq!((upstream.seen().len(), next.seen().len()), (2, 0));
}

/// The connections to this address, as the kernel shows them: the columns of `/proc/net/tcp`.
fn connections_to(address: SocketAddr) -> Vec<Vec<String>> {
    let SocketAddr::V4(v4) = address else { panic!("not IPv4") };
    let remote = format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    rows.filter(|row| row[2] == remote && row[3] == "01").collect()
}

fn unacknowledged(address: SocketAddr) -> u64 {
    let waiting = |row: &Vec<String>| u64::from_str_radix(row[4].split(':').next().unwrap(), 16).unwrap();
    connections_to(address).iter().map(waiting).sum()
}

#[test]
fn the_kernel_watches_connections_in_use_and_idle_ones() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let upstream = Upstream::start(move |_, _, stream| {
        held.lock().unwrap().recv().unwrap();
        stream.write_all(&ok("application/json", CHAT)).is_ok()
    });
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", ""));
    let address = gateway.address;
    let asking = std::thread::spawn(move || post(address, ACME, &chat("hi")).status);
    // A timer of kind 2 is that of keep-alive; it tells how many hundredths of a second are left.
    let watched = || {
        let rows = connections_to(upstream.address);
        let (kind, left) = rows.first()?[5].split_once(':')?;
        let left = u64::from_str_radix(left, 16).unwrap();
        assert!(left <= 400, "{left} hundredths");
        (kind == "02").then_some(())
    };
    until("it waits for an answer and is watched", || (upstream.seen().len() == 1).then(watched)?);
    hold.send(()).unwrap();
    assert_eq!(asking.join().unwrap(), 200);
    until("it is idle and is watched", || {
        (gateway.metric("weir_upstream_connections_idle", &[]) == 1.0).then(watched)?
    });
}
