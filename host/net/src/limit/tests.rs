use super::ConcurrencyLimit;
use std::sync::Arc;

#[test]
fn one_more_than_the_limit_is_refused_and_not_counted() {
    let limit = Arc::new(ConcurrencyLimit::default());
    let one = limit.enter(1);
    assert!(one.is_some() && limit.enter(1).is_none());
    assert_eq!(limit.inside(), 1);
    drop(one);
    assert_eq!(limit.inside(), 0);
}
