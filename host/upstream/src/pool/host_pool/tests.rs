#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod simulated;

use super::super::parts::{ConnTurn, ConnectPermit, HostPool, Lease, Poolable, PooledConn, QueuedRequest, TurnRequest};
use crate::stats::Shard;
use proptest::prelude::*;
use std::cell::Cell;
use std::future::Future as _;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

const KEEP: Duration = Duration::from_secs(60);

/// A connection that exists as long as its entry in `living`.
struct Fake {
    dead: Rc<Cell<bool>>,
    old: Rc<Cell<bool>>,
    streams: usize,
    living: Rc<Cell<usize>>,
}

impl Poolable for Fake {
    fn usable(&self, _: Duration) -> bool {
        !self.dead.get()
    }
    fn closed(&self) -> bool {
        self.dead.get()
    }
    fn outdated(&self, _: Instant) -> bool {
        self.old.get()
    }
    fn streams(&self) -> usize {
        self.streams
    }
    fn shared(&self) -> bool {
        self.streams > 1
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.living.set(self.living.get() - 1);
    }
}

struct World {
    lane: Rc<HostPool<Fake>>,
    living: Rc<Cell<usize>>,
    switches: Vec<Rc<Cell<bool>>>,
    ages: Vec<Rc<Cell<bool>>>,
    leases: Vec<Lease<Fake>>,
    openings: Vec<ConnectPermit<Fake>>,
    waiting: Vec<QueuedRequest<Fake>>,
}

impl World {
    fn new(limit: usize, max_waiting: usize, shared: Option<bool>) -> Self {
        Self {
            lane: HostPool::new(limit, max_waiting, KEEP, shared, Arc::new(Shard::default())),
            living: Rc::default(),
            switches: vec![],
            ages: vec![],
            leases: vec![],
            openings: vec![],
            waiting: vec![],
        }
    }

    fn keep(&mut self, turn: ConnTurn<Fake>) {
        match turn {
            ConnTurn::Ride(lease) => {
                lease.begin();
                self.leases.push(lease);
            }
            ConnTurn::Open(opening) => self.openings.push(opening),
        }
    }

    fn enter(&mut self) -> bool {
        match self.lane.enter(Instant::now()) {
            TurnRequest::Now(turn) => self.keep(turn),
            TurnRequest::Wait(waiting) => self.waiting.push(waiting),
            TurnRequest::Full => return false,
        }
        true
    }

    fn connect(&mut self, streams: usize) {
        let opening = self.openings.remove(0);
        self.living.set(self.living.get() + 1);
        let (dead, old) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        self.switches.push(dead.clone());
        self.ages.push(old.clone());
        let lease = opening.done(Fake { dead, old, streams, living: self.living.clone() });
        lease.begin();
        self.leases.push(lease);
    }

    /// Takes up whatever the waiting were given.
    fn collect(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut at = 0;
        while at < self.waiting.len() {
            match Pin::new(&mut self.waiting[at]).poll(&mut cx) {
                Poll::Ready(turn) => {
                    self.waiting.remove(at);
                    self.keep(turn);
                }
                Poll::Pending => at += 1,
            }
        }
    }

    fn check(&self) {
        let state = self.lane.state.borrow();
        assert_eq!(state.open, self.living.get() + state.opening, "every permit is a connection or an opening");
        assert!(state.open <= self.lane.limit, "the limit holds");
        assert!(state.queue.len() <= self.lane.max_waiting, "the queue is bounded");
        for member in state.spare.iter().chain(self.leases.iter().map(|lease| &lease.member)) {
            assert!(member.busy.get() <= member.link.streams(), "no connection carries too much");
        }
        for member in &state.spare {
            assert!(member.listed.get());
        }
        if !state.queue.is_empty() {
            assert!(state.open == self.lane.limit || state.opening > 0, "somebody waits although there is room");
            let good = |m: &Rc<PooledConn<Fake>>| !m.link.dead.get() && !m.link.old.get();
            let free = state.spare.iter().any(|m| good(m) && m.busy.get() < m.link.streams());
            assert!(!free, "somebody waits although a connection is free");
        }
        let mut ids: Vec<_> = state.queue.iter().map(|(id, _)| *id).collect();
        ids.dedup();
        assert!(ids.is_sorted(), "the queue is first come, first served");
    }
}

#[derive(Debug, Clone)]
enum Act {
    Enter,
    Collect,
    GiveUp(usize),
    Connect(usize),
    FailToConnect(usize),
    Release(usize),
    DropLease(usize),
    Replace(usize),
    Retire(usize),
    Kill(usize),
    GrowOld(usize),
    OpenAfterAll(usize),
    Sweep,
    SweepLater,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Enter),
        2 => Just(Act::Collect),
        3 => any::<usize>().prop_map(Act::GiveUp),
        4 => prop_oneof![Just(1), Just(1), Just(2), Just(3)].prop_map(Act::Connect),
        1 => any::<usize>().prop_map(Act::FailToConnect),
        4 => any::<usize>().prop_map(Act::Release),
        2 => any::<usize>().prop_map(Act::DropLease),
        1 => any::<usize>().prop_map(Act::Replace),
        1 => any::<usize>().prop_map(Act::Retire),
        1 => any::<usize>().prop_map(Act::Kill),
        1 => any::<usize>().prop_map(Act::GrowOld),
        1 => any::<usize>().prop_map(Act::OpenAfterAll),
        1 => Just(Act::Sweep),
        1 => Just(Act::SweepLater),
    ]
}

fn pick<T>(list: &mut Vec<T>, at: usize) -> Option<T> {
    if list.is_empty() { None } else { Some(list.remove(at % list.len())) }
}

fn play(world: &mut World, act: Act) {
    match act {
        Act::Enter => {
            world.enter();
        }
        Act::Collect => world.collect(),
        Act::GiveUp(at) => drop(pick(&mut world.waiting, at)),
        Act::Connect(streams) => {
            if !world.openings.is_empty() {
                world.connect(streams);
            }
        }
        Act::FailToConnect(at) => drop(pick(&mut world.openings, at)),
        Act::Release(at) => {
            if let Some(lease) = pick(&mut world.leases, at) {
                lease.release();
            }
        }
        Act::DropLease(at) => drop(pick(&mut world.leases, at)),
        Act::Replace(at) => {
            if let Some(opening) = pick(&mut world.leases, at).and_then(Lease::replace) {
                world.openings.push(opening);
            }
        }
        Act::Retire(at) => {
            if !world.leases.is_empty() {
                let at = at % world.leases.len();
                world.leases[at].retire();
            }
        }
        Act::Kill(at) => {
            if !world.switches.is_empty() {
                world.switches[at % world.switches.len()].set(true);
            }
            // The connection's own task notices and sweeps.
            world.lane.sweep(Instant::now());
        }
        Act::GrowOld(at) => {
            if !world.ages.is_empty() {
                world.ages[at % world.ages.len()].set(true);
            }
            world.lane.sweep(Instant::now());
        }
        Act::OpenAfterAll(at) => {
            if pick(&mut world.waiting, at).is_some()
                && let Some(turn) = world.lane.open_after_all()
            {
                world.keep(turn);
            }
        }
        Act::Sweep => world.lane.sweep(Instant::now()),
        Act::SweepLater => world.lane.sweep(Instant::now() + KEEP),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn no_order_of_events_leaks_a_place_or_strands_a_request(
        limit in 1_usize..4,
        max_waiting in 0_usize..6,
        shared in any::<Option<bool>>(),
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut world = World::new(limit, max_waiting, shared);
        for act in acts {
            play(&mut world, act);
            world.check();
        }
        // Everybody finishes: nobody may be left behind.
        while !(world.leases.is_empty() && world.openings.is_empty() && world.waiting.is_empty()) {
            world.collect();
            while !world.openings.is_empty() {
                world.connect(1);
            }
            let Some(lease) = world.leases.pop() else {
                prop_assert!(world.waiting.is_empty(), "requests wait for nobody");
                break;
            };
            lease.release();
            world.check();
        }
        world.lane.close();
        prop_assert_eq!(world.living.get(), 0, "a connection outlived everybody");
        prop_assert_eq!(world.lane.state.borrow().open, 0, "a permit leaked");
    }
}

#[test]
fn the_connection_used_last_is_used_next() {
    let mut world = World::new(3, 0, Some(false));
    for _ in 0..3 {
        assert!(world.enter());
    }
    for _ in 0..3 {
        world.connect(1);
    }
    let order: Vec<_> = world.leases.iter().map(|lease| Rc::as_ptr(&lease.member)).collect();
    for lease in world.leases.drain(..) {
        lease.release();
    }
    for wanted in order.iter().rev() {
        world.enter();
        assert_eq!(Rc::as_ptr(&world.leases.last().unwrap().member), *wanted);
    }
}

#[test]
fn beyond_limit_and_queue_a_request_is_refused_at_once() {
    let mut world = World::new(2, 3, Some(false));
    for _ in 0..5 {
        assert!(world.enter());
    }
    assert!(!world.enter());
    drop(world.waiting.pop());
    assert!(world.enter(), "a place given up in the queue is free again");
}

#[test]
fn a_released_connection_goes_to_the_one_who_waits_longest_and_to_nobody_else() {
    let mut world = World::new(1, 3, Some(false));
    for _ in 0..4 {
        world.enter();
    }
    world.connect(1);
    world.leases.remove(0).release();
    let given: Vec<bool> = world
        .waiting
        .iter()
        .map(|waiting| {
            let turn = waiting.seat.turn.take();
            let has = turn.is_some();
            waiting.seat.turn.set(turn);
            has
        })
        .collect();
    assert_eq!(given, [true, false, false]);
    drop(world.waiting.remove(0));
    world.collect();
    assert_eq!((world.leases.len(), world.waiting.len()), (1, 1), "what the first gave up went to the second");
}

#[test]
fn requests_join_an_http2_connection_that_is_being_opened() {
    let mut world = World::new(10, 1000, Some(true));
    for _ in 0..50 {
        world.enter();
    }
    assert_eq!((world.openings.len(), world.waiting.len()), (1, 49));
    world.connect(100);
    world.collect();
    assert_eq!((world.leases.len(), world.openings.len(), world.waiting.len()), (50, 0, 0));
    world.check();
}

#[test]
fn a_second_http2_connection_opens_when_the_first_is_full() {
    let mut world = World::new(10, 1000, Some(true));
    world.enter();
    world.connect(2);
    world.enter();
    assert_eq!(world.openings.len(), 0);
    world.enter();
    assert_eq!(world.openings.len(), 1);
    world.check();
}

#[test]
fn when_an_opening_that_others_joined_fails_the_next_opens() {
    let mut world = World::new(10, 10, Some(true));
    for _ in 0..3 {
        world.enter();
    }
    drop(world.openings.pop());
    world.collect();
    assert_eq!((world.openings.len(), world.waiting.len()), (1, 1));
    world.connect(1);
    world.collect();
    assert_eq!(world.openings.len(), 1, "it was not HTTP/2 after all: each opens its own");
}

#[test]
fn a_connection_idle_for_too_long_is_closed_and_not_used() {
    let mut world = World::new(2, 0, Some(false));
    world.enter();
    world.connect(1);
    world.leases.remove(0).release();
    assert!(matches!(world.lane.enter(Instant::now() + KEEP), TurnRequest::Now(ConnTurn::Open(_))));
    assert_eq!(world.living.get(), 0);
}

#[test]
fn until_one_has_told_what_it_carries_two_are_opened_and_the_others_wait() {
    // Of a hundred requests, once the first connection is there: how many ride, open for themselves, and wait.
    for (streams, wanted) in [(100, (99, 1, 0)), (1, (1, 99, 0)), (40, (40, 2, 58))] {
        let mut world = World::new(1000, 1000, None);
        (0..100).for_each(|_| assert!(world.enter()));
        assert_eq!((world.openings.len(), world.waiting.len()), (2, 98));
        world.connect(streams);
        world.collect();
        assert_eq!((world.leases.len(), world.openings.len(), world.waiting.len()), wanted);
        world.check();
    }
}

#[test]
fn who_waited_for_others_in_vain_opens_a_connection_of_his_own_as_far_as_the_limit_goes() {
    for shared in [None, Some(true)] {
        let mut world = World::new(3, 10, shared);
        (0..6).for_each(|_| assert!(world.enter()));
        let opened = world.openings.len();
        for _ in opened..3 {
            drop(world.waiting.remove(0));
            world.keep(world.lane.open_after_all().unwrap());
        }
        assert!(world.lane.open_after_all().is_none());
        assert_eq!(world.openings.len(), 3);
        world.check();
    }
}

#[test]
fn a_connection_that_is_old_gets_no_further_request_and_keeps_those_it_has() {
    let mut world = World::new(3, 10, Some(true));
    (0..2).for_each(|_| assert!(world.enter()));
    world.connect(10);
    world.collect();
    assert_eq!(world.leases.len(), 2);
    world.ages[0].set(true);
    assert!(world.enter());
    assert_eq!((world.leases.len(), world.openings.len(), world.living.get()), (2, 1, 1));
    world.leases.drain(..).for_each(Lease::release);
    assert_eq!(world.living.get(), 0, "it ends with the last of them");
    world.check();
}
