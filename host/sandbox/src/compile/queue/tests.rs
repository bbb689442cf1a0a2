use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn of(tenant: &str) -> Owner {
    Some(tenant.into())
}

fn all(queue: &mut Queue<u32>) -> Vec<u32> {
    std::iter::from_fn(|| Some(queue.pop(|_| true)?.1)).collect()
}

#[test]
fn a_tenant_that_has_many_does_not_go_before_one_that_has_one() {
    let mut queue = Queue::default();
    (0..3).for_each(|n| queue.push(of("many"), n));
    queue.push(of("one"), 9);
    let (owner, first) = queue.pop(|_| true).unwrap();
    assert_eq!(first, 0);
    queue.charge(&owner, SECOND);
    assert_eq!(all(&mut queue), [9, 1, 2]);
}

#[test]
fn who_has_taken_least_is_next_however_often_it_came() {
    let mut queue = Queue::default();
    queue.charge(&of("slow"), SECOND * 120);
    queue.charge(&of("quick"), SECOND);
    queue.push(of("slow"), 1);
    queue.push(of("quick"), 2);
    queue.push(of("new"), 3);
    queue.push(None, 4);
    assert_eq!(all(&mut queue), [4, 3, 2, 1], "the operator's is first, who never had any is next");
    queue.rest();
    queue.push(of("quick"), 2);
    queue.push(of("slow"), 1);
    assert_eq!(all(&mut queue), [2, 1]);
}

#[test]
fn who_has_as_many_as_it_may_at_once_is_passed_over_and_keeps_its_turn() {
    let mut queue = Queue::default();
    queue.push(of("busy"), 1);
    queue.push(of("free"), 2);
    let is_free = |owner: &Owner| owner.as_deref() != Some("busy");
    assert_eq!(queue.pop(is_free).unwrap().1, 2);
    assert!(queue.pop(is_free).is_none());
    assert_eq!((queue.len(), queue.pop(|_| true).unwrap().1), (1, 1));
}

#[test]
fn what_is_wanted_no_more_does_not_wait() {
    let mut queue = Queue::default();
    (0..4).for_each(|n| queue.push(of("a"), n));
    queue.retain(|n| n % 2 == 1);
    assert_eq!(all(&mut queue), [1, 3]);
}
