//! What is known of models: how much they take and give, of what kinds, and what they can.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::names::model_names;
use super::set::{CatalogSet, CatalogWord, words};

const MODELS: &str = include_str!("../../../../config/catalog/models.toml");

words! {
    /// What a model takes or gives.
    Modality {
        /// Text.
        Text = "text",
        /// Pictures.
        Image = "image",
        /// Sound.
        Audio = "audio",
        /// Films.
        Video = "video",
        /// Documents in PDF.
        Pdf = "pdf",
        /// Vectors, which an embedding model gives.
        Embedding = "embedding",
    }
}

words! {
    /// What a model can do beside answering.
    ModelAbility {
        /// Call tools.
        Tools = "tools",
        /// Answer as a JSON schema demands.
        Schema = "schema",
        /// Think before it answers.
        Reasoning = "reasoning",
        /// Have the beginning of a prompt kept, for less money.
        Cache = "cache",
    }
}

/// What is known of a model. Where nothing is known of a part it is none, or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct ModelFact {
    /// Tokens of a request and its answer together, at least 1.
    pub context: Option<u32>,
    /// Tokens of an answer, at least 1; none as well for models that do not answer in tokens.
    pub output: Option<u32>,
    /// What it takes.
    #[serde(default)]
    pub input: CatalogSet<Modality>,
    /// What it gives.
    #[serde(default)]
    pub gives: CatalogSet<Modality>,
    /// What it can do.
    #[serde(default)]
    pub can: CatalogSet<ModelAbility>,
}

impl ModelFact {
    /// Whether it makes vectors, and no answers.
    #[must_use]
    pub fn embeds(self) -> bool {
        self.gives.has(Modality::Embedding)
    }

    /// What holds of either, for whom one as well as the other may answer: the lesser of each number, and what both have.
    #[must_use]
    pub fn of_either(self, other: Self) -> Self {
        let least = |one: Option<u32>, other: Option<u32>| one.into_iter().chain(other).min();
        Self {
            context: least(self.context, other.context),
            output: least(self.output, other.output),
            input: self.input.both(other.input),
            gives: self.gives.both(other.gives),
            can: self.can.both(other.can),
        }
    }
}

/// `[[model]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelRow {
    name: Box<str>,
    context: Option<u32>,
    output: Option<u32>,
    input: CatalogSet<Modality>,
    /// Text alone where it is left out.
    gives: Option<CatalogSet<Modality>>,
    #[serde(default)]
    can: CatalogSet<ModelAbility>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    model: Vec<ModelRow>,
}

// The text is part of the program, and a test reads it: there is nobody to tell of a fault here.
static FACTS: LazyLock<HashMap<Box<str>, ModelFact>> = LazyLock::new(|| {
    let rows = toml::from_str::<ModelFile>(MODELS).unwrap_or_default().model;
    rows.into_iter()
        .map(|ModelRow { name, context, output, input, gives, can }| {
            let gives = gives.unwrap_or_else(|| CatalogSet::NONE.with(Modality::Text));
            let key = model_names(&name).swap_remove(0);
            (key.into_boxed_str(), ModelFact { context, output, input, gives, can })
        })
        .collect()
});

/// What is known of a model by the name that a provider has for it: as it stands, then without what providers put before it
/// (`us.anthropic.`, `meta-llama/`, `models/`), then without what they put behind it (a date, `-v1:0`, `-latest`). Case makes
/// no difference, nor whether a dot or a dash stands in a version. None for a model that the catalogue does not have.
#[must_use]
pub fn model_fact(name: &str) -> Option<ModelFact> {
    model_names(name).iter().find_map(|name| FACTS.get(name.as_str()).copied())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
