use super::ByteTotal;
use std::sync::Arc;

#[test]
fn shares_together_are_no_more_than_the_limit() {
    let total = Arc::new(ByteTotal::default());
    let (mut first, mut second) = (total.share(), total.share());
    assert!(first.grow_to(60, 100));
    assert!(!second.grow_to(41, 100));
    assert_eq!(total.held(), 60);
    assert!(second.grow_to(40, 100));
    // What is held already is not asked for again, though the limit has become smaller.
    assert!(first.grow_to(50, 10) && first.grow_to(60, 10));
    assert!(!first.grow_to(61, 10));
    assert_eq!(total.held(), 100);
}

#[test]
fn a_share_that_shrinks_leaves_room_for_others() {
    let total = Arc::new(ByteTotal::default());
    let (mut first, mut second) = (total.share(), total.share());
    assert!(first.grow_to(60, 100) && !second.grow_to(50, 100));
    first.shrink_to(80);
    assert_eq!(total.held(), 60);
    first.shrink_to(50);
    assert!(second.grow_to(50, 100) && !first.grow_to(51, 100));
    drop((first, second));
    assert_eq!(total.held(), 0);
}

#[test]
fn a_share_that_is_dropped_is_given_back() {
    let total = Arc::new(ByteTotal::default());
    let mut share = total.share();
    assert!(share.grow_to(7, 7));
    drop(share);
    assert_eq!(total.held(), 0);
}
