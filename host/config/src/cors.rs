//! `[cors]`: which web pages may use the gateway from a browser.

use std::time::Duration;

use crate::keys::{ConfigKey, TimeKey, keys};
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::units::LONGEST;

keys! {
    /// `[cors]`: which web pages may use the gateway from a browser; none by default.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Cors(table), with defaults {
        /// `origins`: `scheme://host[:port]` of the pages, as browsers write it; `*` is every page.
        pub origins: Vec<String> = Vec::new() => "origins" OriginsKey();
        /// `max_age`: how long a browser may remember what it was told; 10 min by default, 0 to 24 h.
        pub max_age: Duration = Duration::from_mins(10) => "max_age" TimeKey(Duration::ZERO..=LONGEST);
    }
}

impl Cors {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let cors = Self::of(&table);
        table.finish();
        cors
    }
}

/// A list of origins.
struct OriginsKey();

impl ConfigKey<Vec<String>> for OriginsKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<String>) -> Vec<String> {
        let mut origins = default;
        for value in table.value(key).and_then(|value| value.items()).unwrap_or_default() {
            let Some(text) = value.text() else { continue };
            if is_origin(&text.value) {
                origins.push(text.value);
            } else {
                value.problem(
                    format!("{} is not an origin", text.quote()),
                    "give scheme, host and perhaps port in lower case, such as \"https://app.example.org\", or \"*\"",
                );
            }
        }
        origins
    }

    fn tell(value: &Vec<String>, key: &str, told: &mut ToldTable) {
        told.open(key, value.join(", "));
    }
}

/// An origin as browsers write it (RFC 6454 section 6.2), without the `null` that many different pages have.
fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let is_scheme = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    let is_authority = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:[]".contains(&b);
    let is_whole = !scheme.is_empty() && !authority.is_empty() && !authority.starts_with(':');
    // Browsers leave the scheme's own port out.
    let names_default =
        matches!((scheme, authority.rsplit_once(':')), ("http", Some((_, "80"))) | ("https", Some((_, "443"))));
    is_whole && !names_default && scheme.bytes().all(is_scheme) && authority.bytes().all(is_authority)
}
