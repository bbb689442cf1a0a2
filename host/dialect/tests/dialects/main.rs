//! What providers really said, wire by wire: all 508 recordings where the shared data is, and everywhere the 94 that show all
//! peculiarities ([`weir_recorded`]).
//!
//! How a wire joins: its file beside this one (`mod messages;`), a row for it in [`WIRES`], and its endpoints out of
//! [`AWAITED`]. Its tests run what they check by `support::hold("a word for it", recordings, |recording| …)`, which fails if it
//! does not hold for a recording and `reasons.toml` does not say why, and if `reasons.toml` says so and it does hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr)]

mod chat;
mod cohere;
mod converse;
mod errors;
mod gemini;
mod messages;
mod ollama;
mod reason;
mod responses;
mod support;
mod vectors;
mod view;

use std::collections::BTreeSet;

use weir_recorded::{all, is_complete};

use crate::reason::{REASONS_AT_MOST, Reasons};

/// The wires that have joined: their files, and the endpoints whose recordings these try.
const WIRES: &[(&str, &[&str])] = &[
    ("chat", &["chat-completions"]),
    ("cohere", &["cohere-chat-v2"]),
    ("converse", &["converse", "invoke"]),
    ("gemini", &["generate-content", "embed-content"]),
    ("messages", &["messages"]),
    ("ollama", &["ollama-chat"]),
    ("responses", &["responses"]),
    ("vectors", &["cohere-embed-v2", "embeddings"]),
];

/// Endpoints that wait for their wires, by the files that are to come.
const AWAITED: &[(&str, &[&str])] = &[
    ("completions", &["completions"]),
    ("count", &["count-tokens"]),
    ("models", &["models"]),
    (
        "passed",
        &[
            "audio-speech",
            "audio-transcriptions",
            "cached-contents",
            "cohere-rerank-v2",
            "images-generations",
            "interactions",
            "moderations",
            "rerank",
            "responses-compact",
            "responses-retrieve",
        ],
    ),
];

/// The endpoints of rows as above.
fn endpoints(rows: &[(&str, &'static [&'static str])]) -> BTreeSet<&'static str> {
    rows.iter().flat_map(|(_, endpoints)| endpoints.iter().copied()).collect()
}

#[test]
fn every_recording_is_a_wires_or_there_is_a_reason_why_not() {
    let (joined, awaited) = (endpoints(WIRES), endpoints(AWAITED));
    assert!(
        joined.is_disjoint(&awaited),
        "joined, and awaited: {:?}",
        joined.intersection(&awaited).collect::<Vec<_>>()
    );
    support::hold("taken", all(), |recording| {
        let endpoint = recording.endpoint.as_str();
        let is_taken = joined.contains(endpoint) || awaited.contains(endpoint);
        if is_taken { Ok(()) } else { Err(format!("no wire takes {endpoint}")) }
    });
    if is_complete() {
        let of_recordings: BTreeSet<&str> = all().iter().map(|recording| recording.endpoint.as_str()).collect();
        let without: Vec<_> = joined.union(&awaited).filter(|endpoint| !of_recordings.contains(*endpoint)).collect();
        assert!(without.is_empty(), "endpoints without a recording: {without:?}");
    }
}

#[test]
fn no_more_than_15_recordings_have_a_reason_and_all_of_them_exist() {
    let reasons = Reasons::all();
    assert!(reasons.recordings().len() <= REASONS_AT_MOST, "{} recordings have a reason", reasons.recordings().len());
    let known: BTreeSet<String> = all().iter().map(support::key).collect();
    for recording in reasons.recordings() {
        assert!(!is_complete() || known.contains(recording), "reasons.toml names {recording}, which is no recording");
    }
}
