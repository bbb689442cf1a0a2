//! Raw requests, valid and not, each with what must come of it and a harmless request behind it. The project's own are in
//! `tests/corpus/requests.jsonl`; more of the same form, where `shared/corpus` lies beside the project, are tried as well.
//!
//! A line is a JSON object: `name`, `raw` (bytes as Latin-1), and `expect`: `R` refused, with an answer or without one, and
//! the connection closed; `A` answered; `2` answered twice; `E415` this status; `*` anything that is valid. Whatever comes

//! of it, the upstream sees the requests that were answered and no others.

use crate::support::upstream::{Upstream, ok};
use crate::support::{ACME, Gateway, PATIENCE, config_with, root};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

struct Case {
    name: String,
    expect: String,
    raw: Vec<u8>,
}

fn cases(file: &PathBuf) -> Vec<Case> {
    let text = fs::read_to_string(file).unwrap();
    let case = |line: &str| {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| json[name].as_str().unwrap_or_else(|| panic!("no {name}: {line}")).to_owned();
        let raw = field("raw").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        Case { name: field("name"), expect: field("expect"), raw }
    };
    text.lines().filter(|line| !line.is_empty()).map(case).collect()
}

/// An answer as far as its client can read it.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// Whether a model was asked for it.
    fn is_from_model(&self) -> bool {
        self.status == 200 && self.header("x-weir-upstream").is_some()
    }

    fn says(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(text)
    }
}

/// Everything that came, as answers; what is no HTTP/1 is none.
fn answers(mut bytes: &[u8]) -> Result<Vec<Answer>, String> {
    let mut all = Vec::new();
    while bytes.starts_with(b"HTTP/1.") {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("a head without an end")?;
        let head = String::from_utf8(bytes[..end].to_vec()).map_err(|e| e.to_string())?;
        bytes = &bytes[end + 4..];
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no status")?;
        let mut answer = Answer { status, head, body: Vec::new() };
        if status < 200 {
            continue;
        }
        let length = answer.header("content-length").map_or(Ok(0), str::parse).map_err(|_| "no length")?;
        // The answer to HEAD says a length and has no body.
        if length > 0 && !bytes.is_empty() && !bytes.starts_with(b"HTTP/1.") {
            answer.body = bytes.get(..length).ok_or("a body that is cut")?.to_vec();
            bytes = &bytes[length..];
        }
        all.push(answer);
    }
    Ok(all)
}

/// Tries a case; what went wrong, if anything did.
fn try_case(gateway: &Gateway, upstream: &Upstream, case: &Case, number: usize) -> Result<(), String> {
    let before = upstream.seen().len();
    let text = format!("canary-{number}");
    let body = format!(r#"{{"model":"m1","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let canary = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(&case.raw).and_then(|()| stream.write_all(canary.as_bytes()));
    let mut came = Vec::new();
    match stream.read_to_end(&mut came) {
        Ok(_) => {}
        Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(why) => return Err(format!("the connection is not closed: {why}")),
    }
    let answers = answers(&came)?;
    let (seen, asked) = (upstream.seen(), answers.iter().filter(|answer| answer.is_from_model()).count());
    let seen = &seen[before..];
    if seen.len() != asked {
        return Err(format!("{asked} answered, and the upstream has seen {}: {answers:?}", seen.len()));
    }
    let canaries = answers.iter().filter(|answer| answer.says(&text)).count();
    if canaries > 1 || canaries == 1 && !answers.last().is_some_and(|last| last.is_from_model() && last.says(&text)) {
        return Err(format!("the request behind it was taken for something else: {answers:?}"));
    }
    let first = answers.first().filter(|_| answers.len() > canaries).map_or(0, |answer| answer.status);
    let is_met = match case.expect.as_str() {
        "R" => (first == 0 || first >= 400) && canaries == 0 && asked == 0,
        "A" => first == 200,
        "2" => answers.len() == 2 + canaries && answers.iter().all(Answer::is_from_model),
        "*" => true,
        status => Some(first) == status.strip_prefix('E').and_then(|status| status.parse().ok()),
    };
    if is_met { Ok(()) } else { Err(format!("{} was expected: {answers:?}", case.expect)) }
}

fn try_all(cases: &[Case]) {
    // It says what it was asked, so that one answer is told from another.
    let upstream = Upstream::start(|_, seen, stream| {
        let said = seen.json()["messages"][0]["content"].clone();
        let body = serde_json::json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "m1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        });
        stream.write_all(&ok("application/json", &body.to_string())).is_ok()
    });
    // Deadlines that are short enough to wait for, and long enough for a slow machine.
    let rest = "[models.m1]\ntargets = [\"up/m1\"]\n\
                [limits]\nhead_timeout = \"3s\"\nbody_timeout = \"3s\"\nkeep_alive_timeout = \"3s\"\n";
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", rest));
    let failed: Vec<String> = cases
        .iter()
        .enumerate()
        .filter_map(|(n, case)| try_case(&gateway, &upstream, case, n).err().map(|why| format!("{}: {why}", case.name)))
        .collect();
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

#[test]
fn our_own_requests_come_to_what_they_must() {
    let cases = cases(&root().join("host/gateway/tests/corpus/requests.jsonl"));
    assert!(cases.len() >= 80, "only {} cases: is the corpus there?", cases.len());
    try_all(&cases);
}

#[test]
fn shared_requests_come_to_what_they_must_where_they_are_there() {
    let root = root();
    let found =
        root.ancestors().skip(1).map(|folder| folder.join("shared/corpus/requests.jsonl")).find(|f| f.is_file());
    let Some(file) = found else {
        eprintln!("skipped: there is no shared/corpus/requests.jsonl beside the project");
        return;
    };
    let cases = cases(&file);
    assert!(!cases.is_empty());
    try_all(&cases);
}
