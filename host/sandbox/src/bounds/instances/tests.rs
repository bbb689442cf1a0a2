use super::place::InstancePlace;
use super::wait::ShareWait;
use super::*;
use crate::tenant::TenantNames;
use std::time::Duration;

const MIB: usize = 1 << 20;

fn shares(instances: usize, tenant_instances: usize, tenant_reserve: usize) -> (Arc<Shares>, TenantNames) {
    let shares = Shares::new(10_000, 1 << 30);
    let rules = PluginShares { instances, tenant_instances, tenant_reserve, ..PluginShares::default() };
    shares.set(&PluginShares { tenant_memory: MIB, ..rules });
    (shares, TenantNames::default())
}

/// Places enough, and of memory so many MiB for all, for each tenant, and for those who have little.
fn of_memory(all: usize, tenant: usize, reserve: usize) -> (Arc<Shares>, TenantNames) {
    let shares = Shares::new(10_000, 1 << 30);
    let memory = (Some(all * MIB), tenant * MIB, reserve * MIB);
    let (memory, tenant_memory, tenant_memory_reserve) = memory;
    shares.set(&PluginShares { memory, tenant_memory, tenant_memory_reserve, ..PluginShares::default() });
    (shares, TenantNames::default())
}

/// So many MiB more for an instance.
fn grow(place: &mut InstancePlace, mib: usize) -> Result<(), Short> {
    place.grow(mib * MIB)
}

/// Takes as many places as there are, for pools with so many already.
fn all_of(account: &Arc<TenantShare>, there: usize) -> (Vec<InstancePlace>, Short) {
    let mut places = Vec::new();
    loop {
        match account.take((1, 0), there) {
            Ok(place) => places.push(place),
            Err(short) => return (places, short),
        }
    }
}

#[test]
fn a_tenant_at_its_ceiling_is_short_itself_and_nobody_else_is() {
    let (shares, names) = shares(100, 20, 5);
    let (hog, other) = (shares.account(names.id("hog")), shares.account(names.id("other")));
    let (held, short) = all_of(&hog, 0);
    assert_eq!((held.len(), short), (20, Short::Tenant(names.id("hog"))));
    assert_eq!(all_of(&other, 0).0.len(), 20);
    drop(held);
    assert_eq!(all_of(&hog, 0).0.len(), 20);
}

#[test]
fn a_pool_with_next_to_nothing_gets_a_place_when_another_of_its_tenant_has_taken_what_it_may() {
    let (shares, names) = shares(100, 20, 5);
    let hog = shares.account(names.id("hog"));
    let (held, short) = all_of(&hog, FEW);
    assert_eq!((held.len(), short), (15, Short::Tenant(names.id("hog"))));
    assert!(hog.take((1, 0), 0).is_ok() && hog.take((1, 0), FEW - 1).is_ok());
}

#[test]
fn the_last_quarter_is_for_those_with_no_more_than_their_reserve() {
    let (shares, names) = shares(100, 40, 5);
    let (one, two) = (shares.account(names.id("one")), shares.account(names.id("two")));
    let held = [all_of(&one, 0), all_of(&two, 0)];
    assert_eq!(held.each_ref().map(|(held, _)| held.len()), [40, 35], "as many as three quarters of all");
    assert_eq!(held[1].1, Short::Most);
    let late = shares.account(names.id("late"));
    let (reserve, short) = all_of(&late, 0);
    assert_eq!((reserve.len(), short), (5, Short::Most));
    assert_eq!(shares.figures().0, 80);
    let others: Vec<_> = (0..4).map(|n| all_of(&shares.account(names.id(&n.to_string())), 0)).collect();
    assert_eq!((others[3].0.len(), shares.figures().0), (5, 100));
    assert_eq!(shares.account(names.id("last")).take((1, 0), 0).unwrap_err(), Short::All);
    assert!(one.is_beyond_reserve() && !late.is_beyond_reserve());
}

#[test]
fn memory_has_a_ceiling_for_each_tenant_and_comes_back_with_the_instance() {
    let (shares, names) = shares(100, 40, 5);
    let (one, two) = (shares.account(names.id("one")), shares.account(names.id("two")));
    let mut first = one.take((1, 0), 0).unwrap();
    let short = Err(Short::Tenant(names.id("one")));
    assert_eq!((first.grow(MIB), first.grow(1)), (Ok(()), short));
    assert_eq!(one.take((1, 0), 0).unwrap().grow(1), short, "all instances of a tenant together");
    assert_eq!(two.take((1, 0), 0).unwrap().grow(MIB), Ok(()));
    drop(first);
    assert_eq!(one.take((1, 0), 0).unwrap().grow(MIB), Ok(()));
    assert_eq!(shares.figures(), (0, 100, 0));
    assert_eq!(one.take((1, 0), 0).unwrap().grow(usize::MAX), short);
    let mut trial = InstancePlace::of_a_trial();
    assert_eq!((trial.grow(MIB), trial.grow(usize::MAX), trial.bytes()), (Ok(()), Ok(()), usize::MAX));
}

#[test]
fn what_an_instance_begins_with_is_waited_for_like_a_place_and_counts_once() {
    let (shares, names) = of_memory(100, 8, 8);
    let one = shares.account(names.id("one"));
    let mut first = one.take((1, 6 * MIB), 0).unwrap();
    assert_eq!(one.take((1, 3 * MIB), 0).unwrap_err(), Short::Tenant(names.id("one")));
    assert_eq!((shares.figures().0, shares.figures().2), (1, 6 * MIB), "what was not had is given back whole");
    assert_eq!((grow(&mut first, 4), shares.figures().2), (Ok(()), 6 * MIB));
    assert_eq!((grow(&mut first, 3), shares.figures().2), (Ok(()), 7 * MIB), "two of them were ahead");
    assert!(grow(&mut first, 2).is_err());
    drop(first);
    assert_eq!((shares.figures().0, shares.figures().2), (0, 0));
}

#[test]
fn the_last_quarter_of_all_memory_is_for_those_who_have_little() {
    let (shares, names) = of_memory(100, 60, 5);
    let [one, two, late] = ["one", "two", "late"].map(|name| shares.account(names.id(name)));
    let mut held = [&one, &two, &late].map(|account| account.take((1, 0), 0).unwrap());
    let [first, second, third] = &mut held;
    assert_eq!((grow(first, 60), grow(second, 15)), (Ok(()), Ok(())), "three quarters of all");
    assert_eq!((grow(second, 1), grow(third, 6)), (Err(Short::Most), Err(Short::Most)), "at once is no way around it");
    assert_eq!((grow(third, 5), grow(third, 1)), (Ok(()), Err(Short::Most)));
    assert!(one.is_beyond_reserve() && two.is_beyond_reserve() && !late.is_beyond_reserve());
    let fifth = |n: usize| shares.account(names.id(&n.to_string())).take((1, 5 * MIB), 0);
    let others: Vec<_> = (0..4).map(|n| fifth(n).unwrap()).collect();
    assert_eq!((shares.figures().2, fifth(9).unwrap_err()), (100 * MIB, Short::All));
    drop((others, held));
    assert_eq!(shares.figures().2, 0);
}

#[test]
fn idle_instances_are_wanted_before_all_memory_is_taken() {
    let (shares, names) = of_memory(160, 160, 160);
    let one = shares.account(names.id("one"));
    let mut held = one.take((1, 0), 0).unwrap();
    assert_eq!((grow(&mut held, 120), shares.wanted()), (Ok(()), [0, 0]));
    assert_eq!((grow(&mut held, 20), shares.wanted()), (Ok(()), [1, 0]));
    assert_eq!((grow(&mut held, 20), shares.wanted()), (Ok(()), [1, 1]));
}

#[test]
fn where_the_configuration_says_nothing_the_machine_does() {
    let shares = Shares::new(10, 3 * MIB);
    assert_eq!(shares.memory(), 3 * MIB);
    shares.set(&PluginShares { memory: Some(MIB), ..PluginShares::default() });
    assert_eq!(shares.memory(), MIB);
}

#[test]
fn there_are_never_more_than_the_engine_has_room_for() {
    let shares = Shares::new(10, 1 << 30);
    shares.set(&PluginShares { instances: 1_000, tenant_instances: 1_000, ..PluginShares::default() });
    let account = shares.account(TenantNames::default().id("one"));
    assert_eq!(all_of(&account, 0).0.len(), 10);
    assert_eq!(shares.figures().1, 10);
}

#[test]
fn accounts_of_tenants_who_are_gone_are_forgotten() {
    let (shares, names) = shares(100, 40, 5);
    for n in 0..1_000 {
        drop(shares.account(names.id(&n.to_string())));
    }
    assert!(shares.accounts.lock().unwrap().len() < 100);
}

#[test]
fn what_is_made_of_much_takes_several_places() {
    let (shares, names) = shares(100, 20, 5);
    let one = shares.account(names.id("one"));
    let held = [one.take((7, 0), 0).unwrap(), one.take((7, 0), 0).unwrap()];
    assert_eq!(one.take((7, 0), 0).unwrap_err(), Short::Tenant(names.id("one")));
    assert!(one.take((6, 0), 0).is_ok());
    drop(held);
    assert_eq!(shares.figures().0, 0);
}

#[test]
fn nobody_is_refused_while_a_worker_that_may_have_idle_instances_has_not_answered() {
    let (shares, names) = shares(100, 20, 5);
    let one = shares.account(names.id("one"));
    for short in [Short::Tenant(names.id("one")), Short::Most, Short::All] {
        let workers = [shares.answer(), shares.answer()];
        let mut patience = ShareWait::begin(Duration::ZERO);
        let mut is_waiting = || patience.next(&one, Some(short)).is_some();
        assert!(is_waiting() && is_waiting());
        workers[0].give(shares.asked(), true);
        assert!(is_waiting(), "one of them has not answered");
        one.gave_up(1);
        workers.iter().for_each(|worker| worker.give(shares.asked(), true));
        assert!(is_waiting(), "something was given up, and there may be more");
        workers.iter().for_each(|worker| worker.give(shares.asked(), true));
        assert!(!is_waiting(), "there is no more");
    }
    let mut patience = ShareWait::begin(Duration::ZERO);
    assert!(patience.next(&one, Some(Short::All)).is_none(), "where no worker is, none is waited for");
    assert!(patience.next(&one, None).is_none(), "nor for a bound that idle instances have nothing to do with");
    assert!(ShareWait::begin(Duration::from_secs(60)).next(&one, Some(Short::All)).is_some(), "calls may end");
}

#[test]
fn what_others_give_up_is_nothing_for_one_who_is_short_itself() {
    let (shares, names) = shares(100, 20, 5);
    let [one, two] = ["one", "two"].map(|name| shares.account(names.id(name)));
    let worker = shares.answer();
    let mut patience = ShareWait::begin(Duration::ZERO);
    let mut is_waiting = || patience.next(&one, Some(Short::Tenant(names.id("one")))).is_some();
    assert!(is_waiting());
    two.gave_up(1);
    // Nor is what is left to others for a moment.
    worker.give(shares.asked(), false);
    assert!(!is_waiting());
    let mut patience = ShareWait::begin(Duration::ZERO);
    let mut is_waiting = || patience.next(&one, Some(Short::All)).is_some();
    assert!(is_waiting());
    worker.give(shares.asked(), false);
    assert!(is_waiting(), "there is something for one who waits for what all have");
}

#[test]
fn what_is_too_much_with_nobody_else_there_is_not_waited_for() {
    let (shares, names) = of_memory(100, 90, 5);
    let [one, two] = ["one", "two"].map(|name| shares.account(names.id(name)));
    let mut held = one.take((1, 5 * MIB), 0).unwrap();
    let _others = two.take((1, 70 * MIB), 0).unwrap();
    assert!(grow(&mut held, 75).is_err() && grow(&mut held, 76).is_err());
    assert!(!held.is_too_much(75 * MIB) && held.is_too_much(76 * MIB), "three quarters of all, five of them ahead");
    assert!(held.is_too_much(usize::MAX) && !InstancePlace::of_a_trial().is_too_much(usize::MAX));
    let (shares, names) = of_memory(100, 20, 100);
    let held = shares.account(names.id("one")).take((1, 0), 0).unwrap();
    assert!(!held.is_too_much(20 * MIB) && held.is_too_much(20 * MIB + 1), "the tenant's own");
}

#[test]
fn it_is_crowded_beyond_half_of_a_tenants_memory_and_beyond_half_of_all() {
    let (shares, names) = of_memory(100, 40, 40);
    let [one, two, three] = ["one", "two", "three"].map(|name| shares.account(names.id(name)));
    let first = one.take((1, 20 * MIB), 0).unwrap();
    assert!(!one.is_crowded());
    let second = one.take((1, MIB), 0).unwrap();
    assert!(one.is_crowded() && !two.is_crowded(), "its own");
    let third = two.take((1, 30 * MIB), 0).unwrap();
    assert!(three.is_crowded(), "all");
    drop((first, second, third));
    assert!(!one.is_crowded() && !three.is_crowded());
}
