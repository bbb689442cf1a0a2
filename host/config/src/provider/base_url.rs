//! `base_url`: where a provider is.

use super::kind::ProviderKind;
use crate::keys::ConfigKey;
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::url::{self, BaseUrl};
use crate::value::{ConfigValue, ExpandedText};

/// Where a provider of this kind is.
pub(super) struct BaseUrlKey(pub(super) ProviderKind);

impl ConfigKey<String> for BaseUrlKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        match (self.0, table.value(key)) {
            (ProviderKind::Demo, _) => default,
            (ProviderKind::OpenAi, None) => "https://api.openai.com/v1".to_owned(),
            (ProviderKind::OpenAi, Some(value)) => read_base_url(&value),
        }
    }

    fn tell(value: &String, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

fn read_base_url(value: &ConfigValue<'_>) -> String {
    let Some(text) = value.text() else { return String::new() };
    // The URL is not quoted: what is wrong with it may be a password in it.
    match url::base_url(&text.value) {
        Ok(url) if url::is_endpoint(&url) => {
            value.problem(
                "ends in the path of an endpoint, which Weir puts behind it by itself",
                "leave that path out, as in \"https://api.openai.com/v1\"",
            );
            String::new()
        }
        Ok(url) => {
            if url.plain && !url.loopback {
                let what = "prompts and keys cross the network in the clear";
                value.source.warn(&value.at, what, "use https://, unless the way there is protected otherwise");
            }
            if !url.has_path && !url.loopback {
                warn_of_the_root(value, &text, &url);
            }
            url.text
        }
        Err(fault) => {
            value.problem(fault.to_string(), "give a URL such as \"https://api.openai.com/v1\"");
            String::new()
        }
    }
}

/// That an endpoint's path is all that will be asked for: a few providers serve at their root, and most of those whose base was
/// written so do not. A server on this machine is one's own, and says at once that it is asked for nothing that it has.
fn warn_of_the_root(value: &ConfigValue<'_>, text: &ExpandedText, url: &BaseUrl) {
    // What the environment says is not repeated.
    let host = if text.is_as_written() { url.text.as_str() } else { "its host with " };
    let what = format!("has no path, so that {host}/chat/completions will be asked");
    let fix = "give the one that the provider names, mostly `/v1`, as in \"https://api.openai.com/v1\"; if it serves at the root, say so by a `/` at the end";
    value.source.warn(&value.at, what, fix);
}
