use super::*;

const TABLE: &str = "
| rank | crate | what | may name, of the others |
|---|---|---|---|
| 0 | `host/http` | heads | none |
| 0 | `host/config`, `host/series` | more | none |
| 1 | `host/dialect` | codecs | `http` |
| 4 | `host/gateway` | all | all of `host` |
";

fn package(folder: &str, needs: &[(&str, bool)]) -> Package {
    let name = |folder: &str| format!("weir-{}", folder.trim_start_matches("host/"));
    let needs = needs.iter().map(|(folder, is_real)| (name(folder), *is_real)).collect();
    Package { folder: folder.to_owned(), name: name(folder), needs }
}

/// The faults of a workspace in which one crate names others.
fn of(folder: &str, needs: &[(&str, bool)]) -> Vec<String> {
    let all = ["host/http", "host/config", "host/series", "host/dialect", "host/gateway"];
    let mut packages: Vec<Package> =
        all.iter().filter(|other| **other != folder).map(|other| package(other, &[])).collect();
    packages.push(package(folder, needs));
    faults(TABLE, &packages)
}

#[test]
fn crates_of_a_lower_rank_may_be_named() {
    assert!(of("host/dialect", &[("host/http", true)]).is_empty());
    assert!(of("host/gateway", &[("host/http", true), ("host/dialect", true)]).is_empty());
}

#[test]
fn crates_of_the_same_or_a_higher_rank_may_not_be_by_tests_either() {
    let same = of("host/http", &[("host/config", true)]);
    assert_eq!(same, ["host/http (rank 0) names host/config (rank 0)"]);
    let higher = of("host/http", &[("host/dialect", false)]);
    assert_eq!(higher, ["host/http (rank 0) names host/dialect (rank 1)"]);
}

#[test]
fn only_what_the_row_says_may_be_named_but_for_tests() {
    assert_eq!(of("host/dialect", &[("host/config", true)]).len(), 1);
    assert!(of("host/dialect", &[("host/config", false)]).is_empty());
}

#[test]
fn the_table_and_the_members_are_the_same() {
    let packages = [package("host/http", &[]), package("host/new", &[])];
    let found = faults(TABLE, &packages);
    assert!(found.iter().any(|fault| fault.starts_with("host/new: the table")));
    assert!(found.iter().any(|fault| fault.starts_with("host/dialect: stands in the table")));
    assert_eq!(found.len(), 5);
}
