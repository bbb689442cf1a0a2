//! docs/providers.md shows the catalogue as it is.

use std::path::Path;

use weir_config::{AuthStyle, CatalogRow, CatalogWord as _, Quirk, catalogue, not_asked_yet};

/// Words between back quotes, one after another.
fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn row(row: &CatalogRow) -> String {
    let key = match row.auth {
        AuthStyle::None => "none".to_owned(),
        _ => quoted(row.key_env.iter().map(|name| &**name)),
    };
    let asked = if not_asked_yet(row).is_some() { "not yet" } else { "yes" };
    let endpoints = row.endpoints.iter().map(|endpoint| endpoint.word()).collect::<Vec<_>>().join(", ");
    let quirks = row.quirks.iter().map(Quirk::word).collect::<Vec<_>>().join(", ");
    let (name, dialect, url) = (&row.name, row.dialect.word(), row.base_url_form());
    format!("| `{name}` | {asked} | {dialect} | `{url}` | {key} | {endpoints} | {quirks} |\n")
}

/// The page with this between the markers of a part.
fn with(page: &str, part: &str, text: &str) -> String {
    let begin = page.find(&format!("<!-- {part}: ")).unwrap();
    let begin = begin + page[begin..].find("-->\n").unwrap() + "-->\n".len();
    let end = page.find(&format!("<!-- /{part} -->")).unwrap();
    format!("{}{text}{}", &page[..begin], &page[end..])
}

#[test]
fn the_page_of_providers_shows_every_row_of_the_catalogue_and_every_quirk() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/providers.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let mut providers =
        "\n| `kind` | can be asked | dialect | base URL | key | endpoints | quirks |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    providers.extend(catalogue().iter().map(row));
    let mut quirks = "\n| quirk | such a provider |\n|---|---|\n".to_owned();
    quirks.extend(Quirk::ALL.iter().map(|quirk| format!("| `{}` | {} |\n", quirk.word(), quirk.says())));
    let wanted = with(&with(&page, "providers", &format!("{providers}\n")), "quirks", &format!("{quirks}\n"));
    if std::env::var_os("WEIR_BLESS").is_some() {
        std::fs::write(&file, &wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/providers.md is not what the catalogue says: run this test with WEIR_BLESS=1");
    }
}
