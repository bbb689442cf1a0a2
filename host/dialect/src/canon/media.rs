//! Images, sound, documents, what the model thought, and what it rests on.

use super::{CacheMark, JsonText, RawJson, RawMembers};
use crate::wire::Vendor;

/// An image, a recording, a moving picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaBlock {
    /// Where it is.
    pub source: MediaSource,
    /// Its media type, such as `image/png`; none where nobody said.
    pub media_type: Option<JsonText>,
    /// How closely it is to be looked at, in OpenAI's words.
    pub detail: Option<JsonText>,
    /// The provider is to keep what stands up to here in its cache.
    pub cache: Option<CacheMark>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// Where an image, a recording or a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// Here, in base64, without the head of a `data:` URL.
    Base64(JsonText),
    /// At an address.
    Url(JsonText),
    /// At the provider, by its identifier.
    FileId(JsonText),
    /// In a store of the provider's cloud, such as `s3://…` or `gs://…`.
    Store(JsonText),
}

impl MediaSource {
    /// What a URL says: data, with their media type where it is named; a place in a cloud's store; or an address
    /// (RFC 2397 for `data:`; data that are not in base64 stay an address).
    #[must_use]
    pub fn of_url(url: &JsonText) -> (Self, Option<JsonText>) {
        let text = url.text();
        if let Some((head, data)) = text.strip_prefix("data:").and_then(|rest| rest.split_once(','))
            && let Some(kind) = head.strip_suffix(";base64")
        {
            let kind = kind.split(';').next().filter(|kind| !kind.is_empty());
            return (Self::Base64(JsonText::of(data)), kind.map(JsonText::of));
        }
        if text.starts_with("s3://") || text.starts_with("gs://") {
            return (Self::Store(url.clone()), None);
        }
        (Self::Url(url.clone()), None)
    }

    /// The same as a URL, of data with this media type; none for an identifier.
    #[must_use]
    pub fn to_url(&self, media_type: Option<&JsonText>) -> Option<JsonText> {
        match self {
            Self::Base64(data) => {
                let kind = media_type.map(JsonText::text);
                let kind = kind.as_deref().unwrap_or("application/octet-stream");
                Some(JsonText::concat([&JsonText::of(&format!("data:{kind};base64,")), data]))
            }
            Self::Url(url) | Self::Store(url) => Some(url.clone()),
            Self::FileId(_) => None,
        }
    }
}

/// A document or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentBlock {
    /// Where it is.
    pub source: DocumentSource,
    /// Its media type, such as `application/pdf`; none where nobody said.
    pub media_type: Option<JsonText>,
    /// Its name or title.
    pub name: Option<JsonText>,
    /// What is to be known of it.
    pub context: Option<JsonText>,
    /// The model is to say what it takes from it.
    pub cited: Option<bool>,
    /// The provider is to keep what stands up to here in its cache.
    pub cache: Option<CacheMark>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentSource {
    /// As for images.
    Media(MediaSource),
    /// Here, as text.
    Text(JsonText),
    /// Here, as blocks of its wire.
    Blocks(RawJson),
}

/// What the model thought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReasoningBlock {
    /// Its identifier as an item (Responses).
    pub id: Option<JsonText>,
    /// In its own words.
    pub text: Vec<JsonText>,
    /// In short.
    pub summary: Vec<JsonText>,
    /// What the model needs to see again with it.
    pub signature: Option<ThoughtSignature>,
    /// The signature is that of the block behind it, which says nothing of its own here (Gemini).
    pub signs_next: bool,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// What the model needs to see again, word for word, and only its vendor can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThoughtSignature {
    /// Who can read it.
    pub vendor: Vendor,
    /// Which of the vendor's slots it belongs to.
    pub kind: SignatureKind,
    /// As it stood.
    pub value: JsonText,
}

/// Which slot a signature belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// It vouches for the text beside it.
    Signature,
    /// It is all there is of a thought that is not shown (Anthropic's `redacted_thinking`).
    Redacted,
    /// It is the thought itself, encrypted (OpenAI's `encrypted_content`).
    Encrypted,
}

/// What a text rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CitationNote {
    /// What kind of place it names.
    pub kind: CitationKind,
    /// The title of what is cited.
    pub title: Option<JsonText>,
    /// Its address.
    pub url: Option<JsonText>,
    /// The words that are cited.
    pub quote: Option<JsonText>,
    /// Where in the answer's text it applies, in characters, from 0.
    pub start: Option<u64>,
    /// …and where that ends.
    pub end: Option<u64>,
    /// Which wire it came in: there it is written as it stood.
    pub wire: crate::wire::WireFormat,
    /// All of it, as it stood.
    pub raw: RawJson,
}

/// What kind of place a citation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CitationKind {
    /// A page of the web.
    Url,
    /// A file at the provider.
    File,
    /// A page of a document.
    Page,
    /// Characters of a document.
    Char,
    /// A block of a document.
    Block,
    /// A result of a search.
    Search,
}
