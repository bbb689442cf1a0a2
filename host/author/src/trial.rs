//! `weir plugin test`: cases played on a plugin, told to people or machines.

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use weir_sandbox::Compiler;

use crate::artefact::InspectedComponent;
use crate::case::{self, Case};
use crate::compare::differences;
use crate::diff::FieldChange;
use crate::harness::Bench;
use crate::run_case::{CaseOutcome, Played, run_case};
use crate::show::{bytes, short, time, us};
use crate::{AuthorError, ToolOutcome};
use weir_sandbox::Override;

/// Plays every case of the given files; good if nothing differs from what is expected.
pub(crate) fn test(
    file: &std::path::Path,
    cases: &[PathBuf],
    json: bool,
    compiler: Compiler,
) -> Result<ToolOutcome, AuthorError> {
    let plugin = InspectedComponent::read(file)?;
    let bench = Bench::new(compiler)?;
    let mut all = Vec::new();
    for file in cases {
        all.extend(case::read(file)?);
    }
    let mut played = Vec::new();
    for case in all {
        let came = run_case(&bench, &plugin, &case)?;
        let wrong = differences(&case, &came);
        played.push((case, came, wrong));
    }
    let failed = played.iter().filter(|(_, _, wrong)| !wrong.is_empty()).count();
    let text = if json {
        let list: Vec<Json> = played.iter().map(|(case, came, wrong)| to_json(case, came, wrong)).collect();
        json!({ "file": file, "passed": played.len() - failed, "failed": failed, "cases": list }).to_string()
    } else {
        let mut text: Vec<String> = played.iter().map(|(case, came, wrong)| to_text(case, came, wrong)).collect();
        let count = if played.len() == 1 { "1 case".to_owned() } else { format!("{} cases", played.len()) };
        text.push(if failed == 0 { format!("{count}: good") } else { format!("{count}: {failed} failed") });
        text.join("\n\n")
    };
    Ok(ToolOutcome { text, good: failed == 0 })
}

/// What to do where a plugin broke off without a word.
const SILENT: &str = "what a panic says is a line of the log where the plugin hands it over: in Rust by weir_plugin::log::panics() \
                      first in `init`, in other languages as their templates do";

/// The decision in one line.
fn decision(ended: &CaseOutcome) -> String {
    match ended {
        CaseOutcome::Pass => "pass".to_owned(),
        CaseOutcome::Refused { status, code, message } => format!("refuse {status} {code}: {message}"),
        CaseOutcome::Fault(why) => format!("fault {why}"),
        CaseOutcome::Init(why) => format!("init refuses the settings: {why}"),
    }
}

fn to_text(case: &Case, came: &Played, wrong: &[String]) -> String {
    let mut lines = vec![format!("{}  {}", if wrong.is_empty() { "ok  " } else { "FAIL" }, case.name)];
    let mut line = |what: &str, text: String| lines.push(format!("      {what:<9} {text}"));
    for what in wrong {
        line("wrong", what.clone());
    }
    line("decision", decision(&came.ended));
    for change in &came.headers {
        line("header", changed(change, |value| short(value, 100)));
    }
    for change in &came.body {
        line("body", changed(change, |value| short(&value.to_string(), 100)));
    }
    for (candidate, overrides) in &came.order {
        let offered = case.candidates.get(*candidate);
        let name = offered.map(|c| format!("{}/{}", c.provider, c.model)).unwrap_or_default();
        let set: Vec<String> =
            overrides.iter().map(|one| format!(" {} = {}", one.set.pointer, short(&one.set.value, 60))).collect();
        line("order", format!("{candidate}: {name}{}", set.join(",")));
    }
    if case.hook == weir_sandbox::HookKind::Event {
        line("texts", short(&format!("{:?}", came.texts), 400));
    }
    for (name, added) in &came.counters {
        line("counter", format!("{name} +{added}"));
    }
    for (level, text) in &came.logs {
        line("log", format!("{level}: {}", short(text, 400)));
    }
    if matches!(&came.ended, CaseOutcome::Fault(why) if why.contains("unreachable")) && came.logs.is_empty() {
        line("hint", SILENT.to_owned());
    }
    if !matches!(came.ended, CaseOutcome::Init(_)) {
        let again = came.again.map(|again| format!(", then {}", time(again))).unwrap_or_default();
        line("cpu", format!("{} with starting an instance{again}", time(came.first)));
        line("memory", came.memory.map_or("gone with the instance".to_owned(), bytes));
    }
    lines.join("\n")
}

fn changed<T>(change: &FieldChange<T>, show: impl Fn(&T) -> String) -> String {
    let place = if change.place.is_empty() { "(whole)" } else { &change.place };
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ {place}: {}", show(after)),
        (Some(before), None) => format!("- {place}: {}", show(before)),
        (Some(before), Some(after)) => format!("~ {place}: {} -> {}", show(before), show(after)),
        (None, None) => place.to_owned(),
    }
}

fn to_json(case: &Case, came: &Played, wrong: &[String]) -> Json {
    let headers: Vec<Json> =
        came.headers.iter().map(|c| json!({ "name": c.place, "before": c.before, "after": c.after })).collect();
    // What is not there has no key: `null` is a value of its own in a body.
    let body = |c: &FieldChange<Json>| {
        let mut change = json!({ "pointer": c.place });
        for (key, value) in [("before", &c.before), ("after", &c.after)] {
            if let (Some(value), Some(change)) = (value, change.as_object_mut()) {
                change.insert(key.to_owned(), value.clone());
            }
        }
        change
    };
    let order: Vec<Json> = came
        .order
        .iter()
        .map(|(at, overrides)| {
            let json = |one: &Override| json!({ "pointer": one.set.pointer, "value": one.set.value });
            let set: Vec<Json> = overrides.iter().map(json).collect();
            json!({ "candidate": at, "overrides": set })
        })
        .collect();
    let refusal = match &came.ended {
        CaseOutcome::Refused { status, code, message } => json!({ "status": status, "code": code, "message": message }),
        CaseOutcome::Pass | CaseOutcome::Fault(_) | CaseOutcome::Init(_) => Json::Null,
    };
    let (fault, init) = match &came.ended {
        CaseOutcome::Fault(why) => (Some(why), None),
        CaseOutcome::Init(why) => (None, Some(why)),
        CaseOutcome::Pass | CaseOutcome::Refused { .. } => (None, None),
    };
    let logs: Vec<Json> = came.logs.iter().map(|(level, text)| json!({ "level": level, "text": text })).collect();
    json!({
        "name": case.name, "hook": case.hook.name(), "ok": wrong.is_empty(), "wrong": wrong,
        "decision": came.ended.decision().map(case::Decision::name), "refusal": refusal, "fault": fault,
        "init_error": init, "headers": headers, "body": came.body.iter().map(body).collect::<Vec<_>>(),
        "order": order, "texts": came.texts, "counters": came.counters, "logs": logs,
        "cpu_us": { "first": us(came.first), "again": came.again.map(us) }, "memory_bytes": came.memory,
    })
}
