//! What a part holds.

use crate::canon::{JsonText, RawMembers, ServerToolKind};

/// Members of a part that say what it holds, in Google's words, and of tools that run at Google which half it is. Source: Gemini
/// API reference, `Part`, and Vertex AI's.
const SERVER_TOOLS: [(&str, ServerToolKind, &str); 4] = [
    ("executableCode", ServerToolKind::Call, "codeExecution"),
    ("codeExecutionResult", ServerToolKind::Result, "codeExecution"),
    ("toolCall", ServerToolKind::Call, "toolCall"),
    ("toolResponse", ServerToolKind::Result, "toolCall"),
];

/// Members beside which a part may hold something.
const BESIDE: [&str; 5] = ["thought", "thoughtSignature", "videoMetadata", "partMetadata", "mediaResolution"];

/// Members that hold something that is carried elsewhere.
const HELD: [&str; 5] = ["text", "functionCall", "functionResponse", "inlineData", "fileData"];

/// What a part is called that holds nothing.
pub(super) const NOTHING: &str = "part";

/// The half and the tool of a part of one that runs at Google.
pub(super) fn server_tool(part: &RawMembers) -> Option<(ServerToolKind, &'static str)> {
    SERVER_TOOLS.iter().find(|(name, ..)| part.get(name).is_some()).map(|(_, kind, tool)| (*kind, *tool))
}

/// Whether these are a part of Google's, rather than another wire's block.
pub(super) fn is_part(members: &RawMembers) -> bool {
    HELD.iter().chain(SERVER_TOOLS.iter().map(|(name, ..)| name)).any(|name| members.get(name).is_some())
        && members.get("type").is_none()
}

/// What a part of another kind is called: by its first member that is not beside something else.
pub(super) fn name(part: &RawMembers) -> Box<str> {
    let mut names = part.iter().filter_map(|(name, _)| std::str::from_utf8(name).ok());
    names.find(|name| !BESIDE.contains(name)).unwrap_or(NOTHING).into()
}

/// What media of a type are to be shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShownAs {
    Image,
    Audio,
    Video,
    Document,
}

impl ShownAs {
    /// By their media type (RFC 6838); documents where it says nothing else.
    pub(super) fn of(media_type: Option<&JsonText>) -> Self {
        let Some(text) = media_type.map(JsonText::text) else { return Self::Document };
        match text.split_once('/').map(|(kind, _)| kind.to_ascii_lowercase()).as_deref() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::Document,
        }
    }
}
