//! `[cors]`: which web pages may use the gateway from a browser.

use std::time::Duration;

use crate::table::ConfigTable;
use crate::units::LONGEST;

/// `[cors]`: which web pages may use the gateway from a browser; none by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// `origins`: `scheme://host[:port]` of the pages, as browsers write it; `*` is every page.
    pub origins: Vec<String>,
    /// `max_age`: how long a browser may remember what it was told; 10 min by default, 0 to 24 h.
    pub max_age: Duration,
}

impl Default for Cors {
    fn default() -> Self {
        Self { origins: Vec::new(), max_age: Duration::from_mins(10) }
    }
}

impl Cors {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let default = Self::default();
        let mut origins = Vec::new();
        for value in table.value("origins").and_then(|value| value.items()).unwrap_or_default() {
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
        let max_age = table.duration("max_age", default.max_age, Duration::ZERO..=LONGEST);
        table.finish();
        Self { origins, max_age }
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
