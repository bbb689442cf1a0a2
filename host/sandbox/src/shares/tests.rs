use super::*;
use crate::tenant::TenantNames;

fn shares(instances: usize, tenant_instances: usize, tenant_reserve: usize) -> (Arc<Shares>, TenantNames) {
    let shares = Shares::new(10_000);
    shares.set(&PluginShares { instances, tenant_instances, tenant_reserve, tenant_memory: 1 << 20 });
    (shares, TenantNames::default())
}

/// Takes as many places as there are, for pools with so many already.
fn all_of(account: &Arc<Account>, there: usize) -> (Vec<Place>, Short) {
    let mut places = Vec::new();
    loop {
        match account.take(1, there) {
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
    assert!(hog.take(1, 0).is_ok() && hog.take(1, FEW - 1).is_ok());
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
    assert_eq!(shares.account(names.id("last")).take(1, 0).unwrap_err(), Short::All);
    assert!(one.is_beyond_reserve() && !late.is_beyond_reserve());
}

#[test]
fn memory_has_a_ceiling_for_each_tenant_and_comes_back_with_the_instance() {
    let (shares, names) = shares(100, 40, 5);
    let (one, two) = (shares.account(names.id("one")), shares.account(names.id("two")));
    let mut first = one.take(1, 0).unwrap();
    assert!(first.grow(1 << 20) && !first.grow(1));
    assert!(!one.take(1, 0).unwrap().grow(1), "all instances of a tenant together");
    assert!(two.take(1, 0).unwrap().grow(1 << 20));
    drop(first);
    assert!(one.take(1, 0).unwrap().grow(1 << 20));
    assert_eq!(shares.figures(), (0, 100, 0));
    assert!(!one.take(1, 0).unwrap().grow(usize::MAX));
    assert!(Place::of_a_trial().grow(usize::MAX));
}

#[test]
fn there_are_never_more_than_the_engine_has_room_for() {
    let shares = Shares::new(10);
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
    let held = [one.take(7, 0).unwrap(), one.take(7, 0).unwrap()];
    assert_eq!(one.take(7, 0).unwrap_err(), Short::Tenant(names.id("one")));
    assert!(one.take(6, 0).is_ok());
    drop(held);
    assert_eq!(shares.figures().0, 0);
}
