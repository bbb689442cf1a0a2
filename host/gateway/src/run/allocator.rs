//! The allocator, and what keeps the memory small that it takes from the system.

use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// More than lies on a page with others: freeing it is freeing a page.
const PAGE_OF_ITS_OWN: usize = 1 << 20;

/// Whether the system may map pages of 2 MiB, which the allocator asks for: one of them for a few bytes doubles what an idle
/// gateway takes, and spares a busy one some look-ups of addresses. Where the kernel does not know the request, it may.
pub(crate) fn allow_huge_pages(allowed: bool) {
    let _ = nix::sys::prctl::set_thp_disable(!allowed);
}

/// Has the allocator give back what has been free for a second. It looks for that only when a page is freed, which small
/// requests never do: what compiling plugins took, or a burst, would else be kept for good. To be called now and then.
pub(crate) fn give_back() {
    drop(black_box(Vec::<u8>::with_capacity(PAGE_OF_ITS_OWN)));
}
