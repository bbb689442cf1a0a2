//! `[providers.NAME]`: who answers.

use std::time::Duration;

use crate::authorities::Authorities;
use crate::ca_file::CaFileKey;
use crate::catalogue::quirks::Quirk;
use crate::keys::{ConfigKey, CountKey, FlagKey, FurtherKeys, TableKey, TimeKey, WordKey, keys};
use crate::secret::Secret;
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::units::{LONGEST, SHORTEST, show_duration};
use crate::value::ConfigValue;
use crate::{names, suggest};

mod api_keys;
mod base_url;
mod cloud;
mod endpoints;
mod headers;
mod health;
mod kind;
mod only;
mod service_account;

use api_keys::ApiKeysKey;
use base_url::BaseUrlKey;
use cloud::CloudKeys;
use endpoints::EndpointsKey;
use headers::{ApiKeyKey, HeadersKey, taken_headers};
use kind::KindKey;
use only::ApiVersionKey;

pub use api_keys::ProviderKey;
pub use cloud::CloudSettings;
pub use endpoints::ProviderEndpoints;
pub use health::HealthSettings;
pub use kind::{DemoDialect, Http2, OnClientGone, OnUnsupported, ProviderKind};
pub use service_account::ServiceAccount;

keys! {
    /// Where requests can be sent on.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ProviderConfig(table, name: &str) {
        /// Its name in the file: 1 to 64 letters, digits, `_`, `-` and `.`.
        pub name: String = name.to_owned();
        /// What it is, and so what it speaks.
        pub kind: ProviderKind = ProviderKind::OpenAi => "kind" KindKey();
        /// What a demo speaks; another kind says that by itself.
        pub speaks: DemoDialect = DemoDialect::OpenAi => "speaks" WordKey();
        /// What clouds want to know that take no plain key.
        pub cloud: CloudSettings = CloudSettings::default() => "" CloudKeys(kind);
        /// `https://host[:port][/path]` without a trailing slash, user name, query or fragment; an endpoint's path is
        /// put behind it. By default the kind's, which for `openai` is `https://api.openai.com/v1`; empty for a demo.
        pub base_url: String = String::new() => "base_url" BaseUrlKey(kind, &cloud);
        /// `api-version` of every request, for a kind that wants one (`azure`); empty for any other.
        pub api_version: String = String::new() => "api_version" ApiVersionKey(kind);
        /// Whether to speak HTTP/2.
        pub http2: Http2 = Http2::Auto => "http2" WordKey();
        /// Connections at once, 1 to 100,000; 1,024 by default.
        pub max_connections: usize = 1_024 => "max_connections" CountKey(1..=100_000);
        /// Requests that may wait for a connection, 0 to 1,000,000; 4,096 by default.
        pub max_waiting: usize = 4_096 => "max_waiting" CountKey(0..=1_000_000);
        /// How long a request may wait for a connection; 1 s by default, 0 to 24 h.
        pub wait_timeout: Duration = seconds(1) => "wait_timeout" TimeKey(Duration::ZERO..=LONGEST);
        /// How long connecting may take, TLS included; 5 s by default.
        pub connect_timeout: Duration = seconds(5) => "connect_timeout" TimeKey(SHORTEST..=LONGEST);
        /// How long the response's head may take from when the request was sent. Without one a stream's may take 60 s, and
        /// that of a whole answer, which models think before, as long as the attempt; [`ProviderConfig::first_byte`] tells.
        pub first_byte_timeout: Option<Duration> = None => "first_byte_timeout" FirstByteKey();
        /// How long the response's body may pause; 300 s by default, for some models send nothing while they think.
        pub idle_timeout: Duration = seconds(300) => "idle_timeout" TimeKey(SHORTEST..=LONGEST);
        /// How long one attempt may take in all; 600 s by default.
        pub total_timeout: Duration = seconds(600) => "total_timeout" TimeKey(SHORTEST..=LONGEST);
        /// How long an unused connection is kept; 55 s by default.
        pub keep_alive_timeout: Duration = seconds(55) => "keep_alive_timeout" TimeKey(SHORTEST..=LONGEST);
        /// After so much silence on a connection TCP asks whether the other end is there, 1 s to 24 h; 4 s by default. Never
        /// more than half of `tcp_user_timeout`.
        pub tcp_keep_alive: Duration = seconds(4) => "tcp_keep_alive" TimeKey(seconds(1)..=LONGEST);
        /// How long what was sent may stay unacknowledged, or TCP's questions unanswered, before the connection counts as
        /// dead (RFC 5482), 1 s to 24 h; 8 s by default. Never more than half of the time that a stream's head may take, or
        /// 3 s if that is more.
        pub tcp_user_timeout: Duration = seconds(8) => "tcp_user_timeout" TimeKey(seconds(1)..=LONGEST);
        /// `http2_ping_…`: when HTTP/2 connections are asked for a sign of life.
        pub http2_pings: Http2Pings = Http2Pings::default() => "http2_ping_" FurtherKeys(Http2Pings::of);
        /// How long a connection takes new requests, 1 ms to 24 h; 5 min by default.
        pub max_connection_age: Duration = seconds(300) => "max_connection_age" TimeKey(SHORTEST..=LONGEST);
        /// A request has one attempt more than this, or as many as its model has targets where that is more; 0 to 10, and 2 by
        /// default.
        pub retries: u32 = 2 => "retries" CountKey(0..=10);
        /// Whether to ask streams for their usage (`stream_options.include_usage`); true by default, unless the kind rejects that.
        pub ask_usage: bool = !kind.quirks().has(Quirk::NoStreamOptions) => "ask_usage" FlagKey();
        /// Which of OpenAI's ways to converse it has; the kind's by default, both for `openai`.
        pub endpoints: ProviderEndpoints = ProviderEndpoints::of(kind) => "endpoints" EndpointsKey(kind);
        /// What is done where it has nothing for a field of a request; it is left out and the client told by default.
        pub on_unsupported: OnUnsupported = OnUnsupported::Warn => "on_unsupported" WordKey();
        /// What becomes of an answer whose client leaves before its end; it is cancelled by default.
        pub on_client_gone: OnClientGone = OnClientGone::Cancel => "on_client_gone" WordKey();
        /// `[providers.NAME.health]`: when it is put aside, and for how long.
        pub health: HealthSettings = HealthSettings::default() => "health" TableKey(HealthSettings::read);
        /// Sent as `authorization: Bearer …`; none leaves the header out. By default what the environment has for a kind that demands one.
        pub api_key: Option<Secret> = None => "api_key" ApiKeyKey(kind);
        /// Keys that take turns, in place of `api_key`; at most 32.
        pub api_keys: Vec<ProviderKey> = Vec::new() => "api_keys" ApiKeysKey(api_key.is_some());
        /// The certificate authorities to trust in place of the public ones.
        pub ca_file: Option<Authorities> = None => "ca_file" CaFileKey();
        /// `headers.NAME`: sent with every request. Names are lower case, valid and none that Weir sets itself.
        pub headers: Vec<(String, Secret)> = Vec::new() => "headers" HeadersKey(taken_headers(kind, api_key.is_some(), !api_keys.is_empty()));
    }
}

keys! {
    /// When HTTP/2 connections are asked for a sign of life (RFC 9113 section 6.7).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Http2Pings(table), with defaults {
        /// `http2_ping_interval`: after so much silence while requests are open, 0 to 24 h; 15 s by default, and 0 for never.
        pub interval: Duration = seconds(15) => "http2_ping_interval" TimeKey(Duration::ZERO..=LONGEST);
        /// `http2_ping_idle`: ahead of a request after so much silence, 0 to 24 h; 1 s by default, and 0 for never.
        pub idle: Duration = seconds(1) => "http2_ping_idle" TimeKey(Duration::ZERO..=LONGEST);
        /// `http2_ping_timeout`: how long anything at all may take to come then, 1 ms to 24 h; 5 s by default. Never more than
        /// half of the time that a stream's head may take.
        pub timeout: Duration = seconds(5) => "http2_ping_timeout" TimeKey(SHORTEST..=LONGEST);
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How long the head of a stream may take unless `first_byte_timeout` says otherwise.
const STREAM_FIRST_BYTE: Duration = Duration::from_secs(60);

/// Keys that mean nothing where nothing is dialled.
const DIALLED: [&str; 6] = ["base_url", "api_key", "api_keys", "ca_file", "http2", "headers"];

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

    /// The keys of [`api_keys`](Self::api_keys) that are sent at all, in the order of the file.
    pub fn keys_in_turn(&self) -> impl Iterator<Item = &ProviderKey> {
        self.api_keys.iter().filter(|key| key.weight > 0)
    }

    fn read(name: &str, table: ConfigTable<'_>) -> Self {
        let provider = Self::of(&table, name);
        match (provider.kind, table.value("speaks")) {
            (ProviderKind::Demo, _) => refuse_dialled(&table),
            (kind, Some(value)) => value.problem(
                format!("is for a provider of kind \"demo\", and one of kind \"{}\" speaks what it does", kind.word()),
                "remove it, or give kind = \"demo\"",
            ),
            (_, None) => {}
        }
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

/// How long a head may take: see [`ProviderConfig::first_byte`] for where nothing is said.
struct FirstByteKey();

impl ConfigKey<Option<Duration>> for FirstByteKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Duration>) -> Option<Duration> {
        table.value(key).and_then(|value| value.duration(SHORTEST..=LONGEST)).or(default)
    }

    fn tell(value: &Option<Duration>, key: &str, told: &mut ToldTable) {
        told.open(key, value.map_or_else(|| "default".to_owned(), show_duration));
    }
}

/// The provider's place in the list; a problem that lists the known ones if it has none.
pub(crate) fn find(providers: &[&str], name: &str, shown: &str, value: &ConfigValue<'_>) -> Option<usize> {
    let found = providers.iter().position(|known| *known == name);
    if found.is_none() {
        value.problem(format!("{shown} names no provider"), suggest::fix(name, "providers", providers));
    }
    found
}
