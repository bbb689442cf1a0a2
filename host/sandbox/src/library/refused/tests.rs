use super::*;
use crate::which::WhichBinding;

fn digest(n: u32) -> Hash {
    blake3::hash(&n.to_le_bytes())
}

fn at(source: PluginSource) -> FilePlace {
    (source, WhichBinding::FIRST)
}

fn named(name: &str) -> FilePlace {
    at(PluginSource::Named(name.to_owned()))
}

fn tenants(tenant: &str, name: &str) -> FilePlace {
    at(PluginSource::Tenant(tenant.to_owned(), name.to_owned()))
}

#[test]
fn every_version_that_was_rolled_back_is_remembered_and_not_the_last_one_alone() {
    let mut refused = RefusedVersions::default();
    (0..5).for_each(|n| refused.remember(&named("a"), digest(n), format!("why {n}"), 64));
    for n in 0..5 {
        assert_eq!(refused.why(&named("a"), digest(n)), Some(format!("why {n}").as_str()));
    }
    assert_eq!(refused.why(&named("a"), digest(5)), None);
    assert_eq!(refused.why(&named("b"), digest(1)), None, "another place has trials of its own");
    assert_eq!(
        refused.why(&(PluginSource::Named("a".to_owned()), WhichBinding::Nth(1)), digest(1)),
        None,
        "and so has another binding"
    );
}

#[test]
fn the_oldest_are_forgotten_first_and_nobodys_folder_makes_anybody_elses_forgotten() {
    let mut refused = RefusedVersions::default();
    let (chained, alls) = (named("guard"), at(PluginSource::All("guard".to_owned())));
    for place in [&chained, &alls, &tenants("globex", "guard")] {
        refused.remember(place, digest(1), "bad".to_owned(), 3);
    }
    (0..100).for_each(|n| refused.remember(&tenants("acme", "a"), digest(n), "bad".to_owned(), 3));
    let kept: Vec<u32> = (0..100).filter(|n| refused.why(&tenants("acme", "a"), digest(*n)).is_some()).collect();
    assert_eq!(kept, [97, 98, 99]);
    for place in [&chained, &alls, &tenants("globex", "guard")] {
        assert!(refused.why(place, digest(1)).is_some(), "{place:?}");
    }
}

#[test]
fn a_version_takes_one_place_however_often_it_is_refused_and_none_once_it_is_wanted() {
    let mut refused = RefusedVersions::default();
    refused.remember(&named("a"), digest(0), "first".to_owned(), 2);
    (0..10).for_each(|_| refused.remember(&named("a"), digest(1), "again".to_owned(), 2));
    assert_eq!(refused.why(&named("a"), digest(0)), Some("first"));
    refused.forget(&named("a"), digest(0));
    assert_eq!(refused.why(&named("a"), digest(0)), None);
    assert_eq!(refused.why(&named("a"), digest(1)), Some("again"));
}

#[test]
fn what_was_found_of_a_tenants_plugins_goes_with_the_tenant() {
    let mut refused = RefusedVersions::default();
    refused.remember(&tenants("acme", "a"), digest(1), "bad".to_owned(), 2);
    refused.remember(&named("a"), digest(1), "bad".to_owned(), 2);
    refused.keep_tenants(|tenant| tenant == "globex");
    assert_eq!(refused.why(&tenants("acme", "a"), digest(1)), None);
    assert!(refused.why(&named("a"), digest(1)).is_some());
}
