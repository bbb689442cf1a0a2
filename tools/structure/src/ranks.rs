//! Crates name only those of a lower rank. The table is the one for readers, in `docs/architecture.md`.

use crate::source::Package;
use std::collections::{BTreeMap, BTreeSet};

/// Where the table is.
pub(crate) const MAP: &str = "docs/architecture.md";

/// What the table says of a crate.
#[derive(Debug)]
struct Row {
    rank: u32,
    /// The crates that it may name, by the last part of their folders; `None`: all of a lower rank.
    may_name: Option<BTreeSet<String>>,
}

/// What is against the ranks, a sentence each.
pub(crate) fn faults(map: &str, packages: &[Package]) -> Vec<String> {
    let rows = rows(map);
    let folders: BTreeMap<&str, &str> =
        packages.iter().map(|package| (package.name.as_str(), package.folder.as_str())).collect();
    let mut faults = Vec::new();
    for package in packages {
        let Some(row) = rows.get(&package.folder) else {
            faults.push(format!("{}: the table of crates in {MAP} has no row for it", package.folder));
            continue;
        };
        for (need, is_real) in &package.needs {
            let Some(other) = folders.get(need.as_str()) else { continue };
            let Some(their) = rows.get(*other) else { continue };
            let short = other.rsplit('/').next().unwrap_or(other);
            if their.rank >= row.rank {
                let (mine, theirs) = (row.rank, their.rank);
                faults.push(format!("{} (rank {mine}) names {other} (rank {theirs})", package.folder));
            } else if *is_real && row.may_name.as_ref().is_some_and(|may| !may.contains(short)) {
                faults.push(format!("{} names {other}, which its row in {MAP} does not say", package.folder));
            }
        }
    }
    let members: BTreeSet<&str> = packages.iter().map(|package| package.folder.as_str()).collect();
    let gone = rows.keys().filter(|folder| !members.contains(folder.as_str()));
    faults
        .extend(gone.map(|folder| format!("{folder}: stands in the table of {MAP} and is no member of the workspace")));
    faults
}

/// The rows `| rank | crates | what | may name |`.
fn rows(map: &str) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in map.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, rank, crates, _, may, _] = cells.as_slice() else { continue };
        let Ok(rank) = rank.parse() else { continue };
        for name in quoted(crates) {
            let may_name = (!may.starts_with("all")).then(|| quoted(may).map(str::to_owned).collect());
            rows.insert(name.to_owned(), Row { rank, may_name });
        }
    }
    rows
}

/// What stands between backticks.
pub(crate) fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests;
