//! `weir plugin conform`: many plugins, the same cases, the same decisions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use weir_component::Direct;
use weir_config::Isolation;
use weir_config::file::EntryKind;
use weir_sandbox::Compiler;

use crate::artefact::InspectedComponent;
use crate::case::{self, Case};
use crate::compare::differences;
use crate::harness::Bench;
use crate::run_case::{CaseOutcome, run_case};
use crate::show::{bytes, table, time, us};
use crate::timing::{Timing, time_calls};
use crate::{AuthorError, ToolOutcome, read};

/// Calls of one plugin are timed for so long.
const LENGTH: Duration = Duration::from_millis(200);
/// Folders below a folder that is named.
const DEPTH: usize = 4;

/// How one plugin did.
struct Row {
    path: PathBuf,
    size: usize,
    /// It is called without the component layer; the cases are played with it as well.
    direct: bool,
    compile: Option<Duration>,
    timing: Timing,
    passed: usize,
    /// Case and what differs.
    wrong: Vec<(String, String)>,
}

/// Runs every plugin with all cases; good if none differs.
pub(crate) fn conform(
    places: &[PathBuf],
    cases: &Path,
    json: bool,
    compiler: Compiler,
) -> Result<ToolOutcome, AuthorError> {
    let cases = case::read(cases)?;
    let mut rows = Vec::new();
    for path in places.iter().map(|place| plugins(place)).collect::<Result<Vec<_>, _>>()?.concat() {
        rows.push(row(&path, &cases, compiler)?);
    }
    let good = rows.iter().all(|row| row.wrong.is_empty());
    let text = if json { to_json(&rows, cases.len()) } else { to_text(&rows, cases.len()) };
    Ok(ToolOutcome { text, good })
}

/// A file, or every component below a folder that no build left there.
fn plugins(place: &Path) -> Result<Vec<PathBuf>, AuthorError> {
    if !read::is_folder(place) {
        return Ok(vec![place.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![(place.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for (path, kind) in read::folder(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" || name == "node_modules" {
                continue;
            }
            if kind == EntryKind::Folder && depth < DEPTH {
                folders.push((path, depth + 1));
            } else if path.extension().is_some_and(|extension| extension == "wasm") {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() { Err(AuthorError::NoPlugins { path: place.to_owned() }) } else { Ok(found) }
}

fn row(path: &Path, cases: &[Case], compiler: Compiler) -> Result<Row, AuthorError> {
    let mut row = Row {
        path: path.to_owned(),
        size: 0,
        direct: false,
        compile: None,
        timing: Timing::default(),
        passed: 0,
        wrong: Vec::new(),
    };
    // One that cannot be read or loaded fails every case; the others are still looked at.
    let plugin = match InspectedComponent::read(path) {
        Ok(plugin) => plugin,
        Err(error) => {
            row.wrong.push(("every case".to_owned(), error.to_string()));
            return Ok(row);
        }
    };
    row.size = plugin.wasm.len();
    row.direct = Direct::of(&plugin.wasm).is_ok();
    let bench = Bench::new(compiler)?;
    let mut benches = vec![("", &bench)];
    let other = if row.direct { Some(Bench::of_components(compiler)?) } else { None };
    benches.extend(other.iter().map(|other| ("as a component: ", other)));
    let mut passing = None;
    for case in cases {
        let mut wrong = Vec::new();
        for (how, bench) in &benches {
            match run_case(bench, &plugin, case) {
                Ok(came) => {
                    if came.ended == CaseOutcome::Pass {
                        passing = passing.or(Some(case));
                    }
                    wrong.extend(differences(case, &came).into_iter().map(|what| format!("{how}{what}")));
                }
                // What does not load at all need not be told for every case.
                Err(error @ AuthorError::Load { .. }) if case.grants.is_none() => {
                    row.wrong.push(("every case".to_owned(), format!("{how}{error}")));
                    row.passed = 0;
                    return Ok(row);
                }
                Err(error) => wrong.push(format!("{how}{error}")),
            }
        }
        row.passed += usize::from(wrong.is_empty());
        row.wrong.extend(wrong.into_iter().map(|what| (case.name.clone(), what)));
    }
    if let Some(case) = passing
        && let Ok(timing) = time_calls(&bench, &plugin, case, Isolation::Tenant, LENGTH)?
    {
        row.timing = timing;
    }
    row.compile = bench.compiled();
    Ok(row)
}

/// A plugin's place, short but telling: its file and the folder that it lies in.
fn label(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).map(|name| format!("{}/", name.to_string_lossy()));
    format!("{}{}", folder.unwrap_or_default(), path.file_name().unwrap_or_default().to_string_lossy())
}

fn to_text(rows: &[Row], cases: usize) -> String {
    let head =
        ["plugin", "called", "size", "compile", "load", "memory", "per call", "cases"].map(str::to_owned).to_vec();
    let line = |row: &Row| {
        let timing = &row.timing;
        let known = |some: bool, text: String| if some { text } else { "-".to_owned() };
        vec![
            label(&row.path),
            if row.direct { "directly" } else { "as a component" }.to_owned(),
            bytes(row.size),
            row.compile.map_or("-".to_owned(), time),
            known(!timing.samples.is_empty(), time(timing.start)),
            known(timing.memory > 0, bytes(timing.memory)),
            known(!timing.samples.is_empty(), time(timing.at(500))),
            format!("{} of {cases}", row.passed),
        ]
    };
    let all: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().map(line)).collect();
    let wrong = rows
        .iter()
        .flat_map(|row| row.wrong.iter().map(|(case, what)| format!("{}: {case}: {what}", label(&row.path))));
    let wrong: Vec<String> = wrong.collect();
    let tail = if wrong.is_empty() { String::new() } else { format!("\n\n{}", wrong.join("\n")) };
    table(&all) + &tail
}

fn to_json(rows: &[Row], cases: usize) -> String {
    let row = |row: &Row| {
        let timing = &row.timing;
        let wrong: Vec<Json> = row.wrong.iter().map(|(case, what)| json!({ "case": case, "what": what })).collect();
        json!({
            "file": row.path, "direct": row.direct, "size_bytes": row.size, "compile_us": row.compile.map(us), "load_us": us(timing.start),
            "memory_bytes": timing.memory, "call_us": us(timing.at(500)), "passed": row.passed, "wrong": wrong,
        })
    };
    json!({ "cases": cases, "plugins": rows.iter().map(row).collect::<Vec<_>>() }).to_string()
}
