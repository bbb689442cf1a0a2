use super::*;

#[test]
fn bindings_have_quotas_of_their_own_that_outlive_who_asks_for_them() {
    let (quotas, tenants) = (Quotas::default(), crate::tenant::TenantNames::default());
    let (sam, tom) = (tenants.id("sam"), tenants.id("tom"));
    let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "a#2".into());
    let first = quotas.of(&a, sam, false);
    assert!(Arc::ptr_eq(&first.log, &quotas.of(&a, sam, false).log));
    assert!(!Arc::ptr_eq(&first.log, &quotas.of(&b, sam, false).log));
    assert!(!Arc::ptr_eq(&first.log, &quotas.of(&a, tom, false).log));
    let own = |tenant| quotas.of(&"tenants/x/a".into(), tenant, true).folder.unwrap();
    let other = quotas.of(&"tenants/x/b".into(), sam, true).folder.unwrap();
    assert!(first.folder.is_none() && Arc::ptr_eq(&own(sam), &other) && !Arc::ptr_eq(&own(sam), &own(tom)));
}
