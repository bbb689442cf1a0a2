use super::*;
use crate::bounds::instances::place::InstancePlace;
use futures_util::FutureExt;

/// What the engine is told where there is nothing to wait for.
fn told(growing: Growing<'_>) -> bool {
    growing.now_or_never().unwrap().unwrap()
}

#[test]
fn memory_is_bounded_over_all_memories_of_an_instance() {
    let mut limiter = Limiter::new(4 << 16, InstancePlace::of_a_trial());
    assert!(told(limiter.memory_growing(0, 2 << 16, None)));
    assert!(told(limiter.memory_growing(0, 1 << 16, None)), "a second memory");
    assert!(!told(limiter.memory_growing(1 << 16, 3 << 16, None)));
    assert!(limiter.refused);
    assert_eq!(limiter.used, 3 << 16, "what was refused is not counted");
    assert!(told(limiter.memory_growing(2 << 16, 3 << 16, None)));
    assert!(!told(limiter.memory_growing(usize::MAX - 1, usize::MAX, None)));
}

#[test]
fn tables_are_bounded_together() {
    let mut limiter = Limiter::new(0, InstancePlace::of_a_trial());
    assert!(told(limiter.table_growing(0, TABLE_ELEMENTS / 2, None)));
    assert!(told(limiter.table_growing(0, TABLE_ELEMENTS / 2, None)));
    assert!(!limiter.refused);
    assert!(!told(limiter.table_growing(0, 1, None)));
    assert!(limiter.refused);
}
