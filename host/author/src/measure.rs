//! `weir plugin bench`: what a plugin's calls cost, in each isolation.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use weir_config::Isolation;
use weir_sandbox::Compiler;

use crate::artefact::InspectedComponent;
use crate::case::{self, Case};
use crate::harness::{Bench, load_error};
use crate::run_case::{CaseOutcome, run_case};
use crate::show::{bytes, table, time, us};
use crate::timing::{Timing, time_calls};
use crate::{AuthorError, ToolOutcome};

/// Times the calls of one case (the file's first; a plain request if there is none) in every isolation, together for so
/// long.
pub(crate) fn bench(
    file: &Path,
    case: Option<&PathBuf>,
    length: Duration,
    json: bool,
    compiler: Compiler,
) -> Result<ToolOutcome, AuthorError> {
    let plugin = InspectedComponent::read(file)?;
    let case = one_case(&plugin, case)?;
    let bench = Bench::new(compiler)?;
    let mut modes = Vec::new();
    for (name, isolation) in Isolation::ALL {
        let timed = time_calls(&bench, &plugin, &case, isolation, length / 3)?;
        modes.push((name, timed.map_err(|error| load_error(file, error, &[]))?));
    }
    // A call that fails or refuses costs something else than one that passes: say which was timed.
    let ended = run_case(&bench, &plugin, &case)?.ended;
    let decision = ended.decision().map_or("", case::Decision::name);
    let good = !matches!(ended, CaseOutcome::Fault(_));
    let memory = modes.iter().map(|(_, timing)| timing.memory).max().unwrap_or_default();
    let start = modes.iter().map(|(_, timing)| timing.start).min().unwrap_or_default();
    let compile = bench.compiled().unwrap_or_default();
    let measured = Measured { plugin, case, decision, modes, memory, start, compile };
    let text = if json { measured.json() } else { measured.text() };
    Ok(ToolOutcome { text, good })
}

fn one_case(plugin: &InspectedComponent, file: Option<&PathBuf>) -> Result<Case, AuthorError> {
    if let Some(file) = file {
        let first = case::read(file)?.into_iter().next();
        return first.ok_or_else(|| AuthorError::Ground(format!("{}: no case", file.display())));
    }
    let hook = plugin.hooks().first().copied().ok_or_else(|| AuthorError::NoSuchHook {
        path: plugin.path.clone(),
        hook: "hook",
        has: "none".to_owned(),
    })?;
    Case::plain(hook)
}

/// Everything that is told.
struct Measured {
    plugin: InspectedComponent,
    case: Case,
    decision: &'static str,
    modes: Vec<(&'static str, Timing)>,
    memory: usize,
    start: Duration,
    compile: Duration,
}

impl Measured {
    fn text(&self) -> String {
        let head = ["isolation", "min", "median", "p99", "first", "calls"].map(str::to_owned).to_vec();
        let row = |(name, timing): &(&str, Timing)| {
            let figures = [timing.at(0), timing.at(500), timing.at(990), timing.first].map(time);
            [vec![(*name).to_owned()], figures.to_vec(), vec![timing.samples.len().to_string()]].concat()
        };
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(self.modes.iter().map(row)).collect();
        format!(
            "{}: `{}`, {} ({})\n\n{}\n\n\
             size      {}\ncompile   {}\nstart     {} to load the compiled code, link it and start an instance\n\
             memory    {} of an instance",
            self.plugin.path.display(),
            self.case.hook.name(),
            self.case.name,
            self.decision,
            table(&rows),
            bytes(self.plugin.wasm.len()),
            time(self.compile),
            time(self.start),
            bytes(self.memory),
        )
    }

    fn json(&self) -> String {
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mode = |(name, timing): &(&str, Timing)| {
            json!({
                "isolation": name, "calls": timing.samples.len(), "min_ns": ns(timing.at(0)),
                "median_ns": ns(timing.at(500)), "p99_ns": ns(timing.at(990)), "first_ns": ns(timing.first),
            })
        };
        let modes: Vec<Json> = self.modes.iter().map(mode).collect();
        json!({
            "file": self.plugin.path, "hook": self.case.hook.name(), "case": self.case.name, "decision": self.decision,
            "modes": modes, "size_bytes": self.plugin.wasm.len(), "compile_us": us(self.compile),
            "start_us": us(self.start), "memory_bytes": self.memory,
        })
        .to_string()
    }
}
