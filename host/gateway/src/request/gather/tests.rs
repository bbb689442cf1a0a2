#![allow(clippy::unwrap_used)]

use super::{Full, Gathered, UNCOUNTED};
use bytes::Bytes;
use std::sync::Arc;
use weir_net::ByteTotal;

fn piece(len: usize) -> Bytes {
    vec![b'x'; len].into()
}

#[test]
fn the_only_piece_is_not_copied() {
    let total = Arc::new(ByteTotal::default());
    let mut gathered = Gathered::new(100, total.share(), 0);
    let only = piece(100);
    gathered.push(only.clone()).unwrap();
    assert_eq!(gathered.finish().0.as_ptr(), only.as_ptr());
}

#[test]
fn pieces_are_joined_in_order_whatever_their_sizes() {
    let total = Arc::new(ByteTotal::default());
    let mut gathered = Gathered::new(1000, total.share(), 0);
    let text: Vec<u8> = (0..=255).collect();
    let mut rest = &text[..];
    for len in [1, 1, 0, 3, 100, 7, 144] {
        let (piece, behind) = rest.split_at(len);
        gathered.push(Bytes::copy_from_slice(piece)).unwrap();
        rest = behind;
    }
    assert_eq!(gathered.finish().0, text);
}

#[test]
fn what_is_counted_is_at_most_twice_of_what_has_come() {
    let total = Arc::new(ByteTotal::default());
    let mut gathered = Gathered::new(9 << 20, total.share(), usize::MAX);
    for come in 1..=9 * 64 {
        gathered.push(piece(16 << 10)).unwrap();
        assert!(total.held() <= 2 * come * (16 << 10), "{} of {come} pieces", total.held());
    }
    let (whole, share) = gathered.finish();
    assert_eq!(whole.len(), 9 << 20);
    assert!(total.held() >= whole.len());
    drop(share);
    assert_eq!(total.held(), 0);
}

#[test]
fn a_whole_that_is_too_long_is_refused_before_it_is_held() {
    let total = Arc::new(ByteTotal::default());
    let mut gathered = Gathered::new(UNCOUNTED * 4, total.share(), usize::MAX);
    assert_eq!(gathered.push(piece(UNCOUNTED * 4 + 1)), Err(Full::TooLong));
    gathered.push(piece(UNCOUNTED * 3)).unwrap();
    assert_eq!(gathered.push(piece(UNCOUNTED + 1)), Err(Full::TooLong));
    assert_eq!(total.held(), UNCOUNTED * 3);
}

#[test]
fn without_room_only_what_is_not_counted_is_taken() {
    let total = Arc::new(ByteTotal::default());
    let mut other = total.share();
    assert!(other.grow_to(1000, 1000));
    let mut gathered = Gathered::new(1 << 20, total.share(), 1000);
    gathered.push(piece(UNCOUNTED / 2)).unwrap();
    gathered.push(piece(UNCOUNTED / 2)).unwrap();
    assert_eq!(gathered.push(piece(1)), Err(Full::NoRoom));
    assert_eq!(total.held(), 1000);
}

#[test]
fn where_twice_of_it_has_no_room_a_little_more_may_have() {
    let total = Arc::new(ByteTotal::default());
    let mut gathered = Gathered::new(10 << 20, total.share(), 1 << 20);
    for _ in 0..56 {
        gathered.push(piece(UNCOUNTED)).unwrap();
    }
    assert!(total.held() <= 1 << 20);
    assert_eq!((0..100).find_map(|_| gathered.push(piece(UNCOUNTED)).err()), Some(Full::NoRoom));
}

#[test]
fn what_was_announced_is_enough_and_what_comes_beyond_it_has_room_too() {
    let total = Arc::new(ByteTotal::default());
    let mut gathered = Gathered::new(10 << 20, total.share(), usize::MAX).announced(5 * UNCOUNTED);
    for _ in 0..5 {
        gathered.push(piece(UNCOUNTED)).unwrap();
    }
    assert_eq!(total.held(), 5 * UNCOUNTED);
    gathered.push(piece(UNCOUNTED)).unwrap();
    assert_eq!(gathered.finish().0.len(), 6 * UNCOUNTED);
}
