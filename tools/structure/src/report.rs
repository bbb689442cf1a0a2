//! What was found, in words.

use crate::check::Findings;
use crate::circles::chain;
use crate::known::{Deviation, LIST};
use std::collections::BTreeSet;

impl Deviation {
    /// Whether the list says just what the code does.
    pub(crate) fn is_none(&self) -> bool {
        self.new_in_circles.is_empty() && self.new_names.is_empty() && self.gone.is_empty()
    }
}

/// What is shown beside what is always shown.
#[derive(Debug, Default)]
pub(crate) struct ReportParts {
    /// Every import within a circle.
    pub(crate) arrows: bool,
    /// Every import of all crates.
    pub(crate) imports: bool,
    /// Where the types are that share a name.
    pub(crate) names: bool,
}

/// Everything that a reader has to know, what is to be mended last.
pub(crate) fn report(found: &Findings, deviation: &Deviation, shown: &ReportParts) -> String {
    let mut lines = Vec::new();
    if shown.imports {
        let all = found.arrows.iter().flat_map(|(from, targets)| targets.keys().map(move |to| (from, to)));
        lines.extend(all.map(|(from, to)| arrow(found, from, to)));
    }
    if shown.names {
        lines.extend(found.shared_names.keys().map(|name| format!("{name}: {}", places(found, name))));
    }
    for circle in &found.circles {
        lines.push(format!("circle of {} files, in short:", circle.files.len()));
        chain_lines(found, &circle.shortest, &mut lines);
        if shown.arrows {
            all_arrows(found, &circle.files, &mut lines);
        }
    }
    lines.extend(found.long.iter().map(|long| format!("long: {long}")));
    let files: usize = found.circles.iter().map(|circle| circle.files.len()).sum();
    let (circles, names, long) = (found.circles.len(), found.shared_names.len(), found.long.len());
    lines.push(format!(
        "{circles} circles with {files} files, {names} names that types share, {long} long files and functions"
    ));
    for file in &deviation.new_in_circles {
        lines.push(format!("NEW: {file} is in a circle:"));
        chain_lines(found, &chain(&found.arrows, file).unwrap_or_default(), &mut lines);
    }
    for name in &deviation.new_names {
        lines.push(format!("NEW: types that share the name {name}: {}", places(found, name)));
    }
    lines.extend(deviation.gone.iter().map(|line| format!("GONE: {LIST} still has {line} (`--shrink` takes it out)")));
    lines.extend(found.faults.iter().map(|fault| format!("FAULT: {fault}")));
    lines.join("\n") + "\n"
}

/// The files that define a type of this name.
fn places(found: &Findings, name: &str) -> String {
    found.shared_names.get(name).into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
}

/// A chain of files with what each takes of the next, back to the first.
fn chain_lines(found: &Findings, chain: &[String], lines: &mut Vec<String>) {
    for (from, to) in chain.iter().zip(chain.iter().cycle().skip(1)) {
        lines.push(arrow(found, from, to));
    }
}

fn all_arrows(found: &Findings, files: &BTreeSet<String>, lines: &mut Vec<String>) {
    lines.push("  all of it:".to_owned());
    for from in files {
        let targets = found.arrows.get(from).into_iter().flat_map(|targets| targets.keys());
        lines.extend(targets.filter(|to| files.contains(*to)).map(|to| arrow(found, from, to)));
    }
}

fn arrow(found: &Findings, from: &str, to: &str) -> String {
    let names = found.arrows.get(from).and_then(|targets| targets.get(to));
    let names = names.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    format!("  {from} -> {to} ({names})")
}
