use super::*;

fn order(choices: &[u32]) -> Routing {
    let choice = |n: &u32| Choice { candidate: *n, overrides: vec![set("/n", &n.to_string())] };
    Routing::Order(choices.iter().map(choice).collect())
}

fn set(pointer: &str, value: &str) -> Assignment {
    Assignment { pointer: pointer.to_owned(), value: value.to_owned() }
}

fn all(count: usize) -> Vec<Routed> {
    (0..count).map(|n| (n, Vec::new())).collect()
}

#[test]
fn a_router_that_keeps_the_order_changes_nothing() {
    assert_eq!(reorder(&all(3), Routing::Keep, 0).unwrap(), all(3));
}

#[test]
fn choices_refer_to_the_list_that_the_router_was_shown_and_overrides_add_up() {
    let first = reorder(&all(4), order(&[3, 1]), 0).unwrap();
    assert_eq!(first.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [3, 1]);
    let second = reorder(&first, order(&[1, 1, 0]), 1).unwrap();
    let expected = [(1, ["1", "1"]), (1, ["1", "1"]), (3, ["3", "0"])];
    for ((index, overrides), (candidate, values)) in second.iter().zip(expected) {
        assert_eq!(*index, candidate);
        assert_eq!(overrides.iter().map(|one| one.set.value.as_str()).collect::<Vec<_>>(), values);
        assert_eq!(overrides.iter().map(|one| one.router).collect::<Vec<_>>(), [0, 1]);
    }
    assert_eq!(second.len(), 3);
}

#[test]
fn what_was_not_offered_nothing_and_too_much_break_the_contract() {
    for routing in [order(&[0, 3]), order(&[u32::MAX]), order(&[]), order(&[0; STEPS + 1])] {
        assert!(matches!(reorder(&all(3), routing, 0), Err(Fault::Answer(_))));
    }
    assert!(reorder(&all(3), order(&[0; STEPS]), 0).is_ok());
    let many: Vec<u32> = (0..100).collect();
    assert!(reorder(&all(100), order(&many), 0).is_ok(), "everything that was offered may be tried");
}
