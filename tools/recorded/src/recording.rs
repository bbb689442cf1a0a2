//! An exchange that really took place.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::events::{self, RecordedEvent};
use crate::find::{bytes, parse};
use crate::member::{number, optional, pairs, string, strings};

/// How far the bytes of a body are those that went over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// As they came over the wire: forms of bytes (blanks, line ends, comments, order of members) may be tested with these only.
    Raw,
    /// The same JSON, written anew by the source; some of those sort members and replace ids, signatures and times.
    Reserialised,
    /// A stream's events without their framing.
    ChunksOnly,
    /// The source does not have the body.
    Absent,
}

impl Fidelity {
    fn of(word: &str) -> Self {
        match word {
            "raw" => Self::Raw,
            "reserialised" => Self::Reserialised,
            "chunks-only" => Self::ChunksOnly,
            "absent" => Self::Absent,
            other => panic!("no such fidelity: {other}"),
        }
    }
}

/// How the bytes of an answer are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedFraming {
    /// One JSON value.
    Json,
    /// Something else that is whole.
    Text,
    /// Server-sent events; an error's JSON where the status is one.
    Sse,
    /// Messages of AWS's event streams (`application/vnd.amazon.eventstream`).
    EventStream,
    /// One JSON value a line.
    JsonLines,
    /// The events of a stream, one JSON value a line, without the framing that they had.
    Chunks,
}

impl RecordedFraming {
    fn of(word: &str) -> Self {
        match word {
            "json" => Self::Json,
            "text" => Self::Text,
            "sse" => Self::Sse,
            "aws-eventstream" => Self::EventStream,
            "ndjson" => Self::JsonLines,
            "chunks" => Self::Chunks,
            other => panic!("no such framing: {other}"),
        }
    }
}

/// Where an exchange stands in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InConversation {
    /// What all exchanges of the conversation have in common.
    pub conversation: String,
    /// The how manieth it is, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// An exchange that really took place. Its bodies are read when they are asked for.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Who answered, as `anthropic` or `azure-foundry`.
    pub provider: String,
    /// What was asked of them, as `messages`, `chat-completions`, `generate-content`, `converse`, `responses`, `cohere-chat-v2`.
    pub endpoint: String,
    /// Its name, which with the provider is its own.
    pub name: String,
    /// Whether the answer was asked for as a stream, and is one if its status is 200.
    pub is_streamed: bool,
    /// How the answer is framed.
    pub framing: RecordedFraming,
    /// The model that was asked, if any is known.
    pub model: Option<String>,
    /// What a script found in both bodies, as `tools`, `tool-call`, `finish:stop`.
    pub features: Vec<String>,
    /// The method of the request.
    pub method: String,
    /// The host that was asked, if the source has it.
    pub host: Option<String>,
    /// The path that was asked; empty where the source does not have it.
    pub path: String,
    /// What followed the path's `?`.
    pub query: Option<String>,
    /// Fields of the request that matter, without those of authentication.
    pub request_headers: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
    /// Fields of the answer that matter.
    pub response_headers: Vec<(String, String)>,
    /// What the bytes of the request are worth.
    pub request_fidelity: Fidelity,
    /// What the bytes of the answer are worth.
    pub response_fidelity: Fidelity,
    /// Where it stands in a conversation, if it does.
    pub exchange: Option<InConversation>,
    /// What there is to say of it, as that it looks as if written by hand.
    pub notes: Vec<String>,
    /// The repository that it comes from.
    pub repository: String,
    /// The licence that it is under.
    pub licence: String,
    request: Option<PathBuf>,
    response: PathBuf,
    decoded: Option<PathBuf>,
}

impl Recording {
    /// Of what `.meta.json` says and the folder that the files are in.
    pub(crate) fn of(meta: &Value, folder: &Path) -> Self {
        let part = |name: &str| meta.get(name).unwrap_or(&Value::Null);
        let (files, fidelity, source) = (part("files"), part("fidelity"), part("source"));
        let exchange = part("conversation");
        let file = |name: &str| optional(files, name).map(|file| folder.join(file));
        let name = string(meta, "name");
        Self {
            provider: string(meta, "provider"),
            endpoint: string(meta, "endpoint"),
            is_streamed: string(meta, "mode") == "stream",
            framing: RecordedFraming::of(&string(meta, "framing")),
            model: optional(meta, "model"),
            features: strings(meta, "features"),
            method: string(meta, "method"),
            host: optional(meta, "host"),
            path: string(meta, "path"),
            query: optional(meta, "query"),
            request_headers: pairs(meta, "request_headers"),
            status: u16::try_from(number(meta, "status")).unwrap_or_default(),
            response_headers: pairs(meta, "response_headers"),
            request_fidelity: Fidelity::of(&string(fidelity, "request")),
            response_fidelity: Fidelity::of(&string(fidelity, "response")),
            exchange: exchange.is_object().then(|| InConversation {
                conversation: string(exchange, "id"),
                number: number(exchange, "exchange"),
                of: number(exchange, "of"),
            }),
            notes: strings(meta, "notes"),
            repository: string(source, "repo"),
            licence: string(source, "licence"),
            request: file("request"),
            response: file("response").unwrap_or_else(|| panic!("{name} has no answer")),
            decoded: file("decoded events"),
            name,
        }
    }

    /// The body that was sent, if there was one and the source has it.
    #[must_use]
    pub fn request(&self) -> Option<Vec<u8>> {
        self.request.as_deref().map(bytes)
    }

    /// The body that was sent, where it is JSON.
    #[must_use]
    pub fn request_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.request()?).ok()
    }

    /// The body of the answer: as it came, where it is [`Fidelity::Raw`]; a line an event, where it is
    /// [`RecordedFraming::Chunks`].
    #[must_use]
    pub fn response(&self) -> Vec<u8> {
        bytes(&self.response)
    }

    /// The answer, where it is one JSON value.
    #[must_use]
    pub fn response_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.response()).ok()
    }

    /// The stream's bytes as server-sent events: as they came, or framed here as the provider frames them where the source
    /// took the framing away. `None` where it is no stream or its provider frames it in another way.
    #[must_use]
    pub fn sse(&self) -> Option<Vec<u8>> {
        match self.framing {
            RecordedFraming::Sse => Some(self.response()),
            RecordedFraming::Chunks if self.endpoint != "converse" => {
                Some(events::framed(&self.endpoint, &self.response()))
            }
            _ => None,
        }
    }

    /// The stream's events, whatever its framing; none where it is no stream, or was answered by an error.
    #[must_use]
    pub fn events(&self) -> Vec<RecordedEvent> {
        if !self.is_streamed || self.status != 200 {
            return Vec::new();
        }
        match self.framing {
            RecordedFraming::Json | RecordedFraming::Text => Vec::new(),
            RecordedFraming::Sse => events::of_sse(&self.response()),
            RecordedFraming::JsonLines => events::of_lines(&self.response()),
            RecordedFraming::Chunks if self.endpoint == "converse" => events::of_unions(&self.response()),
            RecordedFraming::Chunks => events::of_lines(&self.response()),
            RecordedFraming::EventStream => {
                let decoded = self.decoded.as_deref().unwrap_or_else(|| panic!("{self}: not decoded"));
                events::of_messages(&bytes(decoded))
            }
        }
    }

    /// Whether this file is one of its bodies.
    pub(crate) fn has(&self, body: &Path) -> bool {
        self.response == body || self.request.as_deref() == Some(body)
    }

    /// What `.meta.json` says of a file: read by [`crate::all`].
    pub(crate) fn read(meta: &Path) -> Self {
        Self::of(&parse(&bytes(meta), meta), meta.parent().unwrap_or(Path::new("")))
    }
}

/// `provider/endpoint/name`, as its file is called.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.provider, self.endpoint, self.name)
    }
}
