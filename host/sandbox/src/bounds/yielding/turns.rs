//! Whose turn it is among the guests of one worker that have given way: one for each turn of the worker's tasks, the tenants
//! one after the other, and within a tenant who has waited longest.

use crate::tenant::TenantId;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;

/// A turn that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct YieldTurn {
    state: Cell<State>,
    task: RefCell<Option<Waker>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Waits,
    Given,
    /// Whoever waited is no more.
    Left,
}

impl YieldTurn {
    /// Whether it has been given; if not, the task is woken when it is.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.state.get() == State::Given {
            return Poll::Ready(());
        }
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            *task = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Nobody waits for it any more.
    pub(super) fn leave(&self) {
        self.state.set(State::Left);
        self.task.take();
    }

    /// Gives it; false if nobody waits for it any more.
    fn give(&self) -> bool {
        if self.state.get() == State::Left {
            return false;
        }
        self.state.set(State::Given);
        if let Some(task) = self.task.take() {
            task.wake();
        }
        true
    }
}

/// All who wait.
#[derive(Debug, Default)]
pub(super) struct YieldTurns {
    /// Whether somebody gives turns.
    led: Cell<bool>,
    waiting: RefCell<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Tenants of whom somebody waits, each once.
    tenants: VecDeque<TenantId>,
    by_tenant: HashMap<TenantId, VecDeque<Rc<YieldTurn>>, foldhash::fast::RandomState>,
}

impl YieldTurns {
    /// Asks for a turn; none where nobody gives any.
    pub(super) fn ask(&self, tenant: TenantId) -> Option<Rc<YieldTurn>> {
        // A guest in a queue that nobody empties would wait for ever.
        if !self.led.get() {
            return None;
        }
        let turn = Rc::new(YieldTurn::default());
        let mut waiting = self.waiting.borrow_mut();
        let own = waiting.by_tenant.entry(tenant).or_default();
        own.push_back(Rc::clone(&turn));
        // Once in the round however many of its guests wait: a tenant with a hundred that spin has as many turns as one with one.
        if own.len() == 1 {
            waiting.tenants.push_back(tenant);
        }
        self.arrived.notify_one();
        Some(turn)
    }

    /// The next turn that is to be given.
    fn next(&self) -> Option<Rc<YieldTurn>> {
        let mut waiting = self.waiting.borrow_mut();
        let tenant = waiting.tenants.pop_front()?;
        let own = waiting.by_tenant.get_mut(&tenant)?;
        let turn = own.pop_front();
        if own.is_empty() {
            waiting.by_tenant.remove(&tenant);
        } else {
            waiting.tenants.push_back(tenant);
        }
        turn
    }

    /// Gives turns, for ever.
    pub(super) async fn lead(&self) {
        let _led = Led::by(&self.led);
        loop {
            match self.next() {
                // A turn of all tasks for each, with a look at the sockets.
                Some(turn) if turn.give() => tokio::task::yield_now().await,
                // Whoever waited has left: no turn of the tasks is spent on it.
                Some(_) => {}
                None => self.arrived.notified().await,
            }
        }
    }
}

/// Says that turns are given, for as long as it lives.
struct Led<'a>(&'a Cell<bool>);

impl<'a> Led<'a> {
    fn by(led: &'a Cell<bool>) -> Self {
        led.set(true);
        Self(led)
    }
}

impl Drop for Led<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
