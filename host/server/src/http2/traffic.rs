//! What an HTTP/2 connection and its requests tell each other: whether somebody is being answered, what has gone out to
//! the client's socket, and who has stopped taking its answer.
//!
//! hyper and h2 keep bytes for a client that takes none: for a stream without window they are queued, for a connection
//! that is not read they wait to be written. An answer is sent when the last of them has left for the socket, and only
//! the bytes themselves can tell. So each piece of an answer counts for its [`Delivery`] what h2 takes of it, and a flush
//! of the socket says that all that was taken has been written.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::progress::{Outgoing, TakenLook, Wait};
use super::untaken::{UntakenAnswer, UntakenAnswers};
use crate::response_body::Settle;

/// A connection's requests.
#[derive(Default)]
pub(crate) struct Traffic {
    /// Those that are being answered, until all of the answer was taken.
    deliveries: RefCell<Vec<Weak<Delivery>>>,
    /// When the last of them was over.
    idle_since: Cell<Option<Instant>>,
    /// Answers of which all was taken, and may not have been written yet.
    taken: RefCell<Vec<Box<dyn Settle>>>,
    /// The request that hyper is about to make a task for.
    next: Cell<Option<Rc<Delivery>>>,
    /// What goes out to the client, of all of them.
    pub(super) outgoing: Outgoing,
    /// The socket is gone.
    closed: Cell<bool>,
    /// Where answers of the gateway's own wait.
    room: UntakenAnswers,
}

impl Traffic {
    /// A head is complete and its request is being answered, in a task that hyper makes next.
    pub(crate) fn begin(self: &Rc<Self>) -> Rc<Delivery> {
        let place = self.deliveries.borrow().len();
        let delivery = Rc::new(Delivery::new(Rc::clone(self), place));
        self.deliveries.borrow_mut().push(Rc::downgrade(&delivery));
        self.next.set(Some(Rc::clone(&delivery)));
        delivery
    }

    /// The request whose task is being made.
    pub(crate) fn take_next(&self) -> Option<Rc<Delivery>> {
        self.next.take()
    }

    /// Whether somebody is being answered.
    pub(crate) fn is_busy(&self) -> bool {
        !self.deliveries.borrow().is_empty()
    }

    /// Since when nobody is, if somebody was before.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.idle_since.get()
    }

    /// Nobody is, and the client still takes what came before.
    pub(crate) fn goes_on(&self, now: Instant) {
        self.idle_since.set(Some(now));
    }

    /// Whether an answer waits for the client to take some of it.
    pub(crate) fn waits(&self) -> bool {
        let deliveries = self.deliveries.borrow();
        deliveries.iter().filter_map(Weak::upgrade).any(|delivery| delivery.waiting.get().is_some())
    }

    /// Where the client has got once every answer has had its turn.
    fn next_turn(&self) -> u64 {
        self.outgoing.behind(self.deliveries.borrow().len())
    }

    /// Whether some of the gateway's own answers were not given, for the client did not take those before.
    pub(crate) fn has_turned_away(&self) -> bool {
        self.room.has_turned_away()
    }

    /// Everything that was taken has been written.
    pub(crate) fn flushed(&self) {
        if !self.taken.borrow().is_empty() {
            self.taken.take().into_iter().for_each(|settle| settle.sent());
        }
    }

    /// Nothing that has not been written will be.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.taken.take();
    }

    /// Wakes every request's task, so that each can look at what has happened to the gateway.
    pub(crate) fn wake_all(&self) {
        self.each(|delivery| delivery.wake());
    }

    /// After a look, gives up answers of which nothing was taken for so long, nor of what was written before. True if that
    /// takes the connection: an answer that hyper has let go of can be given up in no other way.
    pub(crate) fn has_stalled(&self, now: Instant, longest: Duration, look: &TakenLook) -> bool {
        let mut all = false;
        self.each(|delivery| {
            if delivery.has_waited(longest, now, look) {
                delivery.give_up();
                all |= delivery.is_let_go.get();
            }
        });
        all
    }

    fn each(&self, see: impl FnMut(&Delivery)) {
        let all: Vec<_> = self.deliveries.borrow().iter().filter_map(Weak::upgrade).collect();
        all.iter().map(|delivery| &**delivery).for_each(see);
    }

    fn forget(&self, place: usize) {
        let mut deliveries = self.deliveries.borrow_mut();
        if place < deliveries.len() {
            deliveries.swap_remove(place);
        }
        if let Some(moved) = deliveries.get(place).and_then(Weak::upgrade) {
            moved.place.set(place);
        }
        if deliveries.is_empty() {
            self.idle_since.set(Some(Instant::now()));
        }
    }
}

/// One request, from its head until the last byte of its answer was taken.
pub(crate) struct Delivery {
    traffic: Rc<Traffic>,
    /// Its place among the connection's.
    place: Cell<usize>,
    task: Cell<Option<Waker>>,
    /// Bytes that were handed over and not taken.
    under_way: Cell<usize>,
    /// How they wait, as the latest look has it.
    waiting: Cell<Option<Wait>>,
    /// Some were taken since the latest look.
    moved: Cell<bool>,
    /// To be settled as soon as all is taken.
    settle: Cell<Option<Box<dyn Settle>>>,
    /// The task waits until all is taken.
    awaited: Cell<bool>,
    given_up: Cell<bool>,
    /// Its room among the gateway's own answers, until it was taken.
    own: Cell<Option<UntakenAnswer>>,
    /// hyper's task is over, and bytes are still under way.
    is_let_go: Cell<bool>,
}

impl Delivery {
    fn new(traffic: Rc<Traffic>, place: usize) -> Self {
        Self {
            traffic,
            place: Cell::new(place),
            task: Cell::default(),
            under_way: Cell::default(),
            waiting: Cell::default(),
            moved: Cell::default(),
            settle: Cell::default(),
            awaited: Cell::default(),
            given_up: Cell::default(),
            own: Cell::default(),
            is_let_go: Cell::default(),
        }
    }

    /// This task answers the request.
    pub(crate) fn answered_by(&self, task: &Waker) {
        let known = self.task.take().filter(|known| known.will_wake(task));
        self.task.set(Some(known.unwrap_or_else(|| task.clone())));
    }

    /// The task is over.
    pub(crate) fn let_go(&self) {
        self.task.take();
        self.is_let_go.set(true);
    }

    /// Whether the client has not taken its answer in time.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.get()
    }

    /// The answer is not given: its task ends, which resets the stream.
    fn give_up(&self) {
        self.given_up.set(true);
        self.wake();
    }

    /// Waits until there is room for an answer of the gateway's own, which is as soon as the client has taken others. If it
    /// takes none, the answer is given up.
    pub(crate) async fn room_for_own(&self) {
        let room = self.traffic.room.enter().await;
        if room.is_none() {
            self.give_up();
            // The task that waits here is over.
            std::future::pending::<()>().await;
        }
        self.own.set(room);
    }

    /// Whether everything that was handed over was taken.
    fn is_taken(&self) -> bool {
        self.under_way.get() == 0
    }

    /// Whether everything was taken, now that nothing more will be handed over; if not, the task is woken when it is.
    pub(crate) fn is_all_taken(&self) -> bool {
        self.awaited.set(true);
        self.is_taken()
    }

    /// So many bytes are handed over.
    pub(crate) fn hand_over(&self, bytes: usize, now: Instant) {
        if self.under_way.replace(self.under_way.get() + bytes) == 0 {
            self.waiting.set(Some(Wait::new(now, self.traffic.next_turn())));
        }
    }

    /// What is to be told when all that was handed over has been written; at once, if it is all taken.
    pub(crate) fn settle(&self, settle: Box<dyn Settle>) {
        self.settle.set(Some(settle));
        if self.is_taken() {
            self.all_taken();
        }
    }

    /// So many bytes were taken.
    pub(crate) fn took(&self, bytes: usize) {
        self.moved.set(true);
        self.under_way.set(self.under_way.get().saturating_sub(bytes));
        if self.is_taken() {
            self.all_taken();
        }
    }

    /// So many bytes will never be taken.
    pub(crate) fn lost(&self, bytes: usize) {
        self.settle.take();
        self.under_way.set(self.under_way.get().saturating_sub(bytes));
        if self.is_taken() {
            self.waiting.set(None);
            self.own.take();
        }
        self.wake();
    }

    fn all_taken(&self) {
        self.waiting.set(None);
        self.own.take();
        match self.settle.take() {
            // The task waits for nothing more.
            Some(settle) if !self.traffic.closed.get() => self.traffic.taken.borrow_mut().push(settle),
            None if self.awaited.get() => self.wake(),
            Some(_) | None => {}
        }
    }

    /// Whether nothing was taken for so long, if anything is to be.
    fn has_waited(&self, longest: Duration, now: Instant, look: &TakenLook) -> bool {
        let Some(mut wait) = self.waiting.get() else { return false };
        if self.moved.take() {
            wait = Wait::new(now, self.traffic.next_turn());
        }
        let has_lasted = wait.has_lasted(longest, now, look);
        self.waiting.set(Some(wait));
        has_lasted
    }

    fn wake(&self) {
        let task = self.task.take();
        task.iter().for_each(Waker::wake_by_ref);
        self.task.set(task);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.traffic.forget(self.place.get());
    }
}
