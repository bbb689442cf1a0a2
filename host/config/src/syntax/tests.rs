use super::{Slip, explain};
use toml::de::DeTable;

/// What is said of the first line of a text that is no TOML.
fn said(text: &str) -> Slip {
    let error = DeTable::parse(text).unwrap_err();
    let at = error.span().map_or(0, |span| span.start.min(text.len().saturating_sub(1)));
    let line = text[..at].matches('\n').count() + 1;
    explain(text, u32::try_from(line).unwrap(), error.message())
}

#[test]
fn what_may_be_a_secret_is_not_repeated() {
    for text in [
        "api_key = s3cret-value",
        "hash = s3cret-value",
        "listen = sk-s3cret",
        "targets = [sk-s3cret]",
        "pepper = \"s3cret",
        "pepper = “s3cret”",
        "pepper: s3cret",
        "s3cret pepper",
        "headers = { a: s3cret }",
        "keys = [s3cret]",
        "s3cretbase64==",
        "base_url = https://u:s3cret@host",
    ] {
        let Slip { what, fix } = said(text);
        let told = format!("{what}; {fix}");
        assert!(!told.contains("s3cret"), "{text}: {told}");
        assert!(!fix.contains("toml.io"), "{text}: {told}");
    }
}

#[test]
fn whatever_is_cut_off_anywhere_is_explained_without_a_panic() {
    let text = include_str!("../../../../config/weir.toml");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        if let Err(error) = DeTable::parse(&text[..end]) {
            for line in [0, 1, 7, u32::MAX] {
                let slip = explain(&text[..end], line, error.message());
                assert!(!slip.what.is_empty() && !slip.fix.is_empty());
            }
        }
    }
}
