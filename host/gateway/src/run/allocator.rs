//! The allocator, and what keeps the memory small that it takes from the system.

// One call: mimalloc's options are set by a function of C, and by nothing else from within a program.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long};
use std::hint::black_box;

use libmimalloc_sys::mi_option_set_default;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// More than lies on a page with others: freeing it is freeing a page.
const PAGE_OF_ITS_OWN: usize = 1 << 20;

/// Whether the system may map pages of 2 MiB, which the allocator asks for: one of them for a few bytes doubles what an idle
/// gateway takes, and spares a busy one some look-ups of addresses. Where the kernel does not know the request, it may.
pub(crate) fn allow_huge_pages(allowed: bool) {
    let _ = nix::sys::prctl::set_thp_disable(!allowed);
}

/// `mi_option_purge_delay` of `mimalloc.h`, for which the binding has no name.
const PURGE_DELAY: c_int = 15;
/// Milliseconds for which what is free is kept, where it is the allocator's default to keep it for a second: as long as a burst
/// of some requests needs the same again, and no longer. While plugins of every kind come, fail and go, a second of what they
/// took was up to three times what they have.
const KEPT_FREE: c_long = 100;

/// Has the allocator keep what is free for a tenth of a second only, unless `MIMALLOC_PURGE_DELAY` says otherwise. To be called
/// before there is a second thread.
pub(crate) fn keep_little() {
    // SAFETY: mimalloc looks whether there is an option of this number before it touches it, and takes any value. It reads and
    // writes options without a lock, so that nobody else may do so meanwhile: this is called first in the program, by its only
    // thread, and nothing else here sets options.
    unsafe { mi_option_set_default(PURGE_DELAY, KEPT_FREE) }
}

/// Has the allocator give back what has been free for that long. It looks for that only when a page is freed, which small
/// requests never do: what compiling plugins took, or a burst, would else be kept for good. To be called now and then.
pub(crate) fn give_back() {
    drop(black_box(Vec::<u8>::with_capacity(PAGE_OF_ITS_OWN)));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use libmimalloc_sys::mi_option_get;

    /// Set where a test has a process of its own.
    const ALONE: &str = "WEIR_TEST_ALONE";

    #[test]
    fn the_option_that_is_set_is_the_one_that_says_how_long_what_is_free_is_kept() {
        if std::env::var_os(ALONE).is_none() {
            let name =
                "run::allocator::tests::the_option_that_is_set_is_the_one_that_says_how_long_what_is_free_is_kept";
            let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
            alone.env(ALONE, "1").env_remove("MIMALLOC_PURGE_DELAY").args(["--exact", name, "--test-threads", "1"]);
            let said = alone.output().unwrap();
            let text = String::from_utf8_lossy(&said.stdout);
            assert!(
                said.status.success() && text.contains("1 passed"),
                "{text}{}",
                String::from_utf8_lossy(&said.stderr)
            );
            return;
        }
        // SAFETY: as above; the harness waits for this test, and there is no other.
        let value = || unsafe { mi_option_get(PURGE_DELAY) };
        // Its default, by which it is told from others: one that came before it would have moved it.
        assert_eq!(value(), 1_000);
        keep_little();
        assert_eq!(value(), KEPT_FREE);
    }
}
