//! The memory that a decoder works in, counted out of what all bodies of requests may hold together.

use std::cell::RefCell;
use std::rc::Rc;

use brotli_decompressor::{Allocator, SliceWrapper as _, StandardAlloc};
use weir_net::ByteShare;

/// The memory of one decoder, and whoever takes of it.
#[derive(Debug, Clone)]
pub(super) struct DecodeMemory(Rc<RefCell<Account>>);

#[derive(Debug)]
struct Account {
    share: ByteShare,
    /// What all shares together may come to.
    room: usize,
    taken: usize,
    refused: bool,
}

impl DecodeMemory {
    /// Nothing yet, out of a total that may come to `room` bytes.
    pub(super) fn new(share: ByteShare, room: usize) -> Self {
        Self(Rc::new(RefCell::new(Account { share, room, taken: 0, refused: false })))
    }

    /// Counts so many bytes more; false, and nothing has changed, if there is no room for them.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let account = &mut *self.0.borrow_mut();
        let wanted = account.taken.saturating_add(bytes);
        if account.share.grow_to(wanted, account.room) {
            account.taken = wanted;
        } else {
            account.refused = true;
        }
        account.taken == wanted
    }

    /// Counts so many bytes less.
    pub(super) fn give(&self, bytes: usize) {
        let account = &mut *self.0.borrow_mut();
        account.taken = account.taken.saturating_sub(bytes);
        account.share.shrink_to(account.taken);
    }

    /// Whether there was no room for something that was to be taken.
    pub(super) fn is_refused(&self) -> bool {
        self.0.borrow().refused
    }
}

/// Where a brotli decoder has its memory from. Windows and maps, which may be large, are refused where there is no room for
/// them, of which the decoder makes an error. Tables are not, for it relies on some of them: they are a fraction of a window
/// (RFC 7932 section 3: 256 codes of each kind at the most), and whoever runs it looks at the account behind each step.
impl<T: Clone + Default> Allocator<T> for DecodeMemory {
    type AllocatedMemory = <StandardAlloc as Allocator<T>>::AllocatedMemory;

    fn alloc_cell(&mut self, count: usize) -> Self::AllocatedMemory {
        let has_room = self.take(count.saturating_mul(size_of::<T>()));
        if has_room || size_of::<T>() > 1 { StandardAlloc::default().alloc_cell(count) } else { Default::default() }
    }

    fn free_cell(&mut self, cell: Self::AllocatedMemory) {
        self.give(cell.slice().len().saturating_mul(size_of::<T>()));
    }
}
