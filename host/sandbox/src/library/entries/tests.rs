use super::*;
use weir_config::{Overrides, parse};

/// A chain of these entries: file, and further keys of it.
fn chain(entries: &[(&str, &str)]) -> Vec<Binding> {
    let chain: String =
        entries.iter().map(|(file, more)| format!("[[plugins.chain]]\nplugin = \"{file}\"\n{more}\n")).collect();
    let text = format!(
        "[providers.p]\nkind = \"demo\"\n[models.m]\ntargets = [\"p/m\"]\n[tenants.a]\nmodels = [\"*\"]\n[tenants.b]\n\
         models = [\"*\"]\n{chain}"
    );
    parse(&text, std::path::Path::new("/weir.toml"), &|_| None, &Overrides::default()).unwrap().config.plugins.chain
}

fn tell(entries: &mut Entries, now: &[(&str, &str)]) -> Vec<String> {
    entries.tell(&chain(now)).iter().map(WhichBinding::to_string).collect()
}

const X: (&str, &str) = ("guard", "config = { deny = \"x\" }");
const Y: (&str, &str) = ("guard", "config = { deny = \"y\" }");
const Z: (&str, &str) = ("guard", "config = { deny = \"z\" }");

#[test]
fn entries_that_change_places_stay_what_they_are() {
    let mut entries = Entries::default();
    assert_eq!(tell(&mut entries, &[X, ("other", ""), Y, Z]), ["", "", "#2", "#3"]);
    assert_eq!(tell(&mut entries, &[Z, Y, ("other", ""), X]), ["#3", "#2", "", ""]);
    assert_eq!(tell(&mut entries, &[Y, Z]), ["#2", "#3"], "whatever stood before them");
    assert_eq!(tell(&mut entries, &[Z, X, Y]), ["#3", "", "#2"], "one that comes back is the one that it was");
}

#[test]
fn no_entry_is_given_what_another_one_kept() {
    let mut entries = Entries::default();
    assert_eq!(tell(&mut entries, &[X, Y]), ["", "#2"]);
    assert_eq!(tell(&mut entries, &[Y]), ["#2"]);
    assert_eq!(tell(&mut entries, &[Z, Y]), ["#3", "#2"], "not that of the one that is gone");
    // Two that were changed at once, and nothing tells which is which.
    let changed = [("guard", "config = { deny = \"z2\" }"), ("guard", "config = { deny = \"y2\" }")];
    assert_eq!(tell(&mut entries, &changed), ["#4", "#5"]);
}

#[test]
fn an_entry_that_is_changed_is_known_by_what_is_left_of_it() {
    let mut entries = Entries::default();
    let (a, b) = ("tenants = [\"a\"]\nconfig = { n = 1 }", "tenants = [\"b\"]\nconfig = { n = 2 }");
    assert_eq!(tell(&mut entries, &[("guard", a), ("guard", b)]), ["", "#2"]);
    let (a2, b2) = ("tenants = [\"a\"]\nconfig = { n = 3 }", "tenants = [\"b\"]\nconfig = { n = 4 }");
    assert_eq!(tell(&mut entries, &[("guard", b2), ("guard", a2)]), ["#2", ""], "by whom it is for");
    let (a3, b3) = ("config = { n = 3 }\non_failure = \"open\"", "models = [\"m\"]\nconfig = { n = 4 }");
    assert_eq!(tell(&mut entries, &[("guard", b3), ("guard", a3)]), ["#2", ""], "by its settings");
    let changed = ("guard", "tenants = [\"a\"]\nconfig = { n = 9 }");
    assert_eq!(tell(&mut entries, &[changed, ("guard", b3)]), ["", "#2"], "by being the only one that changed");
}

#[test]
fn what_has_a_name_is_told_by_it_alone_and_the_same_twice_by_its_order() {
    let mut entries = Entries::default();
    let named = |more: &'static str| ("guard", more);
    let (one, two) = (named("name = \"one\"\nconfig = { n = 1 }"), named("name = \"two\"\nconfig = { n = 2 }"));
    assert_eq!(tell(&mut entries, &[one, two, X, X]), ["#one", "#two", "", "#2"]);
    let (one, two) = (named("name = \"one\"\nconfig = { n = 2 }"), named("name = \"two\"\nconfig = { n = 1 }"));
    assert_eq!(tell(&mut entries, &[X, two, X, one]), ["", "#two", "#2", "#one"]);
}

#[test]
fn what_is_known_of_entries_that_are_gone_is_bounded() {
    let mut entries = Entries::default();
    for n in 0..200 {
        let more = format!("config = {{ n = {n} }}");
        tell(&mut entries, &[("guard", &more), ("guard", "config = { n = \"stays\" }")]);
        tell(&mut entries, &[("guard", "config = { n = \"stays\" }")]);
    }
    assert_eq!(entries.0["guard"].gone.len(), GONE);
}
