//! `callouts` of a plugin: where it may send requests, and how much of them.

use std::fmt;
use std::time::Duration;

use crate::authorities::Authorities;
use crate::ca_file::CaFileKey;
use crate::host::Hostname;
use crate::keys::{ConfigKey, CountKey, FlagKey, SizeKey, TimeKey, keys};
use crate::table::ConfigTable;
use crate::told::{ToldTable, list};
use crate::url;
use crate::value::ConfigValue;

keys! {
    /// `callouts` of a plugin that was granted them.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Callouts(table) {
        /// Where it may send requests; never empty.
        pub allow: Vec<Allowed> = Vec::new() => "allow" AllowKey();
        /// Whether names may stand for addresses that are not public: this machine, private networks and the like. False by
        /// default.
        pub private: bool = false => "private" FlagKey();
        /// How long one request may take in all, the look-up of the name included; 2 s by default, 1 ms to 5 min.
        pub timeout: Duration = Duration::from_secs(2) => "timeout" TimeKey(SHORTEST..=LONGEST);
        /// Requests within one call of a hook, 1 to 1,000; 4 by default.
        pub per_call: u32 = 4 => "per_call" CountKey(1..=1_000);
        /// Bytes of an answer's body, 1 B to 16 MiB; 1 MiB by default.
        pub bytes: usize = 1 << 20 => "bytes" SizeKey(1..=16 << 20);
        /// The certificate authorities to trust in place of the public ones.
        pub ca_file: Option<Authorities> = None => "ca_file" OwnCaFileKey();
    }
}

/// An origin that may be called, or what lies below a path of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Whether it is `http://`; else `https://`.
    pub plain: bool,
    /// A name in lower case, an IPv4 address, or an IPv6 address in brackets in its shortest form.
    pub host: String,
    /// The port, the scheme's own if none was written.
    pub port: u16,
    /// Segments that the path begins with, as `/v1`; empty for every path.
    pub path: String,
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, default) = if self.plain { ("http", 80) } else { ("https", 443) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != default {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

const EXAMPLE: &str = "callouts = { allow = [\"https://policy.example.com\"] }";

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(300);

/// Callouts; where they are granted, if they are.
pub(crate) struct CalloutsKey<'a, 't>(pub(crate) Option<&'a ConfigValue<'t>>);

impl ConfigKey<Option<Callouts>> for CalloutsKey<'_, '_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Callouts>) -> Option<Callouts> {
        let Some(value) = table.value(key) else {
            if let Some(grant) = self.0 {
                grant.problem("is granted, but there is nowhere to call", format!("say where: {EXAMPLE}"));
            }
            return default;
        };
        if table.source.is_sidecar() {
            let fix = "put the plugin into a [[plugins.chain]] of weir.toml, which may";
            value.problem("opens the network, which settings beside a plugin may not", fix);
            return default;
        }
        let inner = value.table()?;
        let callouts = Callouts::of(&inner);
        inner.finish();
        if self.0.is_none() {
            value.problem(
                "says where to call, but the plugin may not",
                "add \"callouts\" to its `grants`, or remove it",
            );
        }
        Some(callouts)
    }

    fn tell(value: &Option<Callouts>, key: &str, told: &mut ToldTable) {
        if let Some(callouts) = value {
            told.within(key, callouts);
        }
    }
}

/// As of a provider; that there is none is told of, too.
struct OwnCaFileKey();

impl ConfigKey<Option<Authorities>> for OwnCaFileKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Authorities>) -> Option<Authorities> {
        CaFileKey().read(table, key, default)
    }

    fn tell(value: &Option<Authorities>, key: &str, told: &mut ToldTable) {
        told.file(key, value.as_ref());
    }
}

/// Where requests may be sent.
struct AllowKey();

impl ConfigKey<Vec<Allowed>> for AllowKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<Allowed>) -> Vec<Allowed> {
        let allow = table.required(key, "list where the plugin may call: allow = [\"https://policy.example.com\"]");
        allow.map_or(default, |allow| read_allow(&allow))
    }

    fn tell(value: &Vec<Allowed>, key: &str, told: &mut ToldTable) {
        told.open(key, list(value.iter().map(|allowed| format!("{:?}", allowed.to_string()))));
    }
}

fn read_allow(value: &ConfigValue<'_>) -> Vec<Allowed> {
    let mut allow: Vec<Allowed> = Vec::new();
    let Some(items) = value.items() else { return allow };
    if items.is_empty() {
        value.problem("allows nothing", "list at least one origin, or take \"callouts\" out of the grants");
    }
    for item in items {
        let Some(text) = item.text() else { continue };
        // The URL is not quoted: what is wrong with it may be a password in it.
        match url::base_url(&text.value).map_err(|fault| fault.to_string()).and_then(|url| {
            let allowed = Allowed::take_apart(&url).ok_or("has a path that could be read in more than one way")?;
            Ok((url, allowed))
        }) {
            Ok((_, allowed)) if allow.contains(&allowed) => item.problem("stands there twice", "remove one of them"),
            Ok((url, allowed)) => {
                if url.plain && !url.loopback {
                    let what = "what the plugin sends crosses the network in the clear";
                    item.source.warn(&item.at, what, "use https://, unless the way there is protected otherwise");
                }
                allow.push(allowed);
            }
            Err(what) => item.problem(what, "give an origin, and a path if need be: \"https://api.example.com/v1/\""),
        }
    }
    allow
}

impl Allowed {
    /// None if the path has segments that servers read in different ways: `..`, empty ones, escapes, parameters.
    fn take_apart(url: &url::BaseUrl) -> Option<Self> {
        let (_, rest) = url.text.split_once("://")?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let plain_segment = |s: &str| !matches!(s, "" | "." | "..") && !s.contains(['%', ';']);
        if !path.split('/').skip(1).all(plain_segment) {
            return None;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, if url.plain { 80 } else { 443 }),
        };
        let host = Hostname::read(host).ok()?.text;
        Some(Self { plain: url.plain, host, port, path: path.to_owned() })
    }
}
