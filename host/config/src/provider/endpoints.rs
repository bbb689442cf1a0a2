//! `endpoints`: which of OpenAI's ways to converse a provider has.

use super::kind::ProviderKind;
use crate::catalogue::row::{CatalogDialect, CatalogEndpoint};
use crate::keys::{ConfigKey, OneOfWords};
use crate::table::ConfigTable;
use crate::told::{self, ToldTable};

/// Which of OpenAI's ways to converse a provider has; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderEndpoints {
    /// Chat completions.
    pub chat: bool,
    /// Responses.
    pub responses: bool,
}

impl ProviderEndpoints {
    /// What providers of this kind have. Of a server that is said to speak OpenAI's, whoever it is, both are believed.
    pub(super) fn of(kind: ProviderKind) -> Self {
        match kind {
            ProviderKind::OpenAi | ProviderKind::Demo => Self { chat: true, responses: true },
            ProviderKind::Listed(row) => {
                let responses = row.endpoints.contains(&CatalogEndpoint::Responses);
                Self { chat: row.endpoints.contains(&CatalogEndpoint::Chat) || !responses, responses }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndpointWord {
    Chat,
    Responses,
}

impl OneOfWords for EndpointWord {
    const WORDS: &'static [(&'static str, Self)] = &[("chat", Self::Chat), ("responses", Self::Responses)];
}

/// Which it has, where that is not what its kind has.
pub(super) struct EndpointsKey(pub(super) ProviderKind);

impl ConfigKey<ProviderEndpoints> for EndpointsKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: ProviderEndpoints) -> ProviderEndpoints {
        let Some(value) = table.value(key) else { return default };
        if self.0.dialect() != CatalogDialect::OpenAi {
            let word = self.0.word();
            value.problem(format!("is for providers of OpenAI's dialect, and \"{word}\" speaks its own"), "remove it");
            return default;
        }
        let Some(items) = value.items() else { return default };
        let mut said = ProviderEndpoints { chat: false, responses: false };
        for word in items.iter().filter_map(|item| item.choice(EndpointWord::WORDS)) {
            match word {
                EndpointWord::Chat => said.chat = true,
                EndpointWord::Responses => said.responses = true,
            }
        }
        if items.is_empty() {
            value.problem("names none", "give [\"chat\"], [\"responses\"] or both");
        }
        if said.chat || said.responses { said } else { default }
    }

    fn tell(value: &ProviderEndpoints, key: &str, told: &mut ToldTable) {
        let words = [(value.chat, EndpointWord::Chat), (value.responses, EndpointWord::Responses)];
        let words = words.into_iter().filter(|(has, _)| *has).map(|(_, word)| format!("\"{}\"", word.word()));
        told.open(key, told::list(words));
    }
}
