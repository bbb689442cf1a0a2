use super::*;
use std::collections::BTreeMap;
use weir_sandbox::TenantNames;

const ALL: (usize, usize) = (4_096, 64 << 20);

fn names(count: usize) -> Vec<TenantId> {
    let names = TenantNames::default();
    (0..count).map(|n| names.id(&n.to_string())).collect()
}

/// Queues jobs of a tenant for as long as there is room, so many at the most; answers how many found some.
fn fill(queues: &mut Queues<usize>, turn: ObserveTurn, most: usize) -> usize {
    (0..most)
        .take_while(|n| {
            let room = queues.room(turn.0, turn.1, ALL).is_some();
            if room {
                queues.push(turn, *n, 0);
            }
            room
        })
        .count()
}

#[test]
fn whoever_has_much_waiting_takes_no_room_from_one_who_has_not() {
    let (mut queues, tenants) = (Queues::default(), names(40));
    let hogs: Vec<usize> = tenants[..3].iter().map(|hog| fill(&mut queues, (*hog, Origin::Chain), 10_000)).collect();
    assert_eq!(hogs, [1_536, 768, 49], "half of it, what is left of three quarters, and what is next to nothing");
    for other in &tenants[3..] {
        assert!(fill(&mut queues, (*other, Origin::Chain), 10) == 10, "{other:?}");
    }
}

#[test]
fn all_that_waits_is_bounded() {
    let (mut queues, tenants) = (Queues::default(), names(1_000));
    let mut waiting = 0;
    for origin in [Origin::Dropped, Origin::Chain] {
        waiting += tenants.iter().map(|tenant| fill(&mut queues, (*tenant, origin), 10_000)).sum::<usize>();
    }
    assert_eq!(waiting, 4_096);
}

#[test]
fn bytes_are_bounded_like_numbers() {
    let (mut queues, tenants) = (Queues::default(), names(2));
    assert_eq!(queues.room(tenants[0], Origin::Chain, ALL), Some(48 << 20));
    assert_eq!(queues.room(tenants[0], Origin::Dropped, ALL), Some(16 << 20));
    queues.push((tenants[0], Origin::Chain), 0, 1 << 20);
    assert_eq!(queues.room(tenants[0], Origin::Chain, ALL), Some(36 << 20), "the last quarter is for others");
    assert_eq!(queues.room(tenants[1], Origin::Chain, ALL), Some(48 << 20));
    queues.push((tenants[0], Origin::Chain), 0, 23 << 20);
    assert_eq!(queues.room(tenants[0], Origin::Chain, ALL), None);
    assert_eq!(queues.room(tenants[0], Origin::Dropped, ALL), Some(16 << 20), "another room");
    while queues.next().is_some() {
        queues.end((tenants[0], Origin::Chain));
    }
    assert_eq!(queues.room(tenants[0], Origin::Chain, ALL), Some(48 << 20));
}

#[test]
fn tenants_take_turns_and_one_request_of_each_runs_at_a_time() {
    let (mut queues, tenants) = (Queues::default(), names(3));
    fill(&mut queues, (tenants[0], Origin::Chain), 100);
    fill(&mut queues, (tenants[1], Origin::Chain), 2);
    fill(&mut queues, (tenants[2], Origin::Chain), 1);
    let turns: Vec<TenantId> = std::iter::from_fn(|| queues.next()).map(|((tenant, _), _)| tenant).collect();
    assert_eq!(turns, tenants, "the next of the first has to wait for it");
    assert!(!queues.has_next());
    queues.end((tenants[1], Origin::Chain));
    assert_eq!(queues.next(), Some(((tenants[1], Origin::Chain), 1)), "in the order in which they came");
    let mut seen: BTreeMap<TenantId, usize> = BTreeMap::new();
    queues.end((tenants[0], Origin::Chain));
    queues.end((tenants[1], Origin::Chain));
    queues.end((tenants[2], Origin::Chain));
    while let Some((turn, _)) = queues.next() {
        *seen.entry(turn.0).or_default() += 1;
        queues.end(turn);
    }
    assert_eq!(seen, [(tenants[0], 99)].into());
    assert!(queues.is_idle());
}

#[test]
fn observers_of_the_chain_come_before_dropped_ones_and_find_a_runner_whatever_these_do() {
    let (mut queues, tenants) = (Queues::default(), names(100));
    for tenant in &tenants {
        fill(&mut queues, (*tenant, Origin::Dropped), 2);
    }
    fill(&mut queues, (tenants[99], Origin::Chain), 1);
    assert_eq!(queues.next().unwrap().0, (tenants[99], Origin::Chain));
    let busy: Vec<ObserveTurn> = std::iter::from_fn(|| queues.next()).map(|(turn, _)| turn).collect();
    assert_eq!(busy.len(), DROPPED_AT_ONCE);
    fill(&mut queues, (tenants[0], Origin::Chain), 1);
    assert_eq!(queues.next().unwrap().0, (tenants[0], Origin::Chain), "though a dropped one of that tenant is at work");
    assert!(!queues.has_next());
    queues.end(busy[0]);
    assert_eq!(queues.next().unwrap().0, (tenants[DROPPED_AT_ONCE], Origin::Dropped));
}

#[test]
fn tenants_of_whom_nothing_waits_are_forgotten() {
    let (mut queues, tenants) = (Queues::default(), names(10));
    tenants.iter().for_each(|tenant| queues.push((*tenant, Origin::Chain), 0, 0));
    let (first, _) = queues.next().unwrap();
    queues.tidy();
    assert_eq!(queues.chain.by_tenant.len(), 10);
    queues.end(first);
    queues.tidy();
    assert_eq!(queues.chain.by_tenant.len(), 9);
}
