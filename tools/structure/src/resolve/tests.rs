use super::*;
use crate::source::SourceFiles;

/// The arrows of a made-up crate, as `from > to: names`.
fn drawn(files: &[(&str, &str)]) -> Vec<String> {
    let files: SourceFiles = files.iter().map(|(path, text)| (format!("c/src/{path}"), (*text).to_owned())).collect();
    let arrows = arrows(&Crate::read(&files, "c/src/lib.rs"));
    let short = |path: &str| path.trim_start_matches("c/src/").trim_end_matches(".rs").to_owned();
    let drawn = arrows.iter().flat_map(|(from, targets)| {
        let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
        targets.iter().map(move |(to, all)| format!("{} > {}: {}", short(from), short(to), names(all)))
    });
    drawn.collect()
}

#[test]
fn an_import_leads_to_the_file_that_defines() {
    let found = drawn(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; use std::fmt::Debug; fn f(b: B) {}"),
        ("b.rs", "pub struct B;"),
    ]);
    assert_eq!(found, ["a > b: B"]);
}

#[test]
fn super_and_self_lead_through_the_tree_of_modules() {
    let found = drawn(&[
        ("lib.rs", "mod a; pub const ROOT: u8 = 1;"),
        ("a.rs", "pub mod b; mod c; struct Here; use self::c::C;"),
        ("a/b.rs", "use super::{Here, c::C}; use super::super::ROOT;"),
        ("a/c/mod.rs", "pub struct C;"),
    ]);
    assert_eq!(found, ["a > a/c/mod: C", "a/b > a: Here", "a/b > a/c/mod: C", "a/b > lib: ROOT"]);
}

#[test]
fn a_path_in_code_counts_like_an_import() {
    let found = drawn(&[
        ("lib.rs", "mod a; mod b; mod d; fn main() { b::run() }"),
        ("a.rs", "fn f() { crate::b::run(); Vec::new(); T::of() }"),
        ("b.rs", "use crate::d; pub fn run() { d::Deep::new(d::deep) }"),
        ("d.rs", "pub struct Deep; pub fn deep() {}"),
    ]);
    assert_eq!(found, ["a > b: run", "b > d: Deep deep", "lib > b: run"]);
}

#[test]
fn what_is_handed_on_is_of_the_file_that_defines_it() {
    let found = drawn(&[
        ("lib.rs", "mod a; mod face; pub use face::Inner;"),
        ("a.rs", "use crate::Inner; use crate::face::Renamed;"),
        ("face.rs", "mod inner; mod other; pub(crate) use inner::Inner; pub use other::{Other as Renamed};"),
        ("face/inner.rs", "pub struct Inner;"),
        ("face/other.rs", "use super::Inner; pub struct Other(Inner);"),
    ]);
    assert_eq!(found, ["a > face/inner: Inner", "a > face/other: Other", "face/other > face/inner: Inner"]);
}

#[test]
fn a_face_that_uses_what_it_hands_on_has_an_arrow() {
    let found = drawn(&[
        ("lib.rs", "mod inner; pub use inner::{Used, Path, Unused}; fn f(_: Used) { Path::new() }"),
        ("inner.rs", "pub struct Used; pub struct Path; pub struct Unused;"),
    ]);
    assert_eq!(found, ["lib > inner: Path Used"]);
}

#[test]
fn everything_that_is_imported_counts_where_it_is_used() {
    let found = drawn(&[
        ("lib.rs", "mod a; mod b; mod kind;"),
        ("a.rs", "use crate::b::*; use crate::kind::Kind::*; fn f(_: Used) {}"),
        ("b.rs", "pub struct Used; pub struct Unused; mod c; pub use c::Deep;"),
        ("b/c.rs", "pub struct Deep;"),
        ("kind.rs", "pub enum Kind { One }"),
    ]);
    assert_eq!(found, ["a > b: Used", "a > kind: Kind"]);
}

#[test]
fn a_module_and_a_function_of_one_name_are_told_apart() {
    let found = drawn(&[
        ("lib.rs", "mod serve; mod a; pub use serve::serve;"),
        ("a.rs", "use crate::serve; fn f() { serve(serve::Args) }"),
        ("serve.rs", "mod args; pub fn serve() {} pub use args::Args;"),
        ("serve/args.rs", "pub struct Args;"),
    ]);
    assert_eq!(found, ["a > serve: serve", "a > serve/args: Args"]);
}

#[test]
fn other_crates_are_no_files_of_this_one() {
    let found = drawn(&[
        ("lib.rs", "mod http; mod a; use bytes::Bytes;"),
        ("a.rs", "use super::Bytes; use ::http::Uri; fn f() { tokio::spawn() }"),
        ("http.rs", "pub struct Uri;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_a_macro_defines_is_of_the_file_with_the_macro() {
    let found = drawn(&[
        ("lib.rs", "mod a; mod made;"),
        ("a.rs", "use crate::made::Limits;"),
        ("made.rs", "macro_rules! make { () => {} } make! { Limits }"),
    ]);
    assert_eq!(found, ["a > made: Limits"]);
}

#[test]
fn modules_within_a_file_are_of_that_file() {
    let found = drawn(&[
        ("lib.rs", "mod a { pub mod b { use super::super::c::C; } pub mod d; } mod c;"),
        ("a/d.rs", "use super::b; use crate::c::C;"),
        ("c.rs", "pub struct C; use crate::a::b::Made;"),
    ]);
    assert_eq!(found, ["a/d > c: C", "c > lib: Made", "lib > c: C"]);
}

#[test]
fn an_attribute_says_where_a_module_is() {
    let found = drawn(&[
        ("lib.rs", "#[path = \"elsewhere/x.rs\"] mod a; mod b;"),
        ("elsewhere/x.rs", "pub struct A;"),
        ("b.rs", "use crate::a::A;"),
    ]);
    assert_eq!(found, ["b > elsewhere/x: A"]);
}

#[test]
fn imports_that_lead_to_one_another_end() {
    let found = drawn(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub use crate::b::X; use crate::b::*;"),
        ("b.rs", "pub use crate::a::X; pub use crate::a::*; fn f(_: X) {}"),
    ]);
    assert!(found.len() < 3);
}

#[test]
fn imports_of_everything_are_told() {
    let files = [("c/src/lib.rs", "mod a; use crate::a::*; use a::Kind::*;"), ("c/src/a.rs", "pub enum Kind { A }")];
    let files: SourceFiles = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    let found = wildcards(&Crate::read(&files, "c/src/lib.rs"));
    assert_eq!(found, [("c/src/lib.rs".to_owned(), "crate::a::*".to_owned())]);
}
