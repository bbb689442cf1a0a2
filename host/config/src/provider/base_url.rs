//! `base_url`: where a provider is.

use super::cloud::CloudSettings;
use super::kind::ProviderKind;
use crate::catalogue::not_asked_yet;
use crate::catalogue::quirks::{Quirk, Quirks};
use crate::catalogue::row::{AuthStyle, CatalogDialect, CatalogRow};
use crate::keys::ConfigKey;
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::url::{self, BaseUrl};
use crate::value::{ConfigValue, ExpandedText};

/// Where a provider of this kind is.
pub(super) struct BaseUrlKey<'a>(pub(super) ProviderKind, pub(super) &'a CloudSettings);

impl ConfigKey<String> for BaseUrlKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        match (self.0, table.value(key)) {
            (ProviderKind::Demo, _) => default,
            (kind, Some(value)) => read_base_url(&value, kind),
            (ProviderKind::OpenAi, None) => OPENAI.to_owned(),
            (ProviderKind::Listed(row), None) if matches!(row.auth, AuthStyle::SigV4 | AuthStyle::Gcp) => {
                of_cloud(row, self.1)
            }
            (ProviderKind::Listed(row), None) => match row.base_url() {
                Some(url) => with_prefix(url.to_owned(), row.quirks),
                None => {
                    // Of a kind that is refused one thing is said, and this would be another.
                    if not_asked_yet(row).is_none() {
                        let fix = format!("give it, with what stands between braces: \"{}\"", row.base_url_form());
                        table.source.problem(&table.at_of(key), "is missing", fix);
                    }
                    default
                }
            },
        }
    }

    fn tell(value: &String, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

/// Where a cloud is asked in this region or location; empty where neither is known, of which has been said enough.
fn of_cloud(row: &CatalogRow, cloud: &CloudSettings) -> String {
    let (region, location) = (cloud.region.as_str(), cloud.location.as_str());
    match (row.auth, location) {
        (AuthStyle::SigV4, _) if region.is_empty() => String::new(),
        (AuthStyle::Gcp, "") => String::new(),
        // Google's reference of Vertex AI, "Locations": those of one region have a host of their own.
        (AuthStyle::Gcp, "global") => "https://aiplatform.googleapis.com".to_owned(),
        (AuthStyle::Gcp, "us" | "eu") => format!("https://aiplatform.{location}.rep.googleapis.com"),
        _ => row.base_url_form().replace("{region}", region).replace("{location}", location),
    }
}

/// Where OpenAI itself is.
const OPENAI: &str = "https://api.openai.com/v1";

/// How a base URL of this kind looks.
fn form(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::OpenAi | ProviderKind::Demo => OPENAI,
        ProviderKind::Listed(row) => row.base_url_form(),
    }
}

/// What a kind's SDK puts behind the base URL by itself: an endpoint's last words, and what stands before them, if that is
/// no part of the base, the longest first. In lower case.
fn put_behind(kind: ProviderKind) -> (&'static [&'static str], &'static [&'static str]) {
    const OPENAI: &[&str] = &["completions", "embeddings", "responses", "messages", "v1/models"];
    match kind {
        ProviderKind::OpenAi | ProviderKind::Demo => (OPENAI, &[]),
        ProviderKind::Listed(row) if row.quirks.has(Quirk::DeploymentPath) => (OPENAI, &["/openai/v1", "/openai"]),
        ProviderKind::Listed(row) => match row.dialect {
            CatalogDialect::OpenAi => (OPENAI, &[]),
            _ if row.auth == AuthStyle::Gcp => (&["models"], &["/v1"]),
            CatalogDialect::Anthropic => (&["messages", "count_tokens", "v1/models", "complete"], &["/v1"]),
            CatalogDialect::Gemini => (&["v1beta/models", "v1/models"], &["/v1beta"]),
            CatalogDialect::Bedrock => (&["converse", "converse-stream", "invoke"], &[]),
            CatalogDialect::Cohere => (&["chat", "embed", "rerank"], &["/v2"]),
            // Below `/v1` it speaks as OpenAI does, which is not how it is asked.
            CatalogDialect::Ollama => (&["chat", "embed", "generate", "completions", "embeddings"], &["/api", "/v1"]),
        },
    }
}

/// The URL below which endpoints are, where that is not quite the one that the vendor's own SDK takes.
fn with_prefix(url: String, quirks: Quirks) -> String {
    let lacks_it = quirks.has(Quirk::ChatPathPrefix) && !url.ends_with("/v1");
    if lacks_it { url + "/v1" } else { url }
}

fn read_base_url(value: &ConfigValue<'_>, kind: ProviderKind) -> String {
    let Some(text) = value.text() else { return String::new() };
    let (endings, versions) = put_behind(kind);
    // The URL is not quoted: what is wrong with it may be a password in it.
    match url::base_url(&text.value) {
        Ok(url) if url::ends_in(&url, endings) => {
            value.problem(
                "ends in the path of an endpoint, which Weir puts behind it by itself",
                format!("leave that path out, as in \"{}\"", form(kind)),
            );
            String::new()
        }
        Ok(url) => {
            if url.plain && !url.loopback {
                let what = "prompts and keys cross the network in the clear";
                value.source.warn(&value.at, what, "use https://, unless the way there is protected otherwise");
            }
            let serves_at_the_root = matches!(kind, ProviderKind::Listed(row) if is_root(row.base_url_form()));
            if !url.has_path && !url.loopback && !serves_at_the_root {
                warn_of_the_root(value, &text, &url, form(kind));
            }
            match versions.iter().find_map(|version| url.text.strip_suffix(version)) {
                Some(base) => {
                    let what = "ends in the version of the API, which Weir puts behind it by itself";
                    value.source.warn(&value.at, what, format!("leave it out, as in \"{}\"", form(kind)));
                    base.to_owned()
                }
                None => with_prefix(url.text, kind.quirks()),
            }
        }
        Err(fault) => {
            value.problem(fault.to_string(), format!("give a URL such as \"{}\"", form(kind)));
            String::new()
        }
    }
}

/// Whether nothing stands behind the host.
fn is_root(url: &str) -> bool {
    url.matches('/').count() == 2
}

/// That an endpoint's path is all that will be asked for: a few providers serve at their root, and most of those whose base was
/// written so do not. A server on this machine is one's own, and says at once that it is asked for nothing that it has.
fn warn_of_the_root(value: &ConfigValue<'_>, text: &ExpandedText, url: &BaseUrl, form: &str) {
    // What the environment says is not repeated.
    let host = if text.is_as_written() { url.text.as_str() } else { "its host with " };
    let what = format!("has no path, so that {host}/chat/completions will be asked");
    let fix = format!(
        "give the one that the provider names, mostly `/v1`, as in \"{form}\"; if it serves at the root, say so by a `/` at the end"
    );
    value.source.warn(&value.at, what, fix);
}
