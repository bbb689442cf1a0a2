//! `[providers.NAME]`: who answers.

use std::time::Duration;

use crate::authorities::{self, Authorities};
use crate::file::FileError;
use crate::secret::Secret;
use crate::table::ConfigTable;
use crate::units::{LONGEST, SHORTEST};
use crate::value::ConfigValue;
use crate::{names, suggest, url};

mod health;
pub use health::HealthSettings;

/// Where requests can be sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// Its name in the file: 1 to 64 letters, digits, `_`, `-` and `.`.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// `https://host[:port][/path]` without a trailing slash, user name, query or fragment; an endpoint's path is
    /// put behind it. `https://api.openai.com/v1` by default; empty for a demo.
    pub base_url: String,
    /// Sent as `authorization: Bearer …`; none leaves the header out.
    pub api_key: Option<Secret>,
    /// The certificate authorities to trust in place of the public ones.
    pub ca_file: Option<Authorities>,
    /// Whether to speak HTTP/2.
    pub http2: Http2,
    /// Connections at once, 1 to 100,000; 1,024 by default.
    pub max_connections: usize,
    /// Requests that may wait for a connection, 0 to 1,000,000; 4,096 by default.
    pub max_waiting: usize,
    /// How long a request may wait for a connection; 1 s by default, 0 to 24 h.
    pub wait_timeout: Duration,
    /// How long connecting may take, TLS included; 5 s by default.
    pub connect_timeout: Duration,
    /// How long the response's head may take from when the request was sent. Without one a stream's may take 60 s, and that
    /// of a whole answer, which models think before, as long as the attempt; [`ProviderConfig::first_byte`] tells.
    pub first_byte_timeout: Option<Duration>,
    /// How long the response's body may pause; 300 s by default, for some models send nothing while they think.
    pub idle_timeout: Duration,
    /// How long one attempt may take in all; 600 s by default.
    pub total_timeout: Duration,
    /// How long an unused connection is kept; 55 s by default.
    pub keep_alive_timeout: Duration,
    /// After so much silence on a connection TCP asks whether the other end is there, 1 s to 24 h; 4 s by default. Never
    /// more than half of `tcp_user_timeout`.
    pub tcp_keep_alive: Duration,
    /// How long what was sent may stay unacknowledged, or TCP's questions unanswered, before the connection counts as dead
    /// (RFC 5482), 1 s to 24 h; 8 s by default. Never more than half of the time that a stream's head may take, or 3 s if
    /// that is more.
    pub tcp_user_timeout: Duration,
    /// `http2_ping_…`: when HTTP/2 connections are asked for a sign of life.
    pub http2_pings: Http2Pings,
    /// How long a connection takes new requests, 1 ms to 24 h; 5 min by default.
    pub max_connection_age: Duration,
    /// Further attempts after the first, over the whole plan of targets, 0 to 10; 2 by default.
    pub retries: u32,
    /// Whether to ask streams for their usage (`stream_options.include_usage`); true by default.
    pub ask_usage: bool,
    /// `[providers.NAME.health]`: when it is put aside, and for how long.
    pub health: HealthSettings,
    /// `headers.NAME`: sent with every request. Names are lower case, lawful and none that Weir sets itself.
    pub headers: Vec<(String, Secret)>,
}

/// When HTTP/2 connections are asked for a sign of life (RFC 9113 section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http2Pings {
    /// `http2_ping_interval`: after so much silence while requests are open, 0 to 24 h; 15 s by default, and 0 for never.
    pub interval: Duration,
    /// `http2_ping_idle`: ahead of a request after so much silence, 0 to 24 h; 1 s by default, and 0 for never.
    pub idle: Duration,
    /// `http2_ping_timeout`: how long anything at all may take to come then, 1 ms to 24 h; 5 s by default. Never more than
    /// half of the time that a stream's head may take.
    pub timeout: Duration,
}

impl Default for Http2Pings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(15), idle: Duration::from_secs(1), timeout: Duration::from_secs(5) }
    }
}

impl Http2Pings {
    fn read(table: &ConfigTable<'_>) -> Self {
        let default = Self::default();
        let or_never = Duration::ZERO..=LONGEST;
        Self {
            interval: table.duration("http2_ping_interval", default.interval, or_never.clone()),
            idle: table.duration("http2_ping_idle", default.idle, or_never),
            timeout: table.duration("http2_ping_timeout", default.timeout, SHORTEST..=LONGEST),
        }
    }
}

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// `openai`: the OpenAI API, as OpenAI and many others offer it.
    OpenAi,
    /// `demo`: Weir answers by itself, without a network, to try things out with.
    Demo,
}

/// When to speak HTTP/2 to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Http2 {
    /// `auto`: over TLS if the provider offers it (ALPN), else HTTP/1.1.
    #[default]
    Auto,
    /// `never`: HTTP/1.1 only.
    Never,
    /// `always`: HTTP/2 only; over plain http by prior knowledge (RFC 9113 section 3.3).
    Always,
}

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

/// How long the head of a stream may take unless `first_byte_timeout` says otherwise.
const STREAM_FIRST_BYTE: Duration = Duration::from_secs(60);

/// Keys that mean nothing where nothing is dialled.
const DIALLED: [&str; 5] = ["base_url", "api_key", "ca_file", "http2", "headers"];

/// Reads every `[providers.NAME]`.
pub(crate) fn read(table: &ConfigTable<'_>) -> Vec<ProviderConfig> {
    let mut providers = Vec::new();
    for (name, value) in table.named() {
        names::check_name(table.source, &value.at, name);
        let Some(table) = value.table() else { continue };
        if !names::parted_by_a_dot(&table, "providers", name, &["headers", "health"]) {
            providers.push(ProviderConfig::read(name, table));
        }
    }
    providers
}

impl ProviderConfig {
    /// How long the head of a stream, or of a whole answer, may take from when the request was sent.
    #[must_use]
    pub fn first_byte(&self, streaming: bool) -> Duration {
        let default = if streaming { STREAM_FIRST_BYTE } else { self.total_timeout };
        self.first_byte_timeout.unwrap_or(default)
    }

    fn read(name: &str, table: ConfigTable<'_>) -> Self {
        let kinds = [("openai", ProviderKind::OpenAi), ("demo", ProviderKind::Demo)];
        let kind = table.required("kind", "give kind = \"openai\" or \"demo\"").and_then(|value| value.choice(&kinds));
        let kind = kind.unwrap_or(ProviderKind::OpenAi);
        if kind == ProviderKind::Demo {
            refuse_dialled(&table);
        }
        let timeout = SHORTEST..=LONGEST;
        let seconds = Duration::from_secs;
        let http2 = [("auto", Http2::Auto), ("never", Http2::Never), ("always", Http2::Always)];
        let api_key = table.value("api_key").and_then(|value| header_secret(&value));
        let headers = read_headers(&table.table("headers"), api_key.is_some());
        let provider = Self {
            name: name.to_owned(),
            kind,
            base_url: read_base_url(&table, kind),
            api_key,
            ca_file: table.value("ca_file").and_then(|value| authorities(&value)),
            http2: table.choice("http2", Http2::Auto, &http2),
            max_connections: table.whole("max_connections", 1_024, 1..=100_000),
            max_waiting: table.whole("max_waiting", 4_096, 0..=1_000_000),
            wait_timeout: table.duration("wait_timeout", seconds(1), Duration::ZERO..=LONGEST),
            connect_timeout: table.duration("connect_timeout", seconds(5), timeout.clone()),
            first_byte_timeout: table.value("first_byte_timeout").and_then(|value| value.duration(timeout.clone())),
            idle_timeout: table.duration("idle_timeout", seconds(300), timeout.clone()),
            total_timeout: table.duration("total_timeout", seconds(600), timeout.clone()),
            keep_alive_timeout: table.duration("keep_alive_timeout", seconds(55), timeout.clone()),
            tcp_keep_alive: table.duration("tcp_keep_alive", seconds(4), seconds(1)..=LONGEST),
            tcp_user_timeout: table.duration("tcp_user_timeout", seconds(8), seconds(1)..=LONGEST),
            http2_pings: Http2Pings::read(&table),
            max_connection_age: table.duration("max_connection_age", seconds(300), timeout),
            retries: table.whole("retries", 2, 0..=10),
            ask_usage: table.flag("ask_usage", true),
            health: HealthSettings::read(table.table("health")),
            headers,
        };
        table.finish();
        provider
    }
}

fn refuse_dialled(table: &ConfigTable<'_>) {
    for key in DIALLED {
        if let Some(value) = table.value(key) {
            value.problem("means nothing for a provider of kind \"demo\"", "remove it, or give kind = \"openai\"");
        }
    }
}

fn read_base_url(table: &ConfigTable<'_>, kind: ProviderKind) -> String {
    let value = table.value("base_url");
    if kind == ProviderKind::Demo {
        return String::new();
    }
    let Some(value) = value else { return "https://api.openai.com/v1".to_owned() };
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
            url.text
        }
        Err(fault) => {
            value.problem(fault.to_string(), "give a URL such as \"https://api.openai.com/v1\"");
            String::new()
        }
    }
}

/// A PEM file of authorities, read and judged now: what can be wrong with it is said wherever the configuration is read.
pub(crate) fn authorities(value: &ConfigValue<'_>) -> Option<Authorities> {
    let path = value.path()?;
    match value.source.read(&path) {
        Ok(pem) => match authorities::judge(&pem) {
            Ok(()) => return Some(Authorities::new(path, pem)),
            Err(why) => {
                let name = value.text().map(|text| text.quote()).unwrap_or_default();
                value.problem(format!("{name}: {why}"), "give a PEM file of the authorities' certificates");
            }
        },
        Err(error) if error.is_missing() || matches!(error, FileError::Irregular(_)) => {
            let fix = "give the path of a PEM file; a relative one starts from this file's folder";
            let name = value.text().map(|text| value.shown_path(&text, "")).unwrap_or_default();
            value.problem(format!("{name} is not a file"), fix);
        }
        Err(error) => value.problem(error.to_string(), error.fix()),
    }
    None
}

/// A secret that can stand in a header: not empty, visible characters, spaces and tabs only (RFC 9110 section 5.5).
fn header_secret(value: &ConfigValue<'_>) -> Option<Secret> {
    let secret = value.secret()?;
    if secret.is_empty() {
        value.problem("is empty", "give a value, or leave the key out");
    } else if secret.expose().bytes().any(|b| b != b'\t' && (b < b' ' || b == 0x7f)) {
        value.problem("holds a control character, such as a line end", "a header's value is one line of text");
    }
    Some(secret)
}

fn read_headers(table: &ConfigTable<'_>, has_key: bool) -> Vec<(String, Secret)> {
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
        } else if has_key && lower == "authorization" {
            value.problem("api_key is sent in the same header", "keep one of the two");
        } else if headers.iter().any(|(known, _)| *known == lower) {
            value.problem("stands there twice, for case does not matter", "remove one of them");
        }
        if let Some(secret) = header_secret(&value) {
            headers.push((lower, secret));
        }
    }
    headers
}

/// A character of a header's name (RFC 9110 section 5.6.2).
pub(crate) fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// The provider's place in the list; a problem that lists the known ones if it has none.
pub(crate) fn find(providers: &[&str], name: &str, shown: &str, value: &ConfigValue<'_>) -> Option<usize> {
    let found = providers.iter().position(|known| *known == name);
    if found.is_none() {
        value.problem(format!("{shown} names no provider"), suggest::fix(name, "providers", providers));
    }
    found
}
