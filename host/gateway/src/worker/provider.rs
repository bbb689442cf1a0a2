//! Providers as a journey needs them, and where each of their models is asked.

use bytes::Bytes;
use http::Uri;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use weir_config::{
    AuthStyle, CatalogDialect, DemoDialect, OnClientGone, OnUnsupported, ProviderConfig, ProviderKind, Quirk, Quirks,
};
use weir_dialect::canon::{FieldLosses, TargetQuirks};
use weir_dialect::{Dialect, Operation, PathStyle, WireFormat};
use weir_upstream::Upstream;

/// A provider, ready to be asked: what a journey needs of a `[providers.NAME]`, with the connections to it.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) name: Arc<str>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) retries: u32,
    pub(crate) ask_usage: bool,
    /// How it is asked to chat.
    wire: WireFormat,
    /// Whether who asks as OpenAI's Responses do is asked for in that.
    responses: bool,
    /// What its paths begin with that its base URL ends in already.
    version: &'static str,
    /// Where its models are asked.
    paths: PathStyle,
    /// In what it differs from whom that wire is of.
    pub(crate) quirks: TargetQuirks,
    /// What is done with what it cannot be told.
    pub(crate) on_unsupported: OnUnsupported,
    /// How often that was.
    pub(crate) lost: Arc<LostFields>,
    /// What becomes of its answers whose clients leave.
    pub(crate) on_client_gone: OnClientGone,
}

impl Provider {
    /// A provider with connections to it.
    pub(super) fn new(from: &ProviderConfig, upstream: Arc<Upstream>, lost: Arc<LostFields>) -> Self {
        let wire = match wire_of(from) {
            WireFormat::Chat if !from.endpoints.chat => WireFormat::Responses,
            wire => wire,
        };
        Self {
            name: from.name.as_str().into(),
            upstream,
            retries: from.retries,
            ask_usage: from.ask_usage,
            wire,
            responses: wire == WireFormat::Chat && from.endpoints.responses,
            version: if from.base_url.ends_with(wire.version()) { wire.version() } else { "" },
            paths: paths(from),
            quirks: quirks(from.kind.quirks()),
            on_unsupported: from.on_unsupported,
            lost,
            on_client_gone: from.on_client_gone,
        }
    }

    /// The body as it goes out, where its paths say a part of it.
    pub(crate) fn last_body(&self, wire: WireFormat, body: Bytes) -> Bytes {
        self.paths.body(wire, body)
    }
}

/// Where a provider's models are asked.
fn paths(from: &ProviderConfig) -> PathStyle {
    if from.kind.has_deployments() {
        return PathStyle::Deployments { api_version: from.api_version.as_str().into() };
    }
    match from.kind.auth() {
        AuthStyle::Gcp => PathStyle::Publishers {
            project: from.cloud.project.as_str().into(),
            location: from.cloud.location.as_str().into(),
        },
        _ => PathStyle::Own,
    }
}

impl Provider {
    /// Where an answer of OpenAI's Responses is that it keeps.
    pub(crate) fn stored_uri(&self, id: &str) -> Option<Uri> {
        self.upstream.uri(&format!("{}/{id}", self.paths.chat(WireFormat::Responses, "", false))).ok()
    }

    /// How it is asked to chat for a client of this wire: in the same one, if it has that.
    pub(crate) fn wire_for(&self, client: WireFormat) -> WireFormat {
        if self.responses && client == WireFormat::Responses { client } else { self.wire }
    }
}

/// How a provider is asked to chat.
fn wire_of(provider: &ProviderConfig) -> WireFormat {
    match (provider.kind, provider.speaks) {
        (ProviderKind::Demo, DemoDialect::OpenAi) => WireFormat::Chat,
        (ProviderKind::Demo, DemoDialect::Responses) => WireFormat::Responses,
        (ProviderKind::Demo, DemoDialect::Anthropic) => WireFormat::Messages,
        (ProviderKind::Demo, DemoDialect::Gemini) => WireFormat::GenerateContent,
        (ProviderKind::Demo, DemoDialect::Bedrock) => WireFormat::Converse,
        (kind, _) => wire(kind.dialect()),
    }
}

/// How one is asked to chat that speaks this.
fn wire(dialect: CatalogDialect) -> WireFormat {
    match dialect {
        CatalogDialect::OpenAi => WireFormat::Chat,
        CatalogDialect::Anthropic => WireFormat::Messages,
        CatalogDialect::Gemini => WireFormat::GenerateContent,
        CatalogDialect::Bedrock => WireFormat::Converse,
        CatalogDialect::Cohere => WireFormat::CohereChat,
        CatalogDialect::Ollama => WireFormat::OllamaChat,
    }
}

/// What of a provider's differences an encoder is told.
fn quirks(of: Quirks) -> TargetQuirks {
    TargetQuirks {
        no_stream_options: of.has(Quirk::NoStreamOptions),
        max_tokens: of.has(Quirk::MaxTokens),
        no_developer: of.has(Quirk::NoDeveloper),
        no_strict: of.has(Quirk::NoStrict),
        no_parallel: of.has(Quirk::NoParallel),
        no_json_schema: of.has(Quirk::NoJsonSchema),
        top_k: of.has(Quirk::TopK),
        reasoning_content: of.has(Quirk::ReasoningContent),
        reasoning: of.has(Quirk::Reasoning),
        tool_ids_9: of.has(Quirk::ToolIds9),
        no_mid_system: of.has(Quirk::NoMidSystem),
        parameters_schema: of.has(Quirk::ParametersSchema),
        no_n: of.has(Quirk::NoN),
        random_seed: of.has(Quirk::RandomSeed),
        thinking_list: of.has(Quirk::ThinkingList),
        known_members: of.has(Quirk::KnownMembers),
        document_url: of.has(Quirk::DocumentUrl),
        prefix: of.has(Quirk::Prefix),
    }
}

/// How often a provider was not told a field, for its dialect has nothing for it. As many fields as the canonical form has.
#[derive(Debug, Default)]
pub(crate) struct LostFields(Mutex<BTreeMap<&'static str, u64>>);

impl LostFields {
    /// Counts those of one request.
    pub(crate) fn count(&self, losses: &FieldLosses) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        losses.known().for_each(|field| *counts.entry(field).or_default() += 1);
    }

    /// All that were counted.
    pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(field, count)| (*field, *count)).collect()
    }
}

/// Where a provider is asked for embeddings: below the API that it speaks, where that has them.
fn embed(provider: &Provider, model: &str) -> Cow<'static, str> {
    let is_openai = matches!(provider.wire, WireFormat::Chat | WireFormat::Responses);
    let elsewhere = if is_openai { None } else { provider.wire.embed_path(model) };
    elsewhere.unwrap_or_else(|| provider.paths.embed(Dialect::OpenAi, model))
}

/// The request targets of a model at its provider, made once for all requests.
#[derive(Debug, Clone)]
pub(crate) struct TargetUris {
    chat: Uri,
    /// Where OpenAI's Responses are, where that is elsewhere.
    responses: Option<Uri>,
    /// Where a stream is asked for elsewhere.
    stream: Option<Uri>,
    embed: Uri,
}

impl TargetUris {
    pub(super) fn new(provider: &Provider, model: &str) -> Result<Self, String> {
        let behind = |path: &str| path.strip_prefix(provider.version).unwrap_or(path).to_owned();
        let uri =
            |path: &str| provider.upstream.uri(&behind(path)).map_err(|e| format!("providers.{}: {e}", provider.name));
        let path = |streaming| provider.paths.chat(provider.wire, model, streaming);
        let (whole, stream) = (path(false), path(true));
        let responses = provider.responses.then(|| uri(&provider.paths.chat(WireFormat::Responses, model, false)));
        Ok(Self {
            responses: responses.transpose()?,
            chat: uri(&whole)?,
            stream: if whole == stream { None } else { Some(uri(&stream)?) },
            embed: uri(&embed(provider, model))?,
        })
    }

    /// Where this is asked in this wire, for a stream or not.
    pub(crate) fn of(&self, operation: Operation, wire: WireFormat, streaming: bool) -> Uri {
        if let (WireFormat::Responses, Some(responses)) = (wire, &self.responses) {
            return responses.clone();
        }
        match (operation, &self.stream) {
            (Operation::Chat, Some(stream)) if streaming => stream.clone(),
            (Operation::Chat, _) => self.chat.clone(),
            (Operation::Embed, _) => self.embed.clone(),
        }
    }
}
