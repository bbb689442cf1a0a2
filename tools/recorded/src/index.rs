//! All recordings, and one of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use crate::find::{committed_data, json_lines, shared_data};
use crate::member::string;
use crate::recording::Recording;

/// All recordings that are here: the 508 of the shared data, or where that is not, those that lie in this repository.
#[must_use]
pub fn all() -> &'static [Recording] {
    static ALL: OnceLock<Vec<Recording>> = OnceLock::new();
    match shared_data() {
        Some(data) => ALL.get_or_init(|| of_index(&data.join("recordings"))),
        None => committed(),
    }
}

/// Those that lie in this repository: 94, which show every peculiarity once, so that these are tested everywhere.
#[must_use]
pub fn committed() -> &'static [Recording] {
    static COMMITTED: OnceLock<Vec<Recording>> = OnceLock::new();
    COMMITTED.get_or_init(|| of_metas(committed_data()))
}

/// Whether [`all`] has the 508, and tests may count them.
#[must_use]
pub fn is_complete() -> bool {
    shared_data().is_some()
}

/// The recording of this provider and name, if it is here.
#[must_use]
pub fn recording(provider: &str, name: &str) -> Option<&'static Recording> {
    static PLACES: OnceLock<BTreeMap<(&str, &str), usize>> = OnceLock::new();
    let place = |(at, one): (usize, &'static Recording)| ((one.provider.as_str(), one.name.as_str()), at);
    let places = PLACES.get_or_init(|| all().iter().enumerate().map(place).collect());
    all().get(*places.get(&(provider, name))?)
}

/// The recordings of an endpoint, as `messages`, of whatever provider.
pub fn of_endpoint(endpoint: &str) -> impl Iterator<Item = &'static Recording> {
    all().iter().filter(move |recording| recording.endpoint == endpoint)
}

/// A `.meta.json` each beside the bodies, in a folder each for provider and endpoint.
fn of_index(folder: &Path) -> Vec<Recording> {
    let meta = |line: &serde_json::Value| {
        let within = [string(line, "provider"), string(line, "endpoint")].iter().collect::<std::path::PathBuf>();
        folder.join(within).join(format!("{}.meta.json", string(line, "name")))
    };
    json_lines(&folder.join("index.jsonl")).iter().map(|line| Recording::read(&meta(line))).collect()
}

/// One file with what all `.meta.json` say, a line each, above the same folders of bodies.
fn of_metas(folder: &Path) -> Vec<Recording> {
    let index = folder.join("metas.jsonl");
    if !index.is_file() {
        return Vec::new();
    }
    let lines = json_lines(&index);
    lines.iter().map(|meta| Recording::of(meta, &folder.join(string(meta, "provider")))).collect()
}

#[cfg(test)]
mod tests {
    use super::{all, is_complete, of_endpoint, recording};
    use crate::recording::{Fidelity, RecordedFraming};

    #[test]
    fn all_508_recordings_are_found_and_their_bodies_read() {
        if !is_complete() {
            return;
        }
        assert_eq!(all().len(), 508);
        assert_eq!(all().iter().filter(|recording| recording.is_streamed).count(), 175);
        assert_eq!(all().iter().filter(|recording| recording.request().is_some()).count(), 417);
        assert_eq!(of_endpoint("generate-content").count(), 58);
        for recording in all() {
            let response = recording.response();
            assert!(!response.is_empty(), "{recording}");
            assert_eq!(
                recording.request_fidelity == Fidelity::Absent,
                recording.method == "POST" && recording.request().is_none()
            );
            if recording.framing == RecordedFraming::Json {
                assert!(recording.response_json().is_some(), "{recording}");
            } else if recording.is_streamed && recording.status == 200 {
                assert!(!recording.events().is_empty(), "{recording}");
            }
        }
    }

    #[test]
    fn a_recording_is_found_by_its_provider_and_name() {
        let Some(one) = recording("openai", "mirascope.test_refusal.openai_gpt_4o_completions.async_stream") else {
            return assert!(!is_complete());
        };
        assert_eq!((one.endpoint.as_str(), one.status, one.framing), ("chat-completions", 200, RecordedFraming::Sse));
        assert!(one.is_streamed && one.response_fidelity == Fidelity::Raw && one.licence == "MIT");
        assert_eq!(one.request_json().and_then(|request| request["stream"].as_bool()), Some(true));
        assert_eq!(one.events().last().map(|event| event.data.clone()), Some(b"[DONE]".to_vec()));
        assert!(recording("anthropic", &one.name).is_none());
    }

    #[test]
    fn what_lost_its_framing_is_framed_as_its_provider_does() {
        let Some(one) = recording("anthropic", "vercel.anthropic_tool_search_bm25.1.stream") else {
            return assert!(!is_complete());
        };
        let sse = String::from_utf8(one.sse().unwrap()).unwrap();
        assert!(sse.starts_with("event: message_start\ndata: {\"type\":\"message_start\""), "{sse}");
    }
}
