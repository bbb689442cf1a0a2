use std::collections::BTreeSet;

use super::quirks::{Quirk, Quirks};
use super::row::{AuthStyle, CatalogDialect};
use super::set::CatalogWord as _;
use super::{PROVIDERS, ProviderFile, catalog_row, catalogue, not_asked_yet};
use crate::url::base_url;

fn read(text: &str) -> Result<ProviderFile, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn every_row_of_the_providers_is_read_and_they_are_sorted_by_unique_names() {
    let file = read(PROVIDERS).unwrap();
    assert_eq!(file.provider, catalogue());
    assert!(catalogue().len() >= 40, "{}", catalogue().len());
    assert!(catalogue().is_sorted_by(|one, next| one.name < next.name));
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    for row in catalogue() {
        assert!(row.name.chars().all(is_name) && row.name.len() <= 32, "{}", row.name);
        assert_eq!(catalog_row(&row.name), Some(row));
    }
    assert_eq!(catalog_row("groc"), None);
    assert_eq!(catalog_row("demo"), None, "it is built in");
}

#[test]
fn every_row_has_a_base_url_that_can_be_dialled_once_its_braces_are_filled_in() {
    for row in catalogue() {
        let name = &row.name;
        let form = row.base_url_form().replace(":{port}", ":80");
        let filled = |part: &str| part.split_once('}').map_or(part.to_owned(), |(_, rest)| format!("a{rest}"));
        let filled: String = form.split('{').map(filled).collect();
        let url = base_url(&filled).unwrap_or_else(|fault| panic!("{name}: {filled} {fault}"));
        assert_eq!(url.text, filled, "{name}: without a slash at its end");
        assert!(!url.plain || url.loopback, "{name}: https, unless it is this machine");
        assert_eq!(row.base_url().is_some(), !row.base_url_form().contains('{'), "{name}");
    }
}

#[test]
fn every_row_says_which_variables_hold_its_key_where_it_demands_one_and_where_it_comes_from() {
    let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    for row in catalogue() {
        let name = &row.name;
        assert_eq!(row.key_env.is_empty(), row.auth == AuthStyle::None, "{name}");
        assert_eq!(row.demands_key(), row.auth != AuthStyle::None, "{name}");
        assert!(row.key_env.iter().all(|key| key.chars().all(is_variable)), "{name}");
        assert!(row.key_env.iter().collect::<BTreeSet<_>>().len() == row.key_env.len(), "{name}");
        assert!(!row.endpoints.is_empty() && !row.source.is_empty(), "{name}");
        let endpoints: BTreeSet<&str> = row.endpoints.iter().map(|endpoint| endpoint.word()).collect();
        assert_eq!(endpoints.len(), row.endpoints.len(), "{name}");
    }
}

#[test]
fn every_kind_that_is_promised_has_a_row() {
    for name in
        ["openai", "azure", "anthropic", "gemini", "vertex", "bedrock", "cohere", "mistral", "ollama", "groq", "vllm"]
    {
        assert!(catalog_row(name).is_some(), "{name}");
    }
}

#[test]
fn a_row_with_an_unknown_key_word_or_quirk_is_refused() {
    let row = |line: &str| {
        read(&format!(
            "[[provider]]\nname = \"a\"\ndialect = \"openai\"\nbase_url = \"https://a.example/v1\"\nauth = \"bearer\"\nkey_env = [\"A\"]\nendpoints = [\"chat\"]\nsource = \"x\"\n{line}"
        ))
    };
    assert_eq!(row("").map(|file| file.provider[0].quirks), Ok(Quirks::NONE));
    for (line, fault) in
        [("colour = 1", "colour"), ("quirks = [\"no_such\"]", "no_such"), ("quirks = \"no_n\"", "string")]
    {
        assert!(row(line).err().unwrap().contains(fault), "{line}");
    }
    assert!(read("[[model]]\n").is_err());
}

#[test]
fn a_set_of_quirks_has_what_was_put_into_it_and_nothing_else() {
    assert_eq!(Quirk::ALL.len(), 24);
    for quirk in Quirk::ALL {
        let one = Quirks::NONE.with(*quirk);
        assert!(one.has(*quirk) && !Quirks::NONE.has(*quirk));
        assert_eq!(one.iter().collect::<Vec<_>>(), [*quirk]);
        assert!(!quirk.says().is_empty() && !quirk.word().is_empty());
    }
    let two = Quirks::from_iter([Quirk::TopK, Quirk::NoN, Quirk::TopK]);
    assert_eq!(two.iter().collect::<Vec<_>>(), [Quirk::TopK, Quirk::NoN]);
    assert_eq!(Quirk::ALL.iter().copied().collect::<Quirks>().iter().count(), 24);
    assert_eq!(size_of::<Quirks>(), 4);
}

#[test]
fn who_speaks_a_dialect_that_is_known_and_takes_its_key_as_that_does_can_be_asked_and_nobody_else_yet() {
    for row in catalogue() {
        let can = match row.dialect {
            CatalogDialect::OpenAi => matches!(row.auth, AuthStyle::Bearer | AuthStyle::ApiKey | AuthStyle::None),
            CatalogDialect::Anthropic => matches!(row.auth, AuthStyle::XApiKey | AuthStyle::Gcp),
            CatalogDialect::Gemini => matches!(row.auth, AuthStyle::XGoogApiKey | AuthStyle::Gcp),
            CatalogDialect::Bedrock => row.auth == AuthStyle::SigV4,
            CatalogDialect::Cohere => row.auth == AuthStyle::Bearer,
            CatalogDialect::Ollama => matches!(row.auth, AuthStyle::Bearer | AuthStyle::None),
        };
        assert_eq!(not_asked_yet(row).is_none(), can, "{}", row.name);
        assert_eq!(row.quirks.has(Quirk::DeploymentPath), row.auth == AuthStyle::ApiKey, "{}: Azure's", row.name);
    }
    for (name, can) in
        [("anthropic", true), ("azure", true), ("gemini", true), ("bedrock", true), ("vertex", true), ("cohere", true)]
    {
        assert_eq!(not_asked_yet(catalog_row(name).unwrap()).is_none(), can, "{name}");
    }
}
