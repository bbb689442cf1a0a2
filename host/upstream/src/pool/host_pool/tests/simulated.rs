//! A pool over hours of simulated time, against plain lists: who gets which connection, who waits, and which are closed when.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, advance};
use weir_seeded::{Chance, seeded};

use crate::pool::parts::{ConnTurn, ConnectPermit, HostPool, Lease, Poolable, QueuedRequest, TurnRequest};
use crate::stats::{LocalCounter, Shard};

const STEPS: usize = 4_000;
const KEEP: Duration = Duration::from_secs(60);
const AGE: Duration = Duration::from_secs(300);

/// A connection with one request at a time, as long as its number is among the open ones.
struct Link {
    number: u64,
    born: Instant,
    keep: Duration,
    dead: Rc<RefCell<BTreeSet<u64>>>,
    open: Rc<RefCell<BTreeSet<u64>>>,
}

impl Poolable for Link {
    fn usable(&self, _: Duration) -> bool {
        !self.closed()
    }
    fn closed(&self) -> bool {
        self.dead.borrow().contains(&self.number)
    }
    fn keep(&self) -> Duration {
        self.keep
    }
    fn outdated(&self, now: Instant) -> bool {
        now.duration_since(self.born) >= AGE
    }
    fn streams(&self) -> usize {
        1
    }
    fn shared(&self) -> bool {
        false
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.open.borrow_mut().remove(&self.number);
    }
}

/// What a request has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Conn(u64),
    Permit,
}

/// What is known of a connection.
#[derive(Debug, Clone, Copy)]
struct Conn {
    born: Instant,
    since: Instant,
    keep: Duration,
    retired: bool,
}

/// The plain lists.
struct Lists {
    limit: usize,
    max_waiting: usize,
    conns: BTreeMap<u64, Conn>,
    /// Those without a request, the one used last at the end.
    idle: Vec<u64>,
    opening: usize,
    queue: VecDeque<u64>,
    /// Of those who waited and have not looked yet.
    given: BTreeMap<u64, Given>,
    dead: Rc<RefCell<BTreeSet<u64>>>,
}

impl Lists {
    fn is_good(&self, number: u64, now: Instant) -> bool {
        let conn = &self.conns[&number];
        let is_new = now.duration_since(conn.born) < AGE && now.duration_since(conn.since) < conn.keep.min(KEEP);
        is_new && !self.dead.borrow().contains(&number)
    }

    fn next(&mut self, now: Instant) -> Option<Given> {
        while let Some(number) = self.idle.pop() {
            if self.is_good(number, now) {
                return Some(Given::Conn(number));
            }
            self.conns.remove(&number);
        }
        (self.conns.len() + self.opening < self.limit).then(|| {
            self.opening += 1;
            Given::Permit
        })
    }

    fn serve(&mut self, now: Instant) {
        while !self.queue.is_empty() {
            let Some(given) = self.next(now) else { return };
            let front = self.queue.pop_front().unwrap();
            self.given.insert(front, given);
        }
    }

    /// A request is over and done with its connection.
    fn give_back(&mut self, number: u64, is_clean: bool, now: Instant) {
        if !is_clean || self.conns[&number].retired || self.dead.borrow().contains(&number) {
            self.conns.remove(&number);
        } else {
            self.conns.get_mut(&number).unwrap().since = now;
            self.idle.push(number);
        }
        self.serve(now);
    }

    fn give_up(&mut self, given: Given, now: Instant) {
        match given {
            Given::Conn(number) => self.give_back(number, true, now),
            Given::Permit => {
                self.opening -= 1;
                self.serve(now);
            }
        }
    }

    fn sweep(&mut self, now: Instant) {
        let idle = std::mem::take(&mut self.idle);
        let (good, gone): (Vec<u64>, Vec<u64>) = idle.into_iter().partition(|number| self.is_good(*number, now));
        self.idle = good;
        for number in &gone {
            self.conns.remove(number);
        }
        self.serve(now);
    }
}

/// The pool, what requests hold of it, and the lists beside it.
struct World {
    pool: Rc<HostPool<Link>>,
    shard: Arc<Shard>,
    lists: Lists,
    open: Rc<RefCell<BTreeSet<u64>>>,
    leases: Vec<Lease<Link>>,
    permits: Vec<ConnectPermit<Link>>,
    waiting: Vec<(u64, QueuedRequest<Link>)>,
    named: Cell<u64>,
}

impl World {
    fn new(chance: &mut Chance) -> Self {
        let (limit, max_waiting) = (1 + chance.below(5), chance.below(7));
        let shard = Arc::new(Shard::default());
        let lists = Lists {
            limit,
            max_waiting,
            conns: BTreeMap::new(),
            idle: vec![],
            opening: 0,
            queue: VecDeque::new(),
            given: BTreeMap::new(),
            dead: Rc::default(),
        };
        let pool = HostPool::new(limit, max_waiting, KEEP, Some(false), Arc::clone(&shard));
        let (leases, permits, waiting) = (vec![], vec![], vec![]);
        Self { pool, shard, lists, open: Rc::default(), leases, permits, waiting, named: Cell::default() }
    }

    fn name(&self) -> u64 {
        self.named.replace(self.named.get() + 1)
    }

    fn keep(&mut self, turn: ConnTurn<Link>, wanted: Option<Given>) {
        match turn {
            ConnTurn::Ride(lease) => {
                assert_eq!(wanted, Some(Given::Conn(lease.link().number)));
                lease.begin();
                self.leases.push(lease);
            }
            ConnTurn::Open(permit) => {
                assert_eq!(wanted, Some(Given::Permit));
                self.permits.push(permit);
            }
        }
    }

    fn enter(&mut self, now: Instant) {
        let turn = self.pool.enter(now);
        let wanted = if self.lists.queue.is_empty() { self.lists.next(now) } else { None };
        match turn {
            TurnRequest::Now(turn) => self.keep(turn, wanted),
            TurnRequest::Wait(queued) => {
                let name = self.name();
                assert!(wanted.is_none() && self.lists.queue.len() < self.lists.max_waiting, "it waits for {wanted:?}");
                self.lists.queue.push_back(name);
                self.waiting.push((name, queued));
            }
            TurnRequest::Full => {
                assert!(wanted.is_none() && self.lists.queue.len() == self.lists.max_waiting, "refused {wanted:?}");
            }
        }
    }

    /// Whoever waits looks whether it has been given something.
    fn collect(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for (name, mut queued) in std::mem::take(&mut self.waiting) {
            let wanted = self.lists.given.remove(&name);
            match Pin::new(&mut queued).poll(&mut cx) {
                Poll::Ready(turn) => self.keep(turn, wanted),
                Poll::Pending => {
                    assert_eq!(wanted, None, "it was to be given something");
                    self.waiting.push((name, queued));
                }
            }
        }
    }

    fn leave(&mut self, chance: &mut Chance, now: Instant) {
        let Some((name, queued)) = chance.take(&mut self.waiting) else { return };
        drop(queued);
        self.lists.queue.retain(|waits| *waits != name);
        if let Some(given) = self.lists.given.remove(&name) {
            self.lists.give_up(given, now);
        }
    }

    fn connect(&mut self, chance: &mut Chance, now: Instant) {
        let Some(permit) = chance.take(&mut self.permits) else { return };
        let number = self.name();
        let keep = chance.one_of([Duration::MAX, Duration::from_secs(5), Duration::ZERO]);
        self.open.borrow_mut().insert(number);
        let (dead, open) = (Rc::clone(&self.lists.dead), Rc::clone(&self.open));
        let lease = permit.done(Link { number, born: now, keep, dead, open });
        lease.begin();
        self.leases.push(lease);
        self.lists.opening -= 1;
        self.lists.conns.insert(number, Conn { born: now, since: now, keep, retired: false });
    }

    fn end(&mut self, chance: &mut Chance, now: Instant) {
        let Some(lease) = chance.take(&mut self.leases) else { return };
        let (number, is_clean) = (lease.link().number, chance.percent(80));
        if is_clean {
            lease.release()
        } else {
            drop(lease)
        }
        self.lists.give_back(number, is_clean, now);
    }

    fn replace(&mut self, chance: &mut Chance) {
        let Some(lease) = chance.take(&mut self.leases) else { return };
        self.lists.conns.remove(&lease.link().number);
        self.lists.opening += 1;
        self.permits.push(lease.replace().expect("nobody else is on it"));
    }

    fn retire(&mut self, chance: &mut Chance) {
        let some = chance.below(self.leases.len());
        let Some(lease) = self.leases.get(some) else { return };
        lease.retire();
        self.lists.conns.get_mut(&lease.link().number).unwrap().retired = true;
    }

    fn kill(&mut self, chance: &mut Chance) {
        let all: Vec<u64> = self.lists.conns.keys().copied().collect();
        if let Some(number) = all.get(chance.below(all.len())) {
            self.lists.dead.borrow_mut().insert(*number);
        }
    }

    fn fail(&mut self, chance: &mut Chance, now: Instant) {
        let Some(permit) = chance.take(&mut self.permits) else { return };
        drop(permit);
        self.lists.give_up(Given::Permit, now);
    }

    fn check(&self) {
        let lists = &self.lists;
        assert!(self.open.borrow().iter().eq(lists.conns.keys()), "{:?} and {:?}", self.open, lists.conns.keys());
        let state = self.pool.state.borrow();
        assert!(state.spare.iter().map(|member| member.link.number).eq(lists.idle.iter().copied()));
        assert_eq!((state.opening, state.queue.len()), (lists.opening, lists.queue.len()));
        let told = [&self.shard.open, &self.shard.idle, &self.shard.waiting].map(LocalCounter::get);
        let wanted = [lists.conns.len() + lists.opening, lists.idle.len(), lists.queue.len()].map(|count| count as u64);
        assert_eq!(told, wanted, "what metrics tell");
    }
}

#[test]
fn a_pool_gives_its_connections_as_plain_lists_would_and_closes_them_in_time() {
    seeded("pool", 20, |chance| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(chance);
            for _ in 0..STEPS {
                let now = Instant::now();
                match chance.below(20) {
                    0..=5 => world.enter(now),
                    6..=7 => world.collect(),
                    8 => world.leave(chance, now),
                    9..=11 => world.connect(chance, now),
                    12 => world.fail(chance, now),
                    13..=15 => world.end(chance, now),
                    16 => world.replace(chance),
                    17 => world.retire(chance),
                    18 => {
                        if chance.percent(50) {
                            world.kill(chance);
                        }
                        world.pool.sweep(now);
                        world.lists.sweep(now);
                    }
                    _ => {
                        let most = chance.one_of([100, 8_000, 90_000]);
                        advance(chance.millis(most)).await;
                    }
                }
                world.check();
            }
            world.collect();
            drop((
                std::mem::take(&mut world.waiting),
                std::mem::take(&mut world.permits),
                std::mem::take(&mut world.leases),
            ));
            world.pool.close();
            assert!(world.open.borrow().is_empty() && world.pool.state.borrow().open == 0);
        });
    });
}
