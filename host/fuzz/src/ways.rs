//! The two ways of calling a guest, directly and through the component layer, against each other.

mod calls;
mod guest;
#[path = "../../sandbox/tests/ways/rewire.rs"]
#[allow(dead_code)] // not all that use this module read a corpus
mod rewire;
mod worlds;

use std::sync::{LazyLock, Mutex, PoisonError};

use rewire::{ALIASES, Change, rewire};
use weir_component::Direct;

use crate::cut::parts;
use calls::CallInput;
use worlds::CompiledGuests;

/// What was compiled so far. One guest serves all inputs that do not wire it in another way.
static GUESTS: LazyLock<Mutex<CompiledGuests>> = LazyLock::new(|| Mutex::new(CompiledGuests::new()));

/// A guest that does what the input says (`guest.rs`) comes to the same answer, leaves the same behind, or faults for the same reason, whichever way
/// it is called: whatever it hands over, wherever it wants its answers, whatever its allocator and what cleans up behind it do.
///
/// The first byte says which guest, and how many changes of its wiring follow; the rest is told apart by two bytes of `0xff`:
/// which hook, what the guest does in it, what it does in the call of `policy` behind it, and a body.
pub fn ways(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let (variant, changes) = (usize::from(first % 4), usize::from(first >> 2) % 4);
    let (wiring, data) = data.split_at((changes * 2).min(data.len()));
    let plain = guest::component(variant);
    let changes: Vec<Change> = wiring.chunks_exact(2).map(|pair| change(pair[0], pair[1])).collect();
    let component = if changes.is_empty() { plain.to_vec() } else { rewire(plain, &changes) };
    // Where it is called as a component in any case there is one way.
    if let Err(why) = Direct::of(&component) {
        assert!(!changes.is_empty(), "what tools make is called directly: {why}");
        return;
    }
    let parts = parts(data);
    let input = CallInput::of(&parts);
    let mut guests = GUESTS.lock().unwrap_or_else(PoisonError::into_inner);
    let Some([directly, as_component]) = guests.told(&component, &input) else { return };
    assert_eq!(directly, as_component, "{changes:?}");
}

fn change(kind: u8, value: u8) -> Change {
    let canon = usize::from(value) % 64;
    match kind % 4 {
        0 | 1 => Change::Coding(canon, kind >> 2 & 3),
        2 => Change::Without(canon, 3 + (kind >> 2) % 3),
        _ => {
            let (from, to) = ALIASES[usize::from(value) % ALIASES.len()];
            Change::Alias(from, to)
        }
    }
}
