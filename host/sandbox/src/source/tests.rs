use super::*;
use std::collections::BTreeSet;

#[test]
fn every_binding_has_a_name_of_its_own_that_says_its_file() {
    let named = |name: &str| PluginSource::Named(name.to_owned());
    let all = |name: &str| PluginSource::All(name.to_owned());
    let of = |tenant: &str, name: &str| PluginSource::Tenant(tenant.to_owned(), name.to_owned());
    let bindings = [
        (named("guard"), WhichBinding::Nth(0), "guard", "guard"),
        (named("guard"), WhichBinding::Nth(1), "guard#2", "guard"),
        (named("guard"), WhichBinding::Nth(9), "guard#10", "guard"),
        (named("guard"), WhichBinding::Named("eu".to_owned()), "guard#eu", "guard"),
        (named("tenants"), WhichBinding::Nth(0), "tenants", "tenants"),
        (all("guard"), WhichBinding::Nth(0), "all/guard", "all/guard"),
        (all("guard#2"), WhichBinding::Nth(0), "all/guard#2", "all/guard#2"),
        (of("acme", "guard"), WhichBinding::Nth(0), "tenants/acme/guard", "tenants/acme/guard"),
        (of("globex", "guard"), WhichBinding::Nth(0), "tenants/globex/guard", "tenants/globex/guard"),
        (of("all", "guard"), WhichBinding::Nth(0), "tenants/all/guard", "tenants/all/guard"),
    ];
    let names: BTreeSet<String> = bindings.iter().map(|(source, nth, _, _)| source.binding(nth)).collect();
    assert_eq!(names.len(), bindings.len());
    for (source, nth, name, file) in &bindings {
        assert_eq!((source.binding(nth).as_str(), file_of(name)), (*name, *file));
        assert_eq!(source.path(Path::new("")), Path::new(&format!("{file}.wasm")));
        assert_eq!(is_tenants_own(name), matches!(source, PluginSource::Tenant(..)), "{name}");
    }
}
