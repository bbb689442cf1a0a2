//! What was expected against what came.

use std::fmt::Debug;

use serde_json::Value as Json;

use crate::case::{Case, Expect};
use crate::run_case::{CaseOutcome, Played};
use crate::show::short;

/// What differs: `expect.PLACE: expected …, came …`. Nothing if nothing was expected and nothing faulted.
pub(crate) fn differences(case: &Case, played: &Played) -> Vec<String> {
    let mut found = Vec::new();
    let expect = case.expect.clone().unwrap_or_default();
    match (&played.ended, &expect.init_error) {
        (CaseOutcome::Init(why), Some(wanted)) => {
            if !why.contains(wanted.as_str()) {
                found.push(differs("init_error", wanted, why));
            }
            return found;
        }
        (CaseOutcome::Init(why), None) => {
            found.push(format!("init: the plugin refuses the settings: {why}"));
            return found;
        }
        (_, Some(wanted)) => found.push(differs("init_error", wanted, "settings that were taken")),
        (_, None) => {}
    }
    let came = played.ended.decision();
    match (expect.decision, &played.ended) {
        (Some(wanted), ended) if Some(wanted) != came => {
            let came = came.map_or("", |decision| decision.name());
            let why = if let CaseOutcome::Fault(why) = ended { format!(" ({why})") } else { String::new() };
            found.push(format!("expect.decision: expected \"{}\", came \"{came}\"{why}", wanted.name()));
        }
        (None, CaseOutcome::Fault(why)) => found.push(format!("the plugin faulted: {why}")),
        _ => {}
    }
    refusal(&expect, &played.ended, &mut found);
    messages(&expect, played, &mut found);
    for (name, wanted) in &expect.counters {
        let came = played.counters.get(name).copied().unwrap_or_default();
        if came != *wanted {
            found.push(differs(&format!("counters.{name}"), wanted, came));
        }
    }
    if let Some(wanted) = expect.texts.as_ref().filter(|wanted| **wanted != played.texts) {
        found.push(differs("texts", wanted, &played.texts));
    }
    let order: Vec<usize> = played.order.iter().map(|(at, _)| *at).collect();
    if let Some(wanted) = expect.order.as_ref().filter(|wanted| **wanted != order) {
        found.push(differs("order", wanted, &order));
    }
    found
}

fn refusal(expect: &Expect, ended: &CaseOutcome, found: &mut Vec<String>) {
    let (status, code, message) = match ended {
        CaseOutcome::Refused { status, code, message } => (Some(*status), Some(code), Some(message)),
        CaseOutcome::Pass | CaseOutcome::Fault(_) | CaseOutcome::Init(_) => (None, None, None),
    };
    if let Some(wanted) = expect.status.filter(|wanted| Some(*wanted) != status) {
        found.push(format!("expect.status: expected {wanted}, came {}", shown(status)));
    }
    if let Some(wanted) = expect.code.as_ref().filter(|wanted| Some(*wanted) != code) {
        found.push(format!("expect.code: expected {wanted:?}, came {}", shown(code)));
    }
    if let Some(wanted) = expect.message.as_ref().filter(|wanted| Some(*wanted) != message) {
        found.push(format!("expect.message: expected {wanted:?}, came {}", shown(message)));
    }
}

fn messages(expect: &Expect, played: &Played, found: &mut Vec<String>) {
    let (headers, body) = &played.after;
    for (name, wanted) in &expect.headers {
        let came = headers.get(name.as_str()).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if came != *wanted {
            let wanted = shown(wanted.as_ref());
            found.push(format!("expect.headers.{name}: expected {wanted}, came {}", shown(came)));
        }
    }
    for (pointer, wanted) in &expect.body {
        let came = body.pointer(pointer).unwrap_or(&Json::Null);
        if came != wanted {
            let (wanted, came) = (short(&wanted.to_string(), 200), short(&came.to_string(), 200));
            found.push(format!("expect.body.{pointer}: expected {wanted}, came {came}"));
        }
    }
}

fn shown<T: Debug>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:?}"))
}

fn differs(place: &str, wanted: impl Debug, came: impl Debug) -> String {
    format!("expect.{place}: expected {wanted:?}, came {came:?}")
}
