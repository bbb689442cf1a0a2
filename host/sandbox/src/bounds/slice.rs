//! How long a guest goes on before it gives way.

use std::time::Duration;

/// Instructions after which a guest gives way: some 50 µs, and a millisecond or two if every one misses the caches.
const SLICE: u64 = 50_000;
/// The same where memory may be new, in the first calls of an instance and after it has grown: a page that is written to for
/// the first time is the kernel's work, as much as some hundred instructions.
pub(crate) const FIRST_SLICE: u64 = 10_000;
/// So long a guest may keep its thread in one host call before it has to give way: as long as in code of its own.
pub(crate) const LONG: Duration = Duration::from_micros(500);
/// Calls in which memory is taken to be new.
const YOUNG: u8 = 4;

/// How long an instance's slices are.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Bytes of memory that it had when a call began last.
    had: usize,
    /// Calls in which its memory is still taken to be new.
    young: u8,
    slice: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { had: 0, young: YOUNG, slice: FIRST_SLICE }
    }
}

impl Pace {
    /// A call begins, with so much memory: the length of its slices, if it is another than before.
    pub(crate) fn next(&mut self, has: usize) -> Option<u64> {
        if std::mem::replace(&mut self.had, has) != has {
            self.young = YOUNG;
        }
        let slice = if self.young > 0 { FIRST_SLICE } else { SLICE };
        self.young = self.young.saturating_sub(1);
        (std::mem::replace(&mut self.slice, slice) != slice).then_some(slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_short_while_memory_is_new_and_when_it_has_grown() {
        let mut pace = Pace::default();
        let slices: Vec<_> =
            [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2].map(|has| pace.next(has)).into_iter().flatten().collect();
        assert_eq!(slices, [SLICE, FIRST_SLICE, SLICE]);
        assert_eq!(Pace::default().next(0), None, "it begins with short ones");
    }
}
