//! In what a client is answered.

use http::HeaderMap;
use weir_dialect::view::ClientFraming;
use weir_dialect::{ApiPath, WireFormat};

/// A client that names this reads Anthropic's answers, also at paths that others have, too (`GET /v1/models`).
const ANTHROPIC_VERSION: &str = "anthropic-version";

/// A client that brings its key so reads Gemini's: Google's libraries list models at `/v1/models` as well.
const GOOGLE_KEY: &str = "x-goog-api-key";

/// In what a client is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientLanguage {
    /// How bodies and events are written.
    pub(crate) wire: WireFormat,
    /// How the events of a stream are told apart.
    pub(crate) framing: ClientFraming,
}

impl ClientLanguage {
    /// OpenAI's: whoever asks where there is nothing speaks what most do.
    const OPENAI: Self = Self { wire: WireFormat::Chat, framing: ClientFraming::Sse };

    /// What is read by who asks at a path with this query and these headers.
    pub(crate) fn of(path: Option<&ApiPath<'_>>, query: Option<&str>, headers: &HeaderMap) -> Self {
        let Some(path) = path else { return Self::OPENAI };
        match path.wire {
            WireFormat::Chat if path.reads_models() && headers.contains_key(ANTHROPIC_VERSION) => {
                Self { wire: WireFormat::Messages, ..Self::OPENAI }
            }
            WireFormat::Chat if path.reads_models() && headers.contains_key(GOOGLE_KEY) => {
                Self { wire: WireFormat::GenerateContent, ..Self::OPENAI }
            }
            WireFormat::GenerateContent if !wants_events(query) => {
                Self { wire: path.wire, framing: ClientFraming::JsonArray }
            }
            WireFormat::Converse => Self { wire: path.wire, framing: ClientFraming::EventMessages },
            wire => Self { wire, ..Self::OPENAI },
        }
    }

    /// Whether requests and answers are what plugins see.
    pub(crate) fn is_chat(self) -> bool {
        self.wire == WireFormat::Chat
    }
}

/// Whether a stream of Gemini's is wanted as events (`alt=sse`), and not as one array.
fn wants_events(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"))
}
