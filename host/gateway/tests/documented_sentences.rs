//! Every sentence of docs/operating.md is held by a test, or promises nothing: `documented/sentences.txt` says by which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const DOCS: &str = include_str!("../../../docs/operating.md");

/// A line for each sentence: the words that it begins with, ` => `, and the tests that hold it; `-` for one that points
/// elsewhere, or advises.
const HELD: &str = include_str!("documented/sentences.txt");

/// The sentences outside of tables, blocks of code and headings.
fn sentences() -> Vec<String> {
    let (mut all, mut paragraph, mut is_code) = (Vec::new(), String::new(), false);
    for line in DOCS.lines().chain([""]) {
        let is_fence = line.starts_with("```");
        let is_prose = !(is_code || is_fence || line.is_empty() || line.starts_with(['#', '|']));
        is_code ^= is_fence;
        if !is_prose || line.starts_with("- ") {
            split(&std::mem::take(&mut paragraph), &mut all);
        }
        if is_prose {
            paragraph.push_str(line.strip_prefix("- ").unwrap_or(line).trim());
            paragraph.push(' ');
        }
    }
    all
}

/// Cuts behind a full stop that something follows with which a sentence can begin.
fn split(paragraph: &str, into: &mut Vec<String>) {
    let mut rest = paragraph.trim();
    while !rest.is_empty() {
        let begins = |at: &usize| rest[at + 2..].starts_with(|c: char| c.is_uppercase() || "`*[(\"“".contains(c));
        let end = rest.match_indices(". ").map(|(at, _)| at).find(begins).map_or(rest.len(), |at| at + 1);
        into.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
}

/// The names of all tests of the workspace.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<PathBuf>>() {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(path).unwrap();
                // Other attributes may stand between.
                let after = text.split("#[test]").skip(1).chain(text.split("#[tokio::test").skip(1));
                let names = after.filter_map(|after| after.split_once("fn ")?.1.split_once('('));
                found.extend(names.map(|(name, _)| name.to_owned()));
            }
        }
    }
    found
}

fn held() -> Vec<(&'static str, Vec<&'static str>)> {
    let entry = |line: &'static str| {
        let (begins, by) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("no ` => ` in {line:?}"));
        (begins, by.split(", ").collect())
    };
    HELD.lines().filter(|line| !line.starts_with('#')).map(entry).collect()
}

#[test]
fn every_sentence_is_held_by_a_test_that_there_is() {
    let (sentences, held, tests) = (sentences(), held(), tests());
    assert!(sentences.len() > 100 && tests.len() > 500, "{} sentences, {} tests", sentences.len(), tests.len());
    let mut wrong = Vec::new();
    for sentence in &sentences {
        match held.iter().filter(|(begins, _)| sentence.starts_with(begins)).count() {
            1 => {}
            0 => wrong.push(format!("nothing holds: {sentence}")),
            n => wrong.push(format!("{n} entries for: {sentence}")),
        }
    }
    for (begins, by) in &held {
        if !sentences.iter().any(|sentence| sentence.starts_with(begins)) {
            wrong.push(format!("no sentence begins so: {begins}"));
        }
        for test in by.iter().filter(|test| **test != "-" && !tests.contains(**test)) {
            wrong.push(format!("there is no test `{test}`, which holds: {begins}"));
        }
    }
    assert!(wrong.is_empty(), "in tests/documented/sentences.txt:\n{}", wrong.join("\n"));
}
