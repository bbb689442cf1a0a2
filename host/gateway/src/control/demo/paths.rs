//! What is asked of the demo provider by which path.

use crate::control::demo::spoken::{CHAT, CONVERSE, GENERATE, MESSAGES, RESPONSES, SpokenWire};
use http::Method;

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DemoCall {
    /// Which models there are.
    Models,
    /// A conversation is to go on.
    Converse(PathSays),
    /// How long a conversation is, in tokens.
    Count(PathSays),
    /// Vectors, as OpenAI has them.
    Embed,
    /// Vectors, as Gemini has them: one, or several.
    EmbedContent { one: bool },
}

/// In which wire a conversation comes, and what the path says of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathSays {
    pub(super) wire: &'static SpokenWire,
    /// The model; empty where the body says it.
    pub(super) model: String,
    /// Whether the path asks for a stream.
    pub(super) streaming: bool,
    /// Whether the events of a stream are the elements of one array (Gemini without `alt=sse`).
    pub(super) array: bool,
}

impl DemoCall {
    /// What a method and a path ask, be it with the version in front that a dialect's SDK puts there or without; else the wire
    /// that such a path is most likely of.
    pub(super) fn find(method: &Method, path: &str, query: Option<&str>) -> Result<Self, &'static SpokenWire> {
        let versioned = ["/v1beta", "/v1"].into_iter().find_map(|version| path.strip_prefix(version));
        let path = versioned.filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let of = |wire| PathSays { wire, model: String::new(), streaming: false, array: false };
        match (method, path) {
            (&Method::GET, "/models") => Ok(Self::Models),
            (&Method::POST, "/chat/completions") => Ok(Self::Converse(of(&CHAT))),
            (&Method::POST, "/embeddings") => Ok(Self::Embed),
            (&Method::POST, "/responses") => Ok(Self::Converse(of(&RESPONSES))),
            (&Method::POST, "/messages") => Ok(Self::Converse(of(&MESSAGES))),
            (&Method::POST, "/messages/count_tokens") => Ok(Self::Count(of(&MESSAGES))),
            (&Method::POST, path) => by_model(path, query),
            (_, path) => Err(likely(path)),
        }
    }
}

/// What is asked by a path that names the model.
fn by_model(path: &str, query: Option<&str>) -> Result<DemoCall, &'static SpokenWire> {
    let nothing = || likely(path);
    if let Some((model, verb)) = path.strip_prefix("/models/").and_then(|rest| rest.rsplit_once(':')) {
        let is_sse = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
        let of = |streaming| PathSays { wire: &GENERATE, model: decoded(model), streaming, array: !is_sse };
        return match verb {
            "generateContent" => Ok(DemoCall::Converse(of(false))),
            "streamGenerateContent" => Ok(DemoCall::Converse(of(true))),
            "countTokens" => Ok(DemoCall::Count(of(false))),
            "embedContent" => Ok(DemoCall::EmbedContent { one: true }),
            "batchEmbedContents" => Ok(DemoCall::EmbedContent { one: false }),
            _ => Err(nothing()),
        };
    }
    let (model, verb) = path.strip_prefix("/model/").and_then(|rest| rest.rsplit_once('/')).ok_or_else(nothing)?;
    let of = |streaming| PathSays { wire: &CONVERSE, model: decoded(model), streaming, array: false };
    match verb {
        "converse" => Ok(DemoCall::Converse(of(false))),
        "converse-stream" => Ok(DemoCall::Converse(of(true))),
        _ => Err(nothing()),
    }
}

/// Whose clients ask by such a path.
fn likely(path: &str) -> &'static SpokenWire {
    let begins = |word: &str| path.starts_with(word);
    if begins("/messages") {
        &MESSAGES
    } else if begins("/models/") {
        &GENERATE
    } else if begins("/model/") {
        &CONVERSE
    } else {
        &CHAT
    }
}

/// A segment of a path without its percent-encoding (RFC 3986 section 2.1).
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = after.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn found(path: &str) -> Result<DemoCall, &'static SpokenWire> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        DemoCall::find(&Method::POST, path, query)
    }

    #[test]
    fn each_dialect_is_asked_at_the_paths_of_its_own_libraries() {
        let says = |wire, model: &str, streaming, array| PathSays { wire, model: model.to_owned(), streaming, array };
        for path in ["/v1/chat/completions", "/chat/completions"] {
            assert_eq!(found(path), Ok(DemoCall::Converse(says(&CHAT, "", false, false))));
        }
        assert_eq!(found("/v1/responses"), Ok(DemoCall::Converse(says(&RESPONSES, "", false, false))));
        assert_eq!(found("/v1/messages?beta=true"), Ok(DemoCall::Converse(says(&MESSAGES, "", false, false))));
        assert_eq!(found("/v1/messages/count_tokens"), Ok(DemoCall::Count(says(&MESSAGES, "", false, false))));
        let gemini = |verb: &str| found(&format!("/v1beta/models/a%2Fb:{verb}"));
        assert_eq!(gemini("generateContent"), Ok(DemoCall::Converse(says(&GENERATE, "a/b", false, true))));
        let sse = Ok(DemoCall::Converse(says(&GENERATE, "a/b", true, false)));
        assert_eq!(gemini("streamGenerateContent?key=k&alt=sse"), sse);
        assert_eq!(gemini("streamGenerateContent"), Ok(DemoCall::Converse(says(&GENERATE, "a/b", true, true))));
        assert_eq!(gemini("batchEmbedContents"), Ok(DemoCall::EmbedContent { one: false }));
        let bedrock = says(&CONVERSE, "arn:aws:b/c 1:0%", true, false);
        assert_eq!(found("/model/arn%3Aaws:b%2Fc%201:0%/converse-stream"), Ok(DemoCall::Converse(bedrock)));
    }

    #[test]
    fn what_is_nowhere_is_refused_in_the_words_of_whoever_asks_there() {
        for (path, wire) in [
            ("/v1/completions", &CHAT),
            ("/v1/messages/batches", &MESSAGES),
            ("/v1beta/models/m:predict", &GENERATE),
            ("/model/m/invoke", &CONVERSE),
            ("/v1models", &CHAT),
        ] {
            assert_eq!(found(path), Err(wire), "{path}");
        }
    }
}
