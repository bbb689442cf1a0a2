//! What is known of providers and models before anybody configures one: tables that come with the program.
//!
//! `config/catalog/providers.toml` has a row for each provider that `kind` can name, `config/catalog/models.toml` one for
//! each model whose facts are known. Either is read once, when something first asks for it, and never written to.

use std::sync::LazyLock;

use serde::Deserialize;

pub(crate) mod models;
pub(crate) mod names;
pub(crate) mod quirks;
pub(crate) mod row;
pub(crate) mod set;

use row::{AuthStyle, CatalogDialect, CatalogRow};

const PROVIDERS: &str = include_str!("../../../config/catalog/providers.toml");

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    provider: Vec<CatalogRow>,
}

// The text is part of the program, and a test reads it: there is nobody to tell of a fault here.
static ROWS: LazyLock<Vec<CatalogRow>> =
    LazyLock::new(|| toml::from_str::<ProviderFile>(PROVIDERS).unwrap_or_default().provider);

/// Every provider that `kind` can name, sorted by name.
#[must_use]
pub fn catalogue() -> &'static [CatalogRow] {
    &ROWS
}

/// The row of this name; none if there is no such provider.
#[must_use]
pub fn catalog_row(name: &str) -> Option<&'static CatalogRow> {
    let place = ROWS.binary_search_by(|row| (*row.name).cmp(name)).ok()?;
    ROWS.get(place)
}

/// Why the gateway cannot ask this provider yet, in words that follow its name; none where it can. What is missing here is
/// known to the catalogue and refused by the configuration, so that nobody finds out by a request.
#[must_use]
pub fn not_asked_yet(row: &CatalogRow) -> Option<&'static str> {
    match (row.dialect, row.auth) {
        (CatalogDialect::Anthropic, AuthStyle::XApiKey | AuthStyle::Gcp)
        | (CatalogDialect::Gemini, AuthStyle::XGoogApiKey | AuthStyle::Gcp)
        | (CatalogDialect::Cohere, AuthStyle::Bearer)
        | (CatalogDialect::Ollama, AuthStyle::Bearer | AuthStyle::None)
        | (CatalogDialect::Bedrock, AuthStyle::SigV4)
        | (CatalogDialect::OpenAi, AuthStyle::Bearer | AuthStyle::ApiKey | AuthStyle::None) => None,
        _ => Some("takes its key in a way that cannot be asked yet"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
