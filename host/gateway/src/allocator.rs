//! The allocator, and what keeps the memory small that it takes from the system.

use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// More than lies on a page with others: freeing it is freeing a page.
const PAGE_OF_ITS_OWN: usize = 1 << 20;

/// Has the system map small pages only: one of 2 MiB for a few bytes doubles what an idle gateway takes, and makes nothing
/// faster that was measured. Where the kernel does not know the request, the gateway takes more.
pub(crate) fn keep_small() {
    let _ = nix::sys::prctl::set_thp_disable(true);
}

/// Has the allocator give back what has been free for a second. It looks for that only when a page is freed, which small
/// requests never do: what compiling plugins took, or a burst, would else be kept for good. To be called now and then.
pub(crate) fn give_back() {
    drop(black_box(Vec::<u8>::with_capacity(PAGE_OF_ITS_OWN)));
}
