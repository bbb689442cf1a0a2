//! `event` plugins one behind the other, each with the events that it keeps back.

use crate::chain::{Bound, Chain};
use crate::contract::{Edit, StreamEvent};
use crate::exchange::{Events, Exchange};
use crate::hook::Hook;
use crate::worker::{Stop, Worker, cannot_show};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use weir_config::Window;
use weir_dialect::Unreadable;
use weir_dialect::event::{self, Delta};
use weir_http::sse;

/// One event between the upstream and the client.
#[derive(Debug)]
pub struct Item {
    /// As it would go out now.
    pub raw: Bytes,
    /// What plugins see of it; nothing of comments and events of no dialect.
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    data: Bytes,
    choice: u32,
    text: String,
}

impl Item {
    /// An event that plugins do not see but that keeps its place among those that they do.
    #[must_use]
    pub fn opaque(raw: Bytes) -> Self {
        Self { raw, seen: None }
    }

    fn text_bytes(&self) -> usize {
        self.seen.as_ref().map_or(0, |seen| seen.text.len())
    }

    /// A part of the model's answer: the event as it stands in the stream, its data, and what the data say.
    #[must_use]
    pub fn delta(raw: Bytes, data: Bytes, delta: Delta) -> Self {
        Self { raw, seen: Some(Seen { data, choice: delta.choice, text: delta.text }) }
    }
}

/// One plugin and what it keeps back, or the host for it.
#[derive(Debug)]
struct Stage {
    bound: Arc<Bound>,
    window: Option<Window>,
    held: Vec<Item>,
    /// Bytes of text in `held` that the plugin has not seen yet.
    fresh: usize,
    /// Whether the last call held anything: if not, an empty last call may be spared.
    holding: bool,
    /// Whether the plugin has answered a call yet.
    answered: bool,
}

/// The plugins of one stream, in order, with what each keeps back.
#[derive(Debug)]
pub struct Stages {
    stages: Vec<Stage>,
    limit: usize,
}

impl Stages {
    /// The plugins of a chain that apply to a model. Each may hold back so many bytes.
    #[must_use]
    pub fn new(chain: &Chain, model: &str, limit: usize) -> Self {
        let bound = chain.at(Hook::Event).iter().filter(|bound| bound.applies_to(model));
        let stages = bound.map(Stage::new);
        Self { stages: stages.collect(), limit }
    }

    /// Whether the host holds events back for any of them.
    #[must_use]
    pub fn windowed(&self) -> bool {
        self.stages.iter().any(|stage| stage.window.is_some())
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
        self.stages.iter().try_for_each(|stage| cannot_show(&stage.bound, Hook::Event, why))
    }

    /// After how long without an event the client is to be told that the stream lives: while something is held back in a
    /// window, else never.
    #[must_use]
    pub fn keep_alive(&self) -> Option<Duration> {
        let holding = self.stages.iter().filter(|stage| !stage.held.is_empty());
        holding.filter_map(|stage| Some(stage.window?.keep_alive)).min()
    }

    /// Sends a batch through every plugin; answers what may go to the client now. After the batch that is the last
    /// nothing is held.
    ///
    /// # Errors
    /// As [`Worker::event`].
    pub async fn run(
        &mut self,
        sandbox: &Worker,
        lent: &mut Option<Box<Exchange>>,
        batch: Vec<Item>,
        last: bool,
    ) -> Result<Vec<Bytes>, Stop> {
        let mut batch = batch;
        for stage in &mut self.stages {
            batch = stage.run(sandbox, lent, batch, last, self.limit).await?;
        }
        Ok(batch.into_iter().map(|item| item.raw).collect())
    }
}

impl Stage {
    fn new(bound: &Arc<Bound>) -> Self {
        let window = bound.plugin().settings().window;
        Self { bound: Arc::clone(bound), window, held: Vec::new(), fresh: 0, holding: false, answered: false }
    }

    /// Whether the window is not full yet, so that events wait for more. What is held is bounded as a plugin's own
    /// holding is, so a window that would grow past that is shown as it is.
    fn waits(&mut self, batch: &[Item], limit: usize) -> bool {
        let Some(window) = self.window else { return false };
        self.fresh += batch.iter().map(Item::text_bytes).sum::<usize>();
        let held = self.held.iter().chain(batch).map(|item| item.raw.len()).sum::<usize>();
        self.fresh < window.size && held <= limit
    }

    async fn run(
        &mut self,
        sandbox: &Worker,
        lent: &mut Option<Box<Exchange>>,
        batch: Vec<Item>,
        last: bool,
        limit: usize,
    ) -> Result<Vec<Item>, Stop> {
        if !last && self.waits(&batch, limit) {
            // Before any text nothing is worth waiting for: a role goes out at once.
            if self.fresh == 0 && self.held.is_empty() {
                return Ok(batch);
            }
            self.held.extend(batch);
            self.holding = true;
            return Ok(Vec::new());
        }
        self.fresh = 0;
        let mut items = std::mem::take(&mut self.held);
        items.extend(batch);
        if items.iter().all(|item| item.seen.is_none()) && !(last && self.holding) {
            return Ok(items);
        }
        let shown = items.iter().filter_map(|item| item.seen.as_ref());
        let shown: Vec<_> = shown.map(|s| StreamEvent { choice: s.choice, text: s.text.clone() }).collect();
        if let Some(exchange) = lent {
            let data = items.iter().filter_map(|i| i.seen.as_ref().map(|s| s.data.clone()));
            exchange.events = Events::new(data.collect());
        }
        let overlap = self.window.filter(|_| !last).map_or(0, |window| window.overlap);
        let check =
            |edits| changes(&items, edits, last, limit).map(|changes| keep_tail(&items, changes, overlap, limit));
        let said = sandbox.event(&self.bound, lent, shown, last, check).await?;
        if said.is_some() && !std::mem::replace(&mut self.answered, true) {
            self.bound.stream_answered();
        }
        let passed = match said {
            Some(mut changes) => {
                if let Some(exchange) = lent {
                    renew(&mut items, &mut changes, &mut exchange.events);
                }
                self.apply(items, changes)
            }
            None => items,
        };
        self.holding = !self.held.is_empty();
        Ok(passed)
    }

    /// Changes events in order; from the first that is held on they wait here for the next call.
    fn apply(&mut self, items: Vec<Item>, changes: Vec<Change>) -> Vec<Item> {
        let mut changes = changes.into_iter();
        let mut passed = Vec::with_capacity(items.len());
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            match changes.next().unwrap_or(Change::Pass) {
                Change::Pass => passed.push(item),
                Change::Drop => {}
                Change::Text(new) | Change::New(new) => passed.push(new),
                Change::Hold => {
                    self.held.push(item);
                    self.held.extend(items);
                    break;
                }
            }
        }
        passed
    }
}

/// Holds back the end of what passed unchanged, so much of it that `overlap` bytes of text are shown again.
fn keep_tail(items: &[Item], mut changes: Vec<Change>, overlap: usize, limit: usize) -> Vec<Change> {
    if overlap == 0 || changes.iter().any(|change| matches!(change, Change::Hold)) {
        return changes;
    }
    changes.resize_with(items.len(), || Change::Pass);
    let (mut kept, mut raw, mut from) = (0, 0, items.len());
    for (at, (item, change)) in items.iter().zip(&changes).enumerate().rev() {
        raw += item.raw.len();
        if kept >= overlap || raw > limit || !matches!(change, Change::Pass) {
            break;
        }
        kept += item.text_bytes();
        from = at;
    }
    // Where only events without text would be held, nothing would be gained.
    if kept > 0
        && let Some(first) = changes.get_mut(from)
    {
        *first = Change::Hold;
    }
    changes
}

/// What becomes of one event.
enum Change {
    Pass,
    Drop,
    /// The same event with another text.
    Text(Item),
    New(Item),
    Hold,
}

/// Puts what the plugin has set in events into them, whatever becomes of them then.
fn renew(items: &mut [Item], changes: &mut [Change], events: &mut Events) {
    for (index, data) in events.changed() {
        let Some((at, item)) = items.iter_mut().enumerate().filter(|(_, item)| item.seen.is_some()).nth(index) else {
            continue;
        };
        let delta = event::delta(&data);
        let seen = item.seen.as_ref().map(|seen| Delta { choice: seen.choice, text: seen.text.clone() });
        let Some(delta) = delta.ok().or(seen) else { continue };
        *item = Item::delta(sse::data_event(&data), data, delta);
        if let (Some(Change::Text(new)), Some(seen)) = (changes.get_mut(at), &item.seen)
            && let Some(text) = new.seen.take().map(|seen| seen.text)
            && let Ok(renewed) = with_text(seen, text)
        {
            *new = renewed;
        }
    }
}

/// What a plugin's edits make of events, one for each of them; or how the edits break the contract.
fn changes(items: &[Item], edits: Vec<Edit>, last: bool, limit: usize) -> Result<Vec<Change>, String> {
    if edits.is_empty() {
        return Ok(Vec::new());
    }
    let mut edits = edits.into_iter();
    let mut changes = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let Some(seen) = &item.seen else {
            changes.push(Change::Pass);
            continue;
        };
        changes.push(match edits.next().unwrap_or(Edit::Pass) {
            Edit::Pass => Change::Pass,
            Edit::Drop => Change::Drop,
            Edit::Text(text) => Change::Text(with_text(seen, text)?),
            Edit::Data(data) => Change::New(with_data(data)?),
            Edit::Hold if last => Change::Pass,
            Edit::Hold => {
                let held: usize = items.iter().skip(at).map(|item| item.raw.len()).sum();
                if held > limit {
                    return Err(format!("it held back {held} bytes of the stream; at most {limit}"));
                }
                changes.push(Change::Hold);
                break;
            }
        });
    }
    Ok(changes)
}

fn with_text(seen: &Seen, text: String) -> Result<Item, String> {
    let data = event::with_text(&seen.data, &text).map_err(|e| e.to_string())?;
    Ok(Item { raw: sse::data_event(&data), seen: Some(Seen { data, choice: seen.choice, text }) })
}

fn with_data(data: String) -> Result<Item, String> {
    let data = Bytes::from(data);
    let delta = event::delta(&data).map_err(|e| e.to_string())?;
    Ok(Item::delta(sse::data_event(&data), data, delta))
}
