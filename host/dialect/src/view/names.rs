//! What in a view is called otherwise than in chat, so that no name collides with one of chat's own.

use crate::canon::RawJson;
use crate::wire::WireFormat;

/// Members of blocks that chat reads as files or their addresses: within blocks that chat does not know they have another name,
/// for text in them would be taken for bytes.
const FILES: [&str; 16] = [
    "source",
    "file",
    "image",
    "audio",
    "video",
    "image_url",
    "audio_url",
    "video_url",
    "file_url",
    "file_data",
    "b64_json",
    "input_audio",
    "inlineData",
    "inline_data",
    "signature",
    "encrypted_content",
];

/// Members whose value is a word of the wire, an identifier, or what only the provider can read, each with the reason for
/// which it is not shown where it stands alone. One that has anything else in it, be it one space, is shown all the same.
pub(super) const UNSHOWN: [(&str, &str); 27] = [
    ("id", "an identifier"),
    ("type", "which form the object has; a view says it in chat's word"),
    ("role", "who speaks; a view says it in chat's word"),
    ("model", "which model; a view says it, too"),
    ("status", "how a call or an item stands, one of three words"),
    ("mode", "whether tools may be called, one of a few words"),
    ("mimeType", "what kind of bytes follow"),
    ("mime_type", "what kind of bytes follow"),
    ("media_type", "what kind of bytes follow"),
    ("responseMimeType", "whether the answer is JSON"),
    ("response_mime_type", "whether the answer is JSON"),
    ("format", "what kind of bytes follow"),
    ("data", "bytes of an image, a recording or a document, or a thought that only its vendor reads"),
    ("bytes", "bytes of an image, a recording or a document"),
    ("signature", "what vouches for a thought, which only its vendor reads"),
    ("thoughtSignature", "what vouches for a thought, which only its vendor reads"),
    ("thought_signature", "what vouches for a thought, which only its vendor reads"),
    ("encrypted_content", "a thought that only its vendor reads"),
    ("encrypted_index", "what only its vendor reads"),
    ("redactedContent", "a thought that only its vendor reads"),
    ("object", "which form the object has"),
    ("stop_reason", "why the answer ended; a view says it in chat's word"),
    ("stopReason", "why the answer ended; a view says it in chat's word"),
    ("finishReason", "why the answer ended; a view says it in chat's word"),
    ("include", "which members the answer is to have"),
    ("modality", "what kind of tokens were counted"),
    ("createTime", "when the answer was made"),
];

/// What the names of a wire's own members begin with in a view.
pub(super) fn prefix(wire: WireFormat) -> &'static str {
    match wire {
        WireFormat::Chat => "chat",
        WireFormat::Responses => "responses",
        WireFormat::Messages => "anthropic",
        WireFormat::GenerateContent => "gemini",
        WireFormat::Converse => "bedrock",
        WireFormat::CohereChat => "cohere",
        WireFormat::OllamaChat => "ollama",
    }
}

/// The member in which this wire marks what is to be kept in the cache.
pub(super) fn cache_member(wire: WireFormat) -> &'static str {
    match wire {
        WireFormat::Responses => "prompt_cache_breakpoint",
        WireFormat::Converse => "cachePoint",
        WireFormat::Chat
        | WireFormat::Messages
        | WireFormat::GenerateContent
        | WireFormat::CohereChat
        | WireFormat::OllamaChat => "cache_control",
    }
}

/// The name in the wire of a member that a view has; none if it is one of chat's own.
pub(super) fn own_name(wire: WireFormat, name: &[u8]) -> Option<&[u8]> {
    name.strip_prefix(prefix(wire).as_bytes())?.strip_prefix(b".")
}

/// Whether a member of a block that chat does not know must have another name there: it, or something within it, has the name of
/// a file.
pub(super) fn is_file(name: &[u8], value: &RawJson) -> bool {
    let is_within = |file: &str| memchr::memmem::find(value.bytes(), file.as_bytes()).is_some();
    FILES.iter().any(|file| file.as_bytes() == name || (value.text().is_none() && is_within(file)))
}

/// Whether a member has nothing that a model or a user reads.
pub(super) fn is_unshown(name: &[u8], value: &RawJson) -> bool {
    UNSHOWN.iter().any(|(known, _)| known.as_bytes() == name)
        && value.text().is_some_and(|text| is_opaque(text.escaped()))
}

/// Whether it is one word, be it as long as bytes in base64 are.
pub(super) fn is_opaque(content: &[u8]) -> bool {
    content.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.:$;".contains(byte))
}
