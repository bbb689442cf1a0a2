use super::*;

fn paths(source: &str) -> Vec<String> {
    read(source).paths.iter().map(|path| path.join("::")).collect()
}

#[test]
fn paths_are_found_wherever_code_is() {
    let source = "
        #[derive(Debug)] #[arg(value_parser = crate::a::parse)]
        struct S<T: crate::b::Bound>(Vec<crate::c::Item>);
        impl<T> super::d::Do for S<T> { fn f(&self) { g!(\"{}\", e::h(), [i::J; 2]); <K as l::M>::n(); o::p::<q::R>::s() } }
    ";
    let expected = ["crate::a::parse", "crate::b::Bound", "crate::c::Item", "e::h", "i::J", "l::M", "o::p", "q::R"];
    assert_eq!(paths(source), [&expected[..], &["super::d::Do"]].concat());
}

#[test]
fn paths_that_attributes_have_in_strings_count() {
    assert_eq!(paths("#[serde(default = \"crate::a::b\", rename = \"c: d\")] struct S;"), ["crate::a::b"]);
}

#[test]
fn what_is_for_tests_is_passed_over() {
    let source = "
        #[cfg(test)] use crate::a::A;
        #[cfg(all(test, unix))] mod tests { use crate::b::B; }
        struct S { #[cfg(test)] field: crate::c::C, other: crate::d::D }
        #[cfg(test)] #[derive(Debug)] pub(crate) const fn f<X, Y>(x: crate::e::E) -> X { crate::f::f() }
        #[cfg(test)] const LIST: [crate::g::G; 2] = [crate::h::H {}, crate::i::I];
        #[tokio::test] async fn promise() { crate::j::j() }
        #[cfg(not(test))] fn real() { crate::k::k() }
        #[cfg(any(feature = \"x\", not(test)))] fn real_too() { crate::l::l() }
    ";
    let scope = read(source);
    assert_eq!(paths(source), ["crate::d::D", "crate::k::k", "crate::l::l"]);
    assert!(scope.imports.is_empty() && scope.modules.is_empty());
}

#[test]
fn a_file_that_is_for_tests_alone_says_nothing() {
    assert!(paths("#![cfg(test)] fn f() { crate::a::a() }").is_empty());
}

#[test]
fn items_are_known_with_what_they_are_and_who_sees_them() {
    let source = "pub struct A; pub(crate) unsafe trait B {} enum C { X } pub type D = u8; pub const fn e() {} \
                  static F: u8 = 1; macro_rules! g { () => {} } impl A { pub fn method(&self) {} type Of = u8; }";
    let items: Vec<_> = read(source).items.into_iter().map(|item| (item.name, item.sort, item.is_shown)).collect();
    let expected = [
        ("A", Sort::Type, true),
        ("B", Sort::Type, true),
        ("C", Sort::Type, false),
        ("D", Sort::Type, true),
        ("e", Sort::Value, true),
        ("F", Sort::Value, false),
        ("g", Sort::Value, false),
    ];
    assert_eq!(items, expected.map(|(name, sort, is_shown)| (name.to_owned(), sort, is_shown)));
}

#[test]
fn imports_within_functions_count_and_captured_generics_are_none() {
    let scope = read("fn f() -> impl Sized + use<'_> { use crate::a::B; B }");
    assert_eq!(scope.imports.len(), 1);
    assert_eq!(scope.imports[0].path, ["crate", "a", "B"]);
}

#[test]
fn the_lines_of_functions_are_those_with_code() {
    let scope = read("impl A { fn long(&self) {\n one();\n\n // nothing\n two(\n three)\n } fn none(); }");
    assert_eq!(scope.functions, [("long".to_owned(), 3)]);
}

#[test]
fn what_a_macro_is_handed_at_the_top_is_an_item_and_what_a_macro_is_made_of_is_none() {
    let source = "make! { #[derive(Debug)] pub struct A(table), with defaults { pub field: u8 = 1 => \"b\" Kind(struct); } } \
                  macro_rules! make { () => { pub struct B; } } fn f() { make! { pub struct C; } }";
    let items: Vec<_> = read(source).items.into_iter().map(|item| (item.name, item.is_shown)).collect();
    let expected = [("A", true), ("make", false), ("f", false)];
    assert_eq!(items, expected.map(|(name, is_shown)| (name.to_owned(), is_shown)));
}
