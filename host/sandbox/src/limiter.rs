//! Bounds what one instance may allocate.

use crate::shares::Short;
use crate::shares::place::InstancePlace;
use wasmtime::ResourceLimiter;

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
}

impl Limiter {
    pub(crate) fn new(memory: usize, place: InstancePlace) -> Self {
        Self { memory, elements: 0, used: 0, refused: false, short: None, place }
    }

    /// A call begins, in which there may be so many bytes of linear memory.
    pub(crate) fn begin(&mut self, memory: usize) {
        (self.memory, self.refused, self.short) = (memory, false, None);
    }

    /// The most bytes of linear memory that there may be.
    pub(crate) fn most(&self) -> usize {
        self.memory
    }

    /// Bytes that the instance has, tables included.
    pub(crate) fn has(&self) -> usize {
        self.place.bytes()
    }

    /// Whether there is room among all instances for so many bytes more.
    fn has_room(&mut self, bytes: usize) -> bool {
        let short = self.place.grow(bytes).err();
        if short.is_some() {
            (self.refused, self.short) = (true, short);
        }
        short.is_none()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // A component may have several memories, so growth is added up, not compared.
        let more = desired.saturating_sub(current);
        let used = self.used.saturating_add(more);
        if used > self.memory {
            self.refused = true;
            return Ok(false);
        }
        if !self.has_room(more) {
            return Ok(false);
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let elements = self.elements.saturating_add(more);
        if elements > TABLE_ELEMENTS {
            self.refused = true;
            return Ok(false);
        }
        if !self.has_room(more.saturating_mul(ELEMENT)) {
            return Ok(false);
        }
        self.elements = elements;
        Ok(true)
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
