use super::*;
use crate::shares::place::InstancePlace;

#[test]
fn memory_is_bounded_over_all_memories_of_an_instance() {
    let mut limiter = Limiter::new(4 << 16, InstancePlace::of_a_trial());
    assert!(limiter.memory_growing(0, 2 << 16, None).unwrap());
    assert!(limiter.memory_growing(0, 1 << 16, None).unwrap(), "a second memory");
    assert!(!limiter.memory_growing(1 << 16, 3 << 16, None).unwrap());
    assert!(limiter.refused);
    assert_eq!(limiter.used, 3 << 16, "what was refused is not counted");
    assert!(limiter.memory_growing(2 << 16, 3 << 16, None).unwrap());
    assert!(!limiter.memory_growing(usize::MAX - 1, usize::MAX, None).unwrap());
}

#[test]
fn tables_are_bounded_together() {
    let mut limiter = Limiter::new(0, InstancePlace::of_a_trial());
    assert!(limiter.table_growing(0, TABLE_ELEMENTS / 2, None).unwrap());
    assert!(limiter.table_growing(0, TABLE_ELEMENTS / 2, None).unwrap());
    assert!(!limiter.refused);
    assert!(!limiter.table_growing(0, 1, None).unwrap());
    assert!(limiter.refused);
}
