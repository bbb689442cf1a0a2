#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
use super::{AT_ONCE, HostNames, Resolver};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A resolver that answers when the test says so: each call is told, and waits for its answer.
#[derive(Debug)]
struct Told {
    calls: Mutex<Sender<String>>,
    answers: Mutex<BTreeMap<String, Receiver<io::Result<u8>>>>,
}

impl Resolver for Told {
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.calls.lock().unwrap().send(host.to_owned()).unwrap();
        // Names that nobody answers for hang until the test is over.
        let answers = self.answers.lock().unwrap().remove(host);
        let Some(answers) = answers else {
            loop {
                std::thread::park()
            }
        };
        let answer = answers.recv().unwrap();
        self.answers.lock().unwrap().insert(host.to_owned(), answers);
        Ok(vec![SocketAddr::from(([192, 0, 2, answer?], port))])
    }
}

struct Harness {
    names: HostNames,
    calls: Receiver<String>,
    answers: BTreeMap<String, Sender<io::Result<u8>>>,
}

impl Harness {
    /// Names of which the given ones are answered for.
    fn new(answered: &[&str]) -> Self {
        let ((call, calls), mut answers, mut waiting) = (channel(), BTreeMap::new(), BTreeMap::new());
        for host in answered {
            let (sender, receiver) = channel();
            answers.insert((*host).to_owned(), sender);
            waiting.insert((*host).to_owned(), receiver);
        }
        let told = Told { calls: Mutex::new(call), answers: Mutex::new(waiting) };
        Self { names: HostNames::new(Arc::new(told)), calls, answers }
    }

    fn called(&self) -> String {
        self.calls.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// Answers for a name, and waits until the answer is in.
    fn answer(&self, host: &str, answer: io::Result<u8>) {
        self.answers[host].send(answer).unwrap();
        let known = self.names.0.known.lock().unwrap();
        let watched = known.iter().find(|watched| watched.name.upgrade().is_some_and(|name| name.host() == host));
        let found = Arc::clone(&watched.unwrap().running.as_ref().unwrap().found);
        drop(known);
        while found.lock().unwrap().is_none() {
            std::thread::yield_now();
        }
    }
}

fn after(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

#[test]
fn a_name_is_looked_up_when_it_is_new_and_every_half_minute_from_then_on() {
    let harness = Harness::new(&["a"]);
    let (name, start) = (harness.names.name("a", 1), Instant::now());
    assert!(Arc::ptr_eq(&name, &harness.names.name("a", 1)), "one name for all who are there");
    harness.names.turn(start);
    assert_eq!(harness.called(), "a");
    harness.answer("a", Ok(7));
    assert_eq!(harness.names.turn(start), after(start, 30));
    assert_eq!(name.count(), (1, 0));
    harness.names.turn(after(start, 29));
    assert!(harness.calls.try_recv().is_err());
    harness.names.turn(after(start, 30));
    assert_eq!(harness.called(), "a");
    harness.answer("a", Ok(8));
    harness.names.turn(after(start, 31));
    // A refresh does not wait for the time.
    harness.names.refresh();
    harness.names.turn(after(start, 32));
    assert_eq!(harness.called(), "a");
    // And one that comes while a look-up is under way has it followed by another.
    harness.names.0.known.lock().unwrap()[0].due = after(start, 33);
    harness.answer("a", Ok(9));
    harness.names.turn(after(start, 34));
    assert_eq!(harness.called(), "a");
}

#[test]
fn a_name_that_is_not_found_is_looked_up_again_sooner_and_then_more_and_more_rarely() {
    let harness = Harness::new(&["a"]);
    let (name, mut now) = (harness.names.name("a", 1), Instant::now());
    for wait in [1, 2, 4, 8, 16, 30, 30] {
        harness.names.turn(now);
        assert_eq!(harness.called(), "a");
        harness.answer("a", Err(io::ErrorKind::NotFound.into()));
        let next = harness.names.turn(now);
        assert_eq!(next, after(now, wait));
        assert!(name.trouble().is_some() && !name.is_known());
        now = next;
    }
    harness.names.turn(now);
    harness.called();
    harness.answer("a", Ok(1));
    assert_eq!(harness.names.turn(now), after(now, 30));
    assert!(name.is_known() && name.trouble().is_none());
}

#[test]
fn a_look_up_that_hangs_fails_in_time_holds_up_no_other_and_is_heard_when_it_ends_after_all() {
    let harness = Harness::new(&["good", "late"]);
    let hanging: Vec<_> = ["late", "never-1", "never-2"].into_iter().map(|host| harness.names.name(host, 1)).collect();
    let (good, start) = (harness.names.name("good", 1), Instant::now());
    assert_eq!(harness.names.turn(start), after(start, 5));
    let mut called: Vec<_> = (0..4).map(|_| harness.called()).collect();
    called.sort();
    assert_eq!(called, ["good", "late", "never-1", "never-2"]);
    harness.answer("good", Ok(1));
    harness.names.turn(after(start, 1));
    assert!(good.is_known() && hanging.iter().all(|name| name.trouble().is_none()));
    harness.names.turn(after(start, 5));
    assert!(hanging.iter().all(|name| name.trouble().unwrap().contains("no answer within 5 s")));
    // Nobody is asked twice at the same time, however often it is due.
    harness.names.refresh();
    harness.names.turn(after(start, 20));
    assert_eq!(harness.called(), "good");
    assert!(harness.calls.try_recv().is_err());
    harness.answer("late", Ok(2));
    assert!(hanging[0].is_known() && hanging[0].trouble().is_none());
}

#[test]
fn look_ups_at_once_have_a_limit_and_those_that_failed_leave_room_for_others() {
    let harness = Harness::new(&[]);
    let bad: Vec<_> = (0..2 * AT_ONCE).map(|n| harness.names.name(&format!("bad-{n}"), 1)).collect();
    let start = Instant::now();
    harness.names.turn(start);
    let running = || harness.names.0.known.lock().unwrap().iter().filter(|watched| watched.running.is_some()).count();
    assert_eq!(running(), AT_ONCE);
    // They are given up, and still run: half of the room is closed to what has failed, all of it is taken.
    harness.names.turn(after(start, 5));
    assert!(bad.iter().filter(|name| name.trouble().is_some()).count() == AT_ONCE);
    assert_eq!(running(), AT_ONCE);

    let harness = Harness::new(&["good"]);
    let _bad: Vec<_> = (0..2 * AT_ONCE).map(|n| harness.names.name(&format!("bad-{n}"), 1)).collect();
    harness.names.0.known.lock().unwrap().iter_mut().for_each(|watched| watched.failures = 1);
    let start = Instant::now();
    harness.names.turn(start);
    assert_eq!(harness.names.0.known.lock().unwrap().iter().filter(|w| w.running.is_some()).count(), AT_ONCE / 2);
    let good = harness.names.name("good", 1);
    harness.names.turn(after(start, 1));
    harness.answer("good", Ok(1));
    assert!(good.is_known());
}

#[test]
fn a_name_that_nobody_has_any_more_is_forgotten() {
    let harness = Harness::new(&[]);
    drop(harness.names.name("a", 1));
    let _kept = harness.names.name("b", 1);
    harness.names.turn(Instant::now());
    assert_eq!(harness.names.0.known.lock().unwrap().len(), 1);
}
