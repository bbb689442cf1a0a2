//! The burst: far more users at once than the way to a provider that has become slow will hold. What fits waits, what

//! does not is told so at once, every request gets one answer, and afterwards the gateway is what it was before.

use crate::support::client::{read_reply, write_request};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Seen, USAGE, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, PATIENCE, Reply, chat, chat_stream, config_with, get, until};
use std::fs;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Connections to the provider, and requests that may wait for one of them.
const RIDING: usize = 20;
const WAITING: usize = 100;
const FIT: usize = RIDING + WAITING;
/// Users on a calm day.
const FEW: usize = 50;

/// Users at the height of the burst: 1,000, or as many as this process and the gateway may have sockets for.
fn many() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits.lines().find_map(|l| l.strip_prefix("Max open files")).unwrap();
    let soft = files.split_whitespace().next().unwrap().parse().unwrap_or(usize::MAX);
    let many = 1000.min(soft.saturating_sub(200));
    assert!(many > FIT * 2, "this test needs 500 open files (ulimit -n), and may have {soft}");
    many
}

/// Whether the provider answers at once, or not before the gate is opened again.
#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    turned: Condvar,
}

impl Gate {
    fn turn(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
        self.turned.notify_all();
    }

    fn pass(&self) {
        let closed = self.closed.lock().unwrap();
        let (_open, waited) = self.turned.wait_timeout_while(closed, PATIENCE * 2, |closed| *closed).unwrap();
        assert!(!waited.timed_out(), "the test has forgotten to open the gate");
    }
}

/// A provider behind a gate. It answers as it is asked: whole, or as a stream.
fn provider() -> (Upstream, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let inside = Arc::clone(&gate);
    let chunks: Vec<u8> = [&delta("hel"), &delta("lo"), USAGE, DONE].into_iter().flat_map(chunk).collect();
    let stream = [STREAM, &chunks, END].concat();
    let upstream = Upstream::start(move |_, seen: &Seen, socket| {
        inside.pass();
        let streaming = seen.json()["stream"] == true;
        socket.write_all(&if streaming { stream.clone() } else { ok("application/json", CHAT) }).is_ok()
    });
    (upstream, gate)
}

/// A gateway with one worker, so that the limits are exact: several share them evenly, whoever comes to which.
fn gateway(upstream: SocketAddr, wait: Duration) -> Gateway {
    let limits = format!(
        "retries = 0\nmax_connections = {RIDING}\nmax_waiting = {WAITING}\nwait_timeout = \"{}ms\"",
        wait.as_millis()
    );
    Gateway::start(&config_with(upstream, &limits, "").replace("workers = 2", "workers = 1"))
}

/// Somebody with a connection of their own, who asks and waits for the answer.
struct User {
    connection: BufReader<TcpStream>,
    streaming: bool,
}

impl User {
    /// Every third wants a stream.
    fn come(address: SocketAddr, number: usize) -> Self {
        let connection = TcpStream::connect(address).unwrap();
        Self { connection: BufReader::new(connection), streaming: number.is_multiple_of(3) }
    }

    fn ask(&mut self) {
        let body = if self.streaming { chat_stream("hello") } else { chat("hello") };
        let bearer = format!("Bearer {ACME}");
        let headers = [("authorization", bearer.as_str())];
        write_request(self.connection.get_mut(), "POST", "/v1/chat/completions", &headers, body.as_bytes());
    }

    /// Whether the answer was the provider's. If it was not, it was the refusal that the documentation promises.
    fn served(&mut self) -> bool {
        let reply = read_reply(&mut self.connection);
        assert!(reply.clean, "{}", reply.text());
        if reply.status != 200 {
            is_busy(&reply);
            return false;
        }
        let said = if self.streaming { reply.streamed() } else { reply.content() };
        assert_eq!(said, "hello");
        true
    }
}

fn is_busy(reply: &Reply) {
    assert_eq!((reply.status, reply.code().as_str()), (503, "upstream_busy"), "{}", reply.text());
    let number = |name: &str| reply.header(name).unwrap_or_else(|| panic!("no {name}")).parse::<u64>().unwrap();
    let (seconds, ms) = (number("retry-after"), number("retry-after-ms"));
    assert!(ms >= 1000 && seconds == ms.div_ceil(1000), "{seconds} s, {ms} ms");
    assert!(reply.header("x-request-id").is_some());
}

/// Users who come, one after the other.
fn crowd(address: SocketAddr, count: usize) -> Vec<User> {
    (0..count).map(|number| User::come(address, number)).collect()
}

/// All ask at once; how many were served.
fn round(users: &mut [User]) -> usize {
    users.iter_mut().for_each(User::ask);
    users.iter_mut().map(User::served).filter(|served| *served).count()
}

fn waiting(gateway: &Gateway) -> usize {
    count(gateway, "weir_upstream_waiting", &[])
}

/// Requests that were refused because connections and queue were full, or the wait too long.
fn refused(gateway: &Gateway) -> usize {
    count(gateway, "weir_refusals_total", &["code=\"upstream_busy\""])
}

fn count(gateway: &Gateway, metric: &str, labels: &[&str]) -> usize {
    let value = gateway.metric(metric, labels);
    assert!(value >= 0.0 && value.fract() == 0.0, "{metric} {value}");
    value as usize
}

/// Waits until nothing of a burst is left, and answers how much memory the gateway has for itself, in KiB.
fn at_rest(gateway: &Gateway, users: usize) -> u64 {
    for (metric, left) in [("weir_in_flight", 0), ("weir_upstream_waiting", 0), ("weir_connections", users)] {
        until(metric, || (count(gateway, metric, &[]) == left).then_some(()));
    }
    let open = count(gateway, "weir_upstream_connections", &[]);
    assert!(open <= RIDING && open == count(gateway, "weir_upstream_connections_idle", &[]), "{open} connections");
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", gateway.pid())).unwrap();
    let own = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
    own.trim_end_matches("kB").trim().parse().unwrap()
}

/// One burst: the provider becomes slow, many come and ask, the provider is fast again, they ask once more and leave.
fn burst(gateway: &Gateway, gate: &Gate, upstream: &Upstream, few: &mut [User]) {
    let (asked, told) = (upstream.seen().len(), refused(gateway));
    gate.turn(true);
    let many = many();
    let mut users = crowd(gateway.address, many - few.len());
    let mut all: Vec<&mut User> = few.iter_mut().chain(&mut users).collect();
    all.iter_mut().for_each(|user| user.ask());

    // Nothing has been answered but what does not fit, and the rest of the gateway goes on.
    until("what does not fit is refused", || (refused(gateway) - told == many - FIT).then_some(()));
    until("what fits is upstream", || (upstream.seen().len() - asked == RIDING).then_some(()));
    assert_eq!(waiting(gateway), WAITING);
    assert_eq!(count(gateway, "weir_upstream_connections", &[]), RIDING);
    until("only what fits is in flight", || (count(gateway, "weir_in_flight", &[]) == FIT).then_some(()));
    assert_eq!(get(gateway.address, "/v1/models", Some(ACME)).status, 200);

    gate.turn(false);
    let served = all.iter_mut().map(|user| user.served()).filter(|served| *served).count();
    assert_eq!(served, FIT);
    assert_eq!(upstream.seen().len() - asked, FIT);

    // As many again over the same connections, now that it is fast: some may still be too many, but each is answered.
    all.iter_mut().for_each(|user| user.ask());
    let served = all.iter_mut().map(|user| user.served()).filter(|served| *served).count();
    assert!(served >= FIT, "{served}");
    assert_eq!(upstream.seen().len() - asked, FIT + served);
    assert_eq!(refused(gateway) - told, many - FIT + many - served);
}

/// A calm day: the few ask on, until the gateway has no more than so many KiB. The allocator gives memory back as it is
/// used, and not at once.
fn calm(gateway: &Gateway, few: &mut [User], enough: u64) -> u64 {
    let mut memory = u64::MAX;
    for _ in 0..200 {
        assert_eq!(round(few), FEW);
        memory = at_rest(gateway, few.len());
        if memory <= enough {
            break;
        }
    }
    memory
}

#[test]
fn a_burst_is_bounded_answered_and_leaves_nothing_behind() {
    let (upstream, gate) = provider();
    let gateway = gateway(upstream.address, PATIENCE);
    let mut few = crowd(gateway.address, FEW);
    assert_eq!(round(&mut few), FEW);
    let start = at_rest(&gateway, FEW);
    let mut after = Vec::new();
    for number in 1..=5 {
        burst(&gateway, &gate, &upstream, &mut few);
        let end = calm(&gateway, &mut few, start + start / 5);
        after.push(end);
        // Once it may keep what it has grown by, and now and then a page that something small still lies on; what is
        // never given back adds up.
        if number >= 3 && end <= start + start / 5 {
            return;
        }
    }
    panic!("{start} KiB before the bursts, and after each of them {after:?}");
}

#[test]
fn as_many_as_fit_are_served_and_the_next_one_is_refused() {
    let (upstream, gate) = provider();
    let gateway = gateway(upstream.address, PATIENCE);
    gate.turn(true);
    let mut users = crowd(gateway.address, FIT);
    users.iter_mut().for_each(User::ask);
    until("the queue is full", || (waiting(&gateway) == WAITING).then_some(()));
    let mut next = crowd(gateway.address, 1);
    assert_eq!(round(&mut next), 0);
    gate.turn(false);
    assert_eq!(users.iter_mut().map(User::served).filter(|served| *served).count(), FIT);
    assert_eq!(round(&mut next), 1);
    assert_eq!(refused(&gateway), 1);
}

#[test]
fn who_waits_too_long_is_refused_while_those_at_the_provider_go_on() {
    let (upstream, gate) = provider();
    let gateway = gateway(upstream.address, Duration::from_millis(200));
    gate.turn(true);
    let mut riding = crowd(gateway.address, RIDING);
    riding.iter_mut().for_each(User::ask);
    until("all connections are taken", || (upstream.seen().len() == RIDING).then_some(()));
    let mut late = crowd(gateway.address, WAITING);
    assert_eq!(round(&mut late), 0);
    assert_eq!((refused(&gateway), waiting(&gateway)), (WAITING, 0));
    gate.turn(false);
    assert_eq!(riding.iter_mut().map(User::served).filter(|served| *served).count(), RIDING);
    assert_eq!(upstream.seen().len(), RIDING);
    assert_eq!(round(&mut riding), RIDING);
}

#[test]
fn who_leaves_the_queue_makes_room_in_it() {
    let (upstream, gate) = provider();
    let gateway = gateway(upstream.address, PATIENCE);
    gate.turn(true);
    let mut riding = crowd(gateway.address, RIDING);
    riding.iter_mut().for_each(User::ask);
    until("all connections are taken", || (upstream.seen().len() == RIDING).then_some(()));
    for _ in 0..3 {
        let mut impatient = crowd(gateway.address, WAITING);
        impatient.iter_mut().for_each(User::ask);
        until("the queue is full", || (waiting(&gateway) == WAITING).then_some(()));
        drop(impatient);
        until("the queue is empty", || (waiting(&gateway) == 0).then_some(()));
    }
    let mut patient = crowd(gateway.address, WAITING);
    patient.iter_mut().for_each(User::ask);
    until("the queue is full", || (waiting(&gateway) == WAITING).then_some(()));
    gate.turn(false);
    let all = riding.iter_mut().chain(&mut patient);
    assert_eq!(all.map(User::served).filter(|served| *served).count(), FIT);
    assert_eq!((refused(&gateway), upstream.seen().len()), (0, FIT));
}
