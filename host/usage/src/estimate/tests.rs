use super::*;

#[test]
fn estimates_round_up() {
    assert_eq!([0, 1, 4, 5, 8].map(estimate_tokens), [0, 1, 1, 2, 2]);
    assert_eq!(estimate_tokens(u64::MAX), 1 << 62);
}
