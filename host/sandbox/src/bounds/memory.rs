//! Bounds what one instance may allocate.

use crate::bounds::instances::Short;
use crate::bounds::instances::place::InstancePlace;
use crate::bounds::instances::wait::ShareWait;
use std::pin::Pin;
use std::time::Duration;
use wasmtime::ResourceLimiterAsync;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Elements of all tables that a guest may have: function pointers, mostly.
const TABLE_ELEMENTS: usize = 100_000;
/// Bytes of one of them.
const ELEMENT: usize = size_of::<usize>();

/// The memory and table bounds of one instance, and how far it went.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: usize,
    elements: usize,
    /// Bytes of linear memory that the instance has now; never shrinks.
    pub(crate) used: usize,
    /// Whether it was refused memory: what follows is probably an abort for that reason.
    pub(crate) refused: bool,
    /// What was short, if that was for what other instances have.
    pub(crate) short: Option<Short>,
    /// Its place among all instances, which counts its memory.
    place: InstancePlace,
    /// How long a call waits for memory that other instances have, in all, and its wait once it has begun.
    wait: Duration,
    patience: Option<ShareWait>,
}

/// What the engine waits for when a guest wants more.
type Growing<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<bool>> + Send + 'a>>;

impl Limiter {
    pub(crate) fn new(memory: usize, place: InstancePlace) -> Self {
        let (wait, patience) = (Duration::ZERO, None);
        Self { memory, elements: 0, used: 0, refused: false, short: None, place, wait, patience }
    }

    /// A call begins, in which there may be so many bytes of linear memory, and which may wait so long for what others use.
    pub(crate) fn begin(&mut self, memory: usize, wait: Duration) {
        (self.memory, self.refused, self.short) = (memory, false, None);
        (self.wait, self.patience) = (wait, None);
    }

    /// The most bytes of linear memory that there may be.
    pub(crate) fn most(&self) -> usize {
        self.memory
    }

    /// Bytes that the instance has, tables included.
    pub(crate) fn has(&self) -> usize {
        self.place.bytes()
    }

    /// Takes room among all instances for so many bytes more, and waits for it where others have it; false if there is none.
    async fn find_room(&mut self, bytes: usize) -> bool {
        loop {
            let Err(short) = self.place.grow(bytes) else { return true };
            let Some(look) = self.next_look(bytes, short) else {
                (self.refused, self.short) = (true, Some(short));
                return false;
            };
            tokio::time::sleep_until(look).await;
        }
    }

    /// Until when to wait for so many bytes that are short; nothing if that is over, or would be for nothing.
    fn next_look(&mut self, bytes: usize, short: Short) -> Option<tokio::time::Instant> {
        if self.short.is_some() || self.place.is_too_much(bytes) {
            return None;
        }
        let patience = self.patience.get_or_insert_with(|| ShareWait::begin(self.wait));
        self.place.wait(patience, short)
    }

    async fn grow_memory(&mut self, more: usize) -> bool {
        // A component may have several memories, so growth is added up, not compared.
        let used = self.used.saturating_add(more);
        if used > self.memory {
            self.refused = true;
            return false;
        }
        let grows = self.find_room(more).await;
        if grows {
            debug_assert!(
                used >= self.used && used <= self.memory,
                "linear memory never shrinks, nor passes its bound"
            );
            self.used = used;
        }
        grows
    }

    async fn grow_tables(&mut self, more: usize) -> bool {
        let elements = self.elements.saturating_add(more);
        if elements > TABLE_ELEMENTS {
            self.refused = true;
            return false;
        }
        let grows = self.find_room(more.saturating_mul(ELEMENT)).await;
        if grows {
            debug_assert!(elements <= TABLE_ELEMENTS, "tables do not pass their bound");
            self.elements = elements;
        }
        grows
    }
}

/// The engine's own trait, which is written with `async-trait`: these are the signatures that it makes.
impl ResourceLimiterAsync for Limiter {
    fn memory_growing<'life, 'growing>(
        &'life mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Growing<'growing>
    where
        'life: 'growing,
        Self: 'growing,
    {
        Box::pin(async move { Ok(self.grow_memory(desired.saturating_sub(current)).await) })
    }

    fn table_growing<'life, 'growing>(
        &'life mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Growing<'growing>
    where
        'life: 'growing,
        Self: 'growing,
    {
        Box::pin(async move { Ok(self.grow_tables(desired.saturating_sub(current)).await) })
    }

    fn instances(&self) -> usize {
        100
    }

    fn tables(&self) -> usize {
        50
    }

    fn memories(&self) -> usize {
        4
    }
}
