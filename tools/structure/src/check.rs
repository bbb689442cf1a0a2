//! All that is looked for, over the whole workspace.

use crate::circles::{Circle, circles};
use crate::failed::Failed;
use crate::known::Known;
use crate::modules::{Crate, crates};
use crate::resolve::{Arrows, arrows, wildcards};
use crate::source::{Package, SourceFiles, packages};
use crate::syntax::Sort;
use std::collections::{BTreeMap, BTreeSet};

/// From how many lines on a file is shown.
const LONG_FILE: usize = 400;
/// From how many lines with code on a function is shown.
const LONG_FUNCTION: usize = 60;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) circles: Vec<Circle>,
    pub(crate) arrows: Arrows,
    /// Types that share a name, with the files that define them.
    pub(crate) shared_names: BTreeMap<String, BTreeSet<String>>,
    /// What nobody tolerates.
    pub(crate) faults: Vec<String>,
    /// What is long; told, and no fault.
    pub(crate) long: Vec<String>,
}

impl Findings {
    /// What of it a list may tolerate.
    pub(crate) fn as_known(&self) -> Known {
        Known {
            in_circles: self.circles.iter().flat_map(|circle| circle.files.iter().cloned()).collect(),
            shared_names: self.shared_names.iter().map(|(name, files)| (name.clone(), files.len())).collect(),
        }
    }
}

/// Looks at all members of the workspace.
///
/// # Errors
/// Manifests that cannot be read.
pub(crate) fn check(files: &SourceFiles) -> Result<Findings, Failed> {
    let packages = packages(files)?;
    let mut found = Findings::default();
    for package in &packages {
        for whole in crates(files, package) {
            look_at(&whole, &mut found);
        }
        found.long.extend(long_files(files, package));
    }
    found.circles = circles(&found.arrows);
    found.shared_names.retain(|_, files| files.len() > 1);
    let map = files.get(crate::ranks::MAP).map(String::as_str).unwrap_or_default();
    found.faults.extend(crate::ranks::faults(map, &packages));
    found.faults.extend(crate::documents::faults(files));
    found.faults.extend(crate::lost::faults(files, &packages));
    Ok(found)
}

fn look_at(whole: &Crate, found: &mut Findings) {
    for (from, targets) in arrows(whole) {
        let into = found.arrows.entry(from).or_default();
        for (to, names) in targets {
            into.entry(to).or_default().extend(names);
        }
    }
    let of_wildcards = wildcards(whole).into_iter().map(|(file, path)| format!("{file}: `use {path}`: import by name"));
    found.faults.extend(of_wildcards);
    for module in &whole.modules {
        let rooms = module.children.keys().filter(|name| matches!(name.as_str(), "util" | "utils"));
        found.faults.extend(rooms.map(|name| format!("{}: `mod {name}`: name it after what it is for", module.file)));
        for item in module.items.iter().filter(|item| item.sort == Sort::Type && item.is_shown) {
            found.shared_names.entry(item.name.clone()).or_default().insert(module.file.clone());
        }
        for (name, lines) in module.functions.iter().filter(|(_, lines)| *lines > LONG_FUNCTION) {
            found.long.push(format!("{}: `fn {name}`: {lines} lines", module.file));
        }
    }
}

fn long_files(files: &SourceFiles, package: &Package) -> Vec<String> {
    let source = format!("{}/src/", package.folder);
    let is_test = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    let of_package = files.iter().filter(|(path, _)| path.starts_with(&source) && !is_test(path));
    let lines = of_package.map(|(path, text)| (path, text.lines().count()));
    lines.filter(|(_, lines)| *lines > LONG_FILE).map(|(path, lines)| format!("{path}: {lines} lines")).collect()
}

#[cfg(test)]
mod tests;
