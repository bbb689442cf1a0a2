//! Replays the corpus: every file in `tests/corpus/json` whose name begins with `y_` is taken, every `n_` refused. What
//! a fuzzer finds goes there under a name that says what it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::Path;

use weir_http::json;

#[test]
fn the_json_corpus_is_judged_as_its_names_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/json");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let judged = json::members(&bytes, |_, span, _| assert!(!span.of(&bytes).is_empty(), "{name}"));
        assert_eq!(judged.is_ok(), name.starts_with("y_"), "{name}: {judged:?}");
        assert!(judged.is_ok() || name.starts_with("n_"), "{name} must begin with y_ or n_");
        count += 1;
    }
    assert!(count >= 40, "only {count} files: is the corpus there?");
}
