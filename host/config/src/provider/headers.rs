//! `api_key` and `headers`: what is sent with every request.

use super::cloud::{has_authorization, needs_no_key};
use super::kind::ProviderKind;
use super::only::has_control;
use crate::catalogue::not_asked_yet;
use crate::catalogue::row::{AuthStyle, CatalogRow};
use crate::keys::ConfigKey;
use crate::secret::Secret;
use crate::syntax::quoted;
use crate::table::ConfigTable;
use crate::tokens::is_token;
use crate::told::ToldTable;
use crate::value::ConfigValue;

/// Headers that Weir sets, or that belong to one connection (RFC 9110 section 7.6.1).
const OWN_HEADERS: [&str; 15] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
    "accept-encoding",
];

/// The key that is sent to a provider of this kind, if one is.
pub(super) struct ApiKeyKey(pub(super) ProviderKind);

impl ConfigKey<Option<Secret>> for ApiKeyKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Secret>) -> Option<Secret> {
        match (table.value(key), self.0) {
            (Some(value), _) => header_secret(&value).or(default),
            (None, _) if table.has("api_keys") => default,
            (None, ProviderKind::Listed(row)) if row.demands_key() => of_environment(table, key, row).or(default),
            (None, _) => default,
        }
    }

    fn tell(value: &Option<Secret>, key: &str, told: &mut ToldTable) {
        if let Some(secret) = value {
            told.hidden(key, secret.expose());
        }
    }
}

/// The key that the environment has for a provider of the catalogue, unless the operator sends one in a header; a problem that
/// names the variables where it has none.
fn of_environment(table: &ConfigTable<'_>, key: &'static str, row: &CatalogRow) -> Option<Secret> {
    if has_authorization(table) || needs_no_key(table, row.auth) {
        return None;
    }
    let (env, at) = (table.source.env()?, table.at_of(key));
    let set = |name: &str| Some((name.to_owned(), env(name).filter(|value| !value.is_empty())?));
    let Some((name, value)) = row.key_env.iter().find_map(|name| set(name)) else {
        // Of a kind that is refused one thing is said, and this would be another.
        if not_asked_yet(row).is_none() {
            let what = format!("is missing, and the environment has nothing in {}", row.key_env.join(" or "));
            let first = row.key_env.first().map_or("", |name| name);
            let or = if row.auth == AuthStyle::SigV4 { ", or access_key_id and secret_access_key" } else { "" };
            table.source.problem(&at, what, format!("set {first}, or give api_key{or}"));
        }
        return None;
    };
    if has_control(&value) {
        let what = format!("the environment variable {name} holds a control character, such as a line end");
        table.source.problem(&at, what, "a header's value is one line of text");
    }
    Some(Secret::new(value))
}

/// Headers that are sent beside those that a key is sent in, and the name of the key that says so.
pub(super) struct HeadersKey(pub(super) TakenHeaders);

/// The names of headers that a key is sent in, and what the file calls that key.
pub(super) type TakenHeaders = ([&'static str; 2], &'static str);

/// The headers that the keys of a provider of this kind are sent in. One beside `api_key` may take its place where the kind's
/// own is another than `authorization`; of several keys none is left to be replaced.
pub(super) fn taken_headers(kind: ProviderKind, has_key: bool, has_keys: bool) -> TakenHeaders {
    const BEARER: &str = AuthStyle::Bearer.header();
    match (has_key, has_keys) {
        (_, true) => ([BEARER, kind.auth().header()], "api_keys"),
        (true, false) => ([BEARER; 2], "api_key"),
        (false, false) => ([""; 2], ""),
    }
}

impl ConfigKey<Vec<(String, Secret)>> for HeadersKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, _: Vec<(String, Secret)>) -> Vec<(String, Secret)> {
        read_headers(&table.table(key), self.0)
    }

    fn tell(value: &Vec<(String, Secret)>, key: &str, told: &mut ToldTable) {
        value.iter().for_each(|(name, secret)| told.hidden(&format!("{key}.{}", quoted(name)), secret.expose()));
    }
}

fn read_headers(table: &ConfigTable<'_>, (taken, by): TakenHeaders) -> Vec<(String, Secret)> {
    let mut headers: Vec<(String, Secret)> = Vec::new();
    for (name, value) in table.named() {
        let lower = name.to_ascii_lowercase();
        if lower.is_empty() || !lower.bytes().all(is_token) {
            value.problem("is not a name that a header can have", "use letters, digits and `-`");
        } else if OWN_HEADERS.contains(&lower.as_str()) {
            value.problem(
                "is a header that Weir sets itself",
                "remove it; the host comes from base_url, the rest from the request",
            );
        } else if taken.contains(&lower.as_str()) {
            value.problem(format!("{by} is sent in the same header"), "keep one of the two");
        } else if headers.iter().any(|(known, _)| *known == lower) {
            value.problem("stands there twice, for case does not matter", "remove one of them");
        }
        if let Some(secret) = header_secret(&value) {
            headers.push((lower, secret));
        }
    }
    headers
}

/// A secret that can stand in a header: not empty, visible characters, spaces and tabs only (RFC 9110 section 5.5).
pub(super) fn header_secret(value: &ConfigValue<'_>) -> Option<Secret> {
    let secret = value.secret()?;
    if secret.is_empty() {
        value.problem("is empty", "give a value, or leave the key out");
    } else if has_control(secret.expose()) {
        value.problem("holds a control character, such as a line end", "a header's value is one line of text");
    }
    Some(secret)
}
