//! What other translators make of an input. Opinions, not truth: where two agree, deviating wants a reason.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::find::{bytes, json_lines, parse, shared_data};
use crate::index::all;
use crate::member::{object, optional, string};
use crate::recording::Recording;

/// What a case translates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoldenKind {
    /// A request, from the client's language into the provider's.
    Request,
    /// An answer, from the provider's language into the client's.
    Response,
    /// Both, in one file: what the client sends, the upstream must get, it answers, and the client must get.
    Exchange,
}

/// An input, and what a translator makes of it.
#[derive(Debug, Clone)]
pub struct Golden {
    /// Whose translator: `agentgateway`, `busbar`, `envoy`, `envoy-http`, `litellm`.
    pub source: String,
    /// What is translated.
    pub kind: GoldenKind,
    /// The language it is in, in the source's word, as `completions`, `messages`, `bedrock`.
    pub from: String,
    /// The language it is translated into.
    pub to: String,
    /// Whether it is a stream.
    pub is_streamed: bool,
    /// The name of the case.
    pub case: String,
    input: PathBuf,
    output: PathBuf,
    counted: Option<PathBuf>,
}

impl Golden {
    fn of(line: &Value, data: &Path) -> Self {
        let files = data.join("golden").join(string(line, "files"));
        let kind = match string(line, "kind").as_str() {
            "request" => GoldenKind::Request,
            "response" => GoldenKind::Response,
            "exchange" => GoldenKind::Exchange,
            other => panic!("no such kind: {other}"),
        };
        let with = |suffix: &str| PathBuf::from(format!("{}{suffix}", files.display()));
        let one_of = |suffixes: &[&str]| suffixes.iter().map(|suffix| with(suffix)).find(|file| file.is_file());
        let (input, output) = match optional(line, "input") {
            Some(recording) => (data.join(recording), files.clone()),
            None if kind == GoldenKind::Exchange => (files.clone(), files.clone()),
            None => {
                let input = one_of(&[".in.json", ".in.sse.txt", ".in.bin"]);
                let output = one_of(&[".out.json", ".out.txt"]);
                let (Some(input), Some(output)) = (input, output) else { panic!("{}: half a case", files.display()) };
                (input, output)
            }
        };
        Self {
            source: string(line, "source"),
            kind,
            from: string(line, "from"),
            to: string(line, "to"),
            is_streamed: line.get("stream").and_then(Value::as_bool).unwrap_or(false),
            case: string(line, "case"),
            input,
            output,
            counted: one_of(&[".counted.json"]),
        }
    }

    /// What is translated: JSON, or a stream's bytes in their framing. Of an exchange, the file.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        bytes(&self.input)
    }

    /// What the translator makes of it: JSON, a stream's bytes, or LiteLLM's events, a line each. Of an exchange, the file.
    #[must_use]
    pub fn output(&self) -> Vec<u8> {
        bytes(&self.output)
    }

    /// The input, where it is JSON.
    #[must_use]
    pub fn input_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.input()).ok()
    }

    /// The output, where it is one JSON value.
    #[must_use]
    pub fn output_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.output()).ok()
    }

    /// What agentgateway counted: usage and messages, where it says so.
    #[must_use]
    pub fn counted(&self) -> Option<Value> {
        self.counted.as_deref().map(|file| parse(&bytes(file), file))
    }

    /// The recording whose request or answer the input is, if it is one.
    #[must_use]
    pub fn recording(&self) -> Option<&'static Recording> {
        of_file(&self.input)
    }
}

/// All cases: 1,243, or none where the shared data is not here.
#[must_use]
pub fn golden() -> &'static [Golden] {
    static GOLDEN: OnceLock<Vec<Golden>> = OnceLock::new();
    let read = |data: &Path| {
        let lines = json_lines(&data.join("golden/index.jsonl"));
        lines.iter().map(|line| Golden::of(line, data)).collect()
    };
    GOLDEN.get_or_init(|| shared_data().map(read).unwrap_or_default())
}

/// An answer that LiteLLM and Envoy both translated, and what they agree on: text, thinking, tools (a list of name and
/// arguments), finish, input, output, cached.
#[derive(Debug, Clone)]
pub struct Consensus {
    /// The answer.
    pub recording: &'static Recording,
    /// The language it is in.
    pub from: String,
    /// The language it was translated into: `completions` or `messages`.
    pub to: String,
    /// What both say, by the name of the field.
    pub agreed: Map<String, Value>,
    /// Where they differ: by the name of the field `{"litellm": …, "envoy": …}`.
    pub differ: Map<String, Value>,
}

/// All 264 answers on which there is a consensus, or none where the shared data is not here.
#[must_use]
pub fn consensus() -> &'static [Consensus] {
    static CONSENSUS: OnceLock<Vec<Consensus>> = OnceLock::new();
    let read = |data: &Path| {
        let of = |line: &Value| {
            let input = string(line, "input");
            Consensus {
                recording: of_file(&data.join(&input)).unwrap_or_else(|| panic!("{input} is no recording")),
                from: string(line, "from"),
                to: string(line, "to"),
                agreed: object(line, "agreed"),
                differ: object(line, "differ"),
            }
        };
        json_lines(&data.join("golden/consensus.jsonl")).iter().map(of).collect()
    };
    CONSENSUS.get_or_init(|| shared_data().map(read).unwrap_or_default())
}

/// The recording that a body's file belongs to.
fn of_file(body: &Path) -> Option<&'static Recording> {
    all().iter().find(|recording| recording.has(body))
}

#[cfg(test)]
mod tests {
    use super::{GoldenKind, consensus, golden};
    use crate::index::is_complete;

    #[test]
    fn all_1243_cases_have_their_input_and_output() {
        if !is_complete() {
            return assert!(golden().is_empty());
        }
        assert_eq!(golden().len(), 1_243);
        for case in golden() {
            assert!(!case.input().is_empty(), "{case:?}");
            let output = case.output();
            assert!(!output.is_empty() || case.is_streamed, "{case:?}");
            assert_eq!(case.recording().is_some(), ["litellm", "envoy"].contains(&case.source.as_str()), "{case:?}");
            if case.kind == GoldenKind::Request {
                assert!(case.output_json().is_some(), "{case:?}");
            }
        }
        assert_eq!(golden().iter().filter(|case| case.counted().is_some()).count(), 120);
    }

    #[test]
    fn the_264_agreements_are_of_recordings() {
        assert_eq!(consensus().len(), if is_complete() { 264 } else { 0 });
        assert_eq!(consensus().iter().filter(|one| one.differ.is_empty()).count(), if is_complete() { 185 } else { 0 });
    }
}
