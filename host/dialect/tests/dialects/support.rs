//! Runs a check over recordings, and holds what comes of it against `reasons.toml`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use weir_recorded::Recording;

use crate::reason::Reasons;

/// How many of the recordings for which something does not hold are told.
const TOLD: usize = 20;

/// The name of a recording in `reasons.toml`: `PROVIDER/NAME`.
pub(crate) fn key(recording: &Recording) -> String {
    format!("{}/{}", recording.provider, recording.name)
}

/// Tries each of these recordings. `holds` says what does not hold by `Err`, or by a panic.
///
/// Fails where something does not hold, unless `reasons.toml` has the recording under this check; and where it has one for which
/// it does hold, since that reason is no longer true.
pub(crate) fn hold(
    check: &str,
    recordings: impl IntoIterator<Item = &'static Recording>,
    holds: impl Fn(&'static Recording) -> Result<(), String>,
) {
    let outcomes = recordings.into_iter().map(|recording| (key(recording), tried(|| holds(recording))));
    let wrong = against(Reasons::all(), check, outcomes);
    let told: Vec<&str> = wrong.iter().take(TOLD).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{check}: {} are not as they should be\n{}", wrong.len(), told.join("\n"));
}

/// What came of a check, by the names of the recordings, held against the reasons: a line for each that is wrong.
fn against(
    reasons: &Reasons,
    check: &str,
    outcomes: impl IntoIterator<Item = (String, Result<(), String>)>,
) -> Vec<String> {
    let of_check = reasons.of_check(check);
    let (mut wrong, mut tried) = (Vec::new(), BTreeSet::new());
    for (recording, outcome) in outcomes {
        match (outcome, of_check.get(recording.as_str())) {
            (Ok(()), Some(why)) => wrong.push(format!("{recording}: holds, and its reason is no longer true: {why}")),
            (Err(what), None) => wrong.push(format!("{recording}: {what}")),
            (Ok(()), None) | (Err(_), Some(_)) => {}
        }
        tried.insert(recording);
    }
    assert!(!weir_recorded::is_complete() || !tried.is_empty(), "{check}: nothing was tried");
    let never = of_check.keys().filter(|recording| weir_recorded::is_complete() && !tried.contains(**recording));
    wrong.extend(never.map(|recording| format!("{recording}: has a reason, and is not tried")));
    wrong
}

/// What a check says, a panic's words included.
fn tried(holds: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(holds)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        Err(words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned())
    })
}

#[test]
fn what_does_not_hold_wants_a_reason_and_a_reason_wants_what_does_not_hold() {
    let reasons = Reasons::read(
        "[[reason]]\nrecordings = [\"a/known\", \"a/better\"]\ncheck = \"same\"\nwhy = \"it is so\"\n\
         [[reason]]\nrecordings = [\"a/other\"]\ncheck = \"else\"\nwhy = \"it is so\"\n",
    );
    let outcome =
        |name: &str, holds: bool| (name.to_owned(), if holds { Ok(()) } else { Err("it differs".to_owned()) });
    let outcomes =
        [outcome("a/known", false), outcome("a/better", true), outcome("a/other", false), outcome("a/fine", true)];
    assert_eq!(
        against(&reasons, "same", outcomes),
        ["a/better: holds, and its reason is no longer true: it is so", "a/other: it differs"]
    );
    assert_eq!(reasons.recordings().len(), 3);
}

#[test]
fn a_panic_is_said_in_its_own_words() {
    assert_eq!(tried(|| panic!("at {}", 7)), Err("at 7".to_owned()));
    assert_eq!(tried(|| Ok(())), Ok(()));
}
