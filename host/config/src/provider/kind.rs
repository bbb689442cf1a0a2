//! What a provider speaks.

use crate::keys::{ConfigKey, OneOfWords};
use crate::table::ConfigTable;
use crate::told::ToldTable;

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// `openai`: the OpenAI API, as OpenAI and many others offer it.
    OpenAi,
    /// `demo`: Weir answers by itself, without a network, to try things out with.
    Demo,
}

impl OneOfWords for ProviderKind {
    const WORDS: &'static [(&'static str, Self)] = &[("openai", Self::OpenAi), ("demo", Self::Demo)];
}

/// What it speaks, which has to be said.
pub(super) struct KindKey();

impl ConfigKey<ProviderKind> for KindKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: ProviderKind) -> ProviderKind {
        let kind = table.required(key, "give kind = \"openai\" or \"demo\"");
        kind.and_then(|value| value.choice(ProviderKind::WORDS)).unwrap_or(default)
    }

    fn tell(value: &ProviderKind, key: &str, told: &mut ToldTable) {
        told.open(key, value.word());
    }
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
