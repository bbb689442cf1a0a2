//! What a provider is.

use crate::catalogue::quirks::{Quirk, Quirks};
use crate::catalogue::row::{AuthStyle, CatalogDialect, CatalogRow};
use crate::catalogue::{catalog_row, catalogue, not_asked_yet};
use crate::keys::{ConfigKey, OneOfWords};
use crate::suggest;
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::value::ConfigValue;

/// What a provider is, and so what it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// `openai`: the OpenAI API, as OpenAI and many others offer it.
    OpenAi,
    /// `demo`: Weir answers by itself, without a network, to try things out with.
    Demo,
    /// A name of the catalogue.
    Listed(&'static CatalogRow),
}

impl ProviderKind {
    /// The kind of this name in the configuration; none if there is no such kind.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            OPENAI => Some(Self::OpenAi),
            DEMO => Some(Self::Demo),
            word => catalog_row(word).map(Self::Listed),
        }
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenAi => OPENAI,
            Self::Demo => DEMO,
            Self::Listed(row) => &row.name,
        }
    }

    /// What it speaks.
    #[must_use]
    pub fn dialect(self) -> CatalogDialect {
        match self {
            Self::OpenAi | Self::Demo => CatalogDialect::OpenAi,
            Self::Listed(row) => row.dialect,
        }
    }

    /// How it wants to see its key.
    #[must_use]
    pub fn auth(self) -> AuthStyle {
        match self {
            Self::OpenAi | Self::Demo => AuthStyle::Bearer,
            Self::Listed(row) => row.auth,
        }
    }

    /// Whether it has a model, as a deployment, in its paths, and the version of its API behind them.
    #[must_use]
    pub fn has_deployments(self) -> bool {
        self.quirks().has(Quirk::DeploymentPath)
    }

    /// In what it differs from its dialect. Of a server that is said to speak OpenAI's, whoever it is, nothing is known.
    #[must_use]
    pub fn quirks(self) -> Quirks {
        match self {
            Self::OpenAi | Self::Demo => Quirks::NONE,
            Self::Listed(row) => row.quirks,
        }
    }
}

const OPENAI: &str = "openai";
const DEMO: &str = "demo";

/// What it is, which has to be said.
pub(super) struct KindKey();

impl ConfigKey<ProviderKind> for KindKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: ProviderKind) -> ProviderKind {
        let kind = table.required(key, "give kind = \"openai\", \"demo\", or a provider's name of docs/providers.md");
        kind.and_then(|value| read_kind(&value)).unwrap_or(default)
    }

    fn tell(value: &ProviderKind, key: &str, told: &mut ToldTable) {
        told.open(key, value.word());
    }
}

fn read_kind(value: &ConfigValue<'_>) -> Option<ProviderKind> {
    let text = value.text()?;
    let Some(kind) = ProviderKind::named(&text.value) else {
        let known: Vec<&str> = catalogue().iter().map(|row| &*row.name).chain([DEMO]).collect();
        let near = suggest::nearest(&text.value, &known);
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let fix = format!("{near}it is openai, demo, or a provider's name of docs/providers.md");
        value.problem(format!("{} is not one of its values", text.quote()), fix);
        return None;
    };
    let ProviderKind::Listed(row) = kind else { return Some(kind) };
    if let Some(why) = not_asked_yet(row) {
        // What else stands there is read as if it could be, so that it is held to what it will have to be.
        value.problem(
            format!("`{}` {why}", row.name),
            "use kind = \"openai\" with its OpenAI-compatible base URL, if it has one",
        );
    }
    Some(kind)
}

/// What a provider of the kind `demo` speaks: in which of the dialects it is asked, and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DemoDialect {
    /// `openai`: chat completions and embeddings.
    #[default]
    OpenAi,
    /// `responses`: OpenAI's Responses.
    Responses,
    /// `anthropic`: Messages.
    Anthropic,
    /// `gemini`: `generateContent` and its like.
    Gemini,
    /// `bedrock`: Converse.
    Bedrock,
}

impl OneOfWords for DemoDialect {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("openai", Self::OpenAi),
        ("responses", Self::Responses),
        ("anthropic", Self::Anthropic),
        ("gemini", Self::Gemini),
        ("bedrock", Self::Bedrock),
    ];
}

/// What is done where a provider of another dialect has nothing for a field of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnsupported {
    /// `reject`: the request is refused at this provider.
    Reject,
    /// `drop`: it is left out.
    Drop,
    /// `warn`: it is left out, and the client is told.
    #[default]
    Warn,
}

impl OneOfWords for OnUnsupported {
    const WORDS: &'static [(&'static str, Self)] =
        &[("warn", Self::Warn), ("drop", Self::Drop), ("reject", Self::Reject)];
}

/// What becomes of a provider's answer whose client leaves before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnClientGone {
    /// `cancel`: the provider is told, as far as a closed connection or a reset stream tells.
    #[default]
    Cancel,
    /// `drain`: it is read to its end and sent to nobody, so that what it used is known.
    Drain,
}

impl OneOfWords for OnClientGone {
    const WORDS: &'static [(&'static str, Self)] = &[("cancel", Self::Cancel), ("drain", Self::Drain)];
}

/// When to speak HTTP/2 to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Http2 {
    /// `auto`: over TLS if the provider offers it (ALPN), else HTTP/1.1.
    #[default]
    Auto,
    /// `never`: HTTP/1.1 only.
    Never,
    /// `always`: HTTP/2 only; over plain http by prior knowledge (RFC 9113 section 3.3).
    Always,
}

impl OneOfWords for Http2 {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("never", Self::Never), ("always", Self::Always)];
}
