use super::*;
use crate::lex::trees;

/// Imports as `path` or `path as name`.
fn imports(statement: &str) -> Vec<String> {
    let read = read(&trees(statement), false);
    let text = |import: Import| match import.name {
        Some(name) if import.path.last() == Some(&name) => import.path.join("::"),
        Some(name) => format!("{} as {name}", import.path.join("::")),
        None => format!("{}::*", import.path.join("::")),
    };
    read.into_iter().map(text).collect()
}

#[test]
fn groups_within_groups_become_single_imports() {
    let found = imports("crate::{a::{self, B, c::{D, E as F}}, g};");
    assert_eq!(found, ["crate::a", "crate::a::B", "crate::a::c::D", "crate::a::c::E as F", "crate::g"]);
}

#[test]
fn modules_under_another_name_traits_under_none_and_everything() {
    assert_eq!(imports("super::a::{self as b};"), ["super::a as b"]);
    assert_eq!(imports("super::super::T as _;"), ["super::super::T as _"]);
    assert_eq!(imports("self::a::*;"), ["self::a::*"]);
    assert_eq!(imports("{crate::a, b::{*, C},};"), ["crate::a", "b::*", "b::C"]);
}

#[test]
fn a_path_from_all_crates_is_of_no_module() {
    assert_eq!(imports("::http::Uri;"), ["::http::Uri"]);
}
