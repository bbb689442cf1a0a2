//! Tests of plugins: what they are asked, and what bounds them, as one program, so that what they share is compiled and linked once. A file beside this one is a
//! module here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]
#![allow(missing_docs)]

mod support;
#[path = "ways/told.rs"]
mod told;

mod all_text;
mod host_functions;
mod instances;
mod prepared;
mod streams;
mod trials;
mod ways;

#[test]
fn every_file_of_tests_is_a_part_of_this_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let source = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else { continue };
        assert!(source.contains(&format!("\nmod {module};\n")), "`mod {module};` is missing in tests/main.rs");
    }
}
