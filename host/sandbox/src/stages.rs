//! `event` plugins one behind the other, each with the events that it keeps back.
//!
//! Only text waits, and each choice by itself: for more of it, and no longer than to its end. Comments, usage and whatever
//! else is no part of a choice pass at once.

mod by_choice;
mod changed;
mod edits;
mod held;
mod item;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod turn;
mod window;

pub use item::Item;

use crate::chain::{Bound, Chain};
use crate::exchange::{CallEvents, Exchange};
use crate::hook::HookKind;
use crate::worker::{SandboxWorker, Stop, cannot_show, held_too_much};
use changed::ChangedChoices;
use edits::{apply, changes, renew};
pub use held::HeldBounds;
use held::{HeldEvents, Past, run};
use item::WaitReason;
use std::sync::Arc;
use std::time::Duration;
use turn::CallReason;
use weir_config::Window;
use weir_dialect::Unreadable;

/// One plugin and what it keeps back, or the host for it.
#[derive(Debug)]
struct Stage {
    bound: Arc<Bound>,
    window: Option<Window>,
    held: HeldEvents,
    bounds: HeldBounds,
    /// Whether the plugin has answered a call yet.
    answered: bool,
    changed: ChangedChoices,
}

/// With what a plugin is called.
struct Caller<'a> {
    sandbox: &'a SandboxWorker,
    exchange: &'a mut Option<Box<Exchange>>,
}

/// The plugins of one stream, in order, with what each keeps back.
#[derive(Debug)]
pub struct Stages {
    stages: Vec<Stage>,
    /// They have had their last call.
    over: bool,
}

impl Stages {
    /// The plugins of a chain that apply to a model. Each may hold back so much.
    #[must_use]
    pub fn new(chain: &Chain, model: &str, bounds: HeldBounds) -> Self {
        let bound = chain.at(HookKind::Event).iter().filter(|bound| bound.applies_to(model));
        Self { stages: bound.map(|bound| Stage::new(bound, bounds)).collect(), over: false }
    }

    /// Whether the host holds events back for any of them.
    #[must_use]
    pub fn windowed(&self) -> bool {
        self.stages.iter().any(|stage| stage.window.is_some())
    }

    /// Bytes of the events that are kept back for all of them.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.stages.iter().map(|stage| stage.held.bytes()).sum()
    }

    /// The number of the first event that is kept back for any of them.
    #[must_use]
    pub fn oldest_held(&self) -> Option<u64> {
        self.stages.iter().filter_map(|stage| stage.held.oldest()).min()
    }

    /// Whether any of them must see whatever there is to see: where something cannot be shown, the stream must not go on.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.stages.iter().any(|stage| !stage.bound.plugin().open())
    }

    /// Something of the stream cannot be shown to any of them: it is counted for each, up to the first that must have seen it.
    ///
    /// # Errors
    /// A fault of a plugin whose failure policy is `closed`.
    pub fn cannot_show(&self, why: &Unreadable) -> Result<(), Stop> {
        self.stages.iter().try_for_each(|stage| cannot_show(&stage.bound, HookKind::Event, why))
    }

    /// After how long without an event the client is to be told that the stream lives: while something is held back in a
    /// window, else never.
    #[must_use]
    pub fn keep_alive(&self) -> Option<Duration> {
        let holding = self.stages.iter().filter(|stage| !stage.held.is_empty());
        holding.filter_map(|stage| Some(stage.window?.keep_alive)).min()
    }

    /// Sends a batch through every plugin; answers what may go to the client now. After the batch that is the last
    /// nothing is held, and no plugin is called again: each has one last call, whatever is in it.
    ///
    /// # Errors
    /// As [`SandboxWorker::event`].
    pub async fn run(
        &mut self,
        sandbox: &SandboxWorker,
        exchange: &mut Option<Box<Exchange>>,
        batch: Vec<Item>,
        last: bool,
    ) -> Result<Vec<Item>, Stop> {
        let mut batch = batch;
        if !self.over {
            self.over = last;
            let mut caller = Caller { sandbox, exchange };
            for stage in &mut self.stages {
                batch = stage.run(&mut caller, batch, last).await?;
                // What one has let go of is new to the next.
                batch = batch.into_iter().map(|item| item.wait(WaitReason::New)).collect();
            }
        }
        Ok(batch)
    }
}

impl Stage {
    fn new(bound: &Arc<Bound>, bounds: HeldBounds) -> Self {
        let window = bound.plugin().settings().window;
        Self {
            bound: Arc::clone(bound),
            window,
            held: HeldEvents::default(),
            bounds,
            answered: false,
            changed: ChangedChoices::default(),
        }
    }

    async fn run(&mut self, caller: &mut Caller<'_>, batch: Vec<Item>, last: bool) -> Result<Vec<Item>, Stop> {
        if last {
            let mut items = self.held.take_all();
            items.extend(batch);
            let passed = self.show(caller, items, CallReason::Last).await;
            debug_assert!(self.held.is_empty(), "nothing waits behind the last call");
            return passed;
        }
        if batch.iter().all(|item| item.seen.is_none()) {
            return Ok(batch);
        }
        let mut out = Vec::new();
        for choice in self.held.ended_by(&batch) {
            self.decide(caller, choice, &mut out).await?;
        }
        let due = self.held.due(self.window, self.bounds, batch, &mut out);
        out.extend(self.show(caller, due, CallReason::More).await?);
        while let Some((choice, behind)) = self.held.take_behind_end() {
            self.go_on(caller, choice, behind, &mut out).await?;
        }
        while let Some(past) = self.held.past(self.bounds) {
            out.extend(self.give_up(caller, past)?);
        }
        debug_assert!(self.held.past(self.bounds).is_none(), "what waits is bounded");
        Ok(out)
    }

    /// What is held past a bound: its plugin was asked, and wants to see more before it decides. Half decided it goes to
    /// nobody, unless the stream may go on without the plugin: that lets it pass as it is.
    fn give_up(&mut self, caller: &Caller<'_>, past: Past) -> Result<Vec<Item>, Stop> {
        let HeldBounds { text, events } = self.bounds;
        let (what, bytes, limit) = match past {
            Past::Text(_, bytes) => ("bytes of text of one choice", bytes, text),
            Past::Events(bytes) => ("bytes of events", bytes, events),
            Past::Count(count) => ("events", count, held::MOST),
        };
        let why = format!("it held back {bytes} {what}; at most {limit}");
        held_too_much(&self.bound, caller.exchange, why)?;
        let items = match past {
            Past::Text(choice, _) => self.held.take(choice),
            Past::Events(_) | Past::Count(_) => self.held.take_all(),
        };
        Ok(items.into_iter().map(|item| self.changed.behind(item)).collect())
    }

    /// Lets go of what is held of a choice whose text is over, as the plugin decides.
    async fn decide(&mut self, caller: &mut Caller<'_>, choice: u32, out: &mut Vec<Item>) -> Result<(), Stop> {
        if !self.held.holds(choice) {
            let items = self.held.take(choice);
            match items.iter().any(|item| item.waits(WaitReason::New)) {
                true => out.extend(self.show(caller, items, CallReason::Over).await?),
                false => out.extend(items.into_iter().map(|item| self.changed.behind(item))),
            }
        }
        if self.held.holds(choice) {
            let items = self.held.take(choice);
            out.extend(self.show(caller, items, CallReason::Ended).await?);
        }
        Ok(())
    }

    /// Goes on, text by text, with what stands behind a text that is over and that the plugin has held.
    async fn go_on(
        &mut self,
        caller: &mut Caller<'_>,
        choice: u32,
        mut behind: Vec<Item>,
        out: &mut Vec<Item>,
    ) -> Result<(), Stop> {
        self.decide(caller, choice, out).await?;
        while !behind.is_empty() {
            let rest = behind.split_off(run(&behind).max(1));
            let next = std::mem::replace(&mut behind, rest);
            if !behind.is_empty() || held::is_over(&next) {
                out.extend(self.show(caller, next, CallReason::Over).await?);
                self.decide(caller, choice, out).await?;
            } else {
                let due = self.held.due(self.window, self.bounds, next, out);
                out.extend(self.show(caller, due, CallReason::More).await?);
            }
        }
        Ok(())
    }

    /// Calls the plugin with events, and carries out what it says. Answers what passes; the rest is held.
    async fn show(&mut self, caller: &mut Caller<'_>, items: Vec<Item>, turn: CallReason) -> Result<Vec<Item>, Stop> {
        if turn != CallReason::Last && items.iter().all(|item| item.seen.is_none()) {
            return Ok(items);
        }
        let shown = items.iter().filter_map(Item::event).collect();
        if let Some(exchange) = caller.exchange {
            let plain = items.iter().all(|item| item.says().is_plain());
            let data = items.iter().filter_map(|item| item.data().cloned()).collect();
            exchange.events = CallEvents::new(data, plain, turn == CallReason::Last);
        }
        let overlap = self.window.filter(|_| turn == CallReason::More).map_or(0, |window| window.overlap);
        let check = |edits| changes(&items, edits).map(|changes| window::keep_tail(&items, changes, overlap));
        let said = caller.sandbox.event(&self.bound, caller.exchange, shown, turn.is_last(), check).await?;
        if said.is_some() && !std::mem::replace(&mut self.answered, true) {
            self.bound.stream_answered();
        }
        // Without the plugin everything passes as it is.
        let (Some(mut changes), Some(exchange)) = (said, caller.exchange.as_deref_mut()) else {
            return Ok(items.into_iter().map(|item| self.changed.behind(item)).collect());
        };
        let items = renew(items, &mut changes, &mut exchange.events);
        let sorted = apply(items, changes, turn, exchange.events.looked(), &mut self.changed);
        self.held.extend(sorted.held);
        Ok(sorted.passed)
    }
}
