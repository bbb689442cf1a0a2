//! `grants` of a plugin, and the secrets that one of them is about.

use crate::keys::ConfigKey;
use crate::names;
use crate::secret::Secret;
use crate::syntax::quoted;
use crate::table::ConfigTable;
use crate::told::{ToldTable, list};
use crate::value::ConfigValue;

/// An interface of the host that a plugin imports only if it was granted (WIT package `weir:plugin`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grant {
    /// `log`: write to Weir's log.
    Log,
    /// `counters`: add to metrics.
    Counters,
    /// `kv`: keep values between requests, each tenant apart.
    Kv,
    /// `clock`: read the time.
    Clock,
    /// `random`: get random bytes.
    Random,
    /// `secrets`: read the secrets that its settings name. The chain's to grant, not a file's beside the plugin.
    Secrets,
    /// `callouts`: send HTTP requests to where its settings allow it. The chain's to grant, not a file's beside the
    /// plugin.
    Callouts,
}

/// What is granted where nothing is said.
pub(crate) const USUAL: [Grant; 2] = [Grant::Log, Grant::Counters];

impl Grant {
    /// Every grant, by its name in the configuration.
    pub const ALL: [(&'static str, Self); 7] = [
        ("log", Self::Log),
        ("counters", Self::Counters),
        ("kv", Self::Kv),
        ("clock", Self::Clock),
        ("random", Self::Random),
        ("secrets", Self::Secrets),
        ("callouts", Self::Callouts),
    ];

    /// Whether only a `[[plugins.chain]]` may grant it.
    pub(crate) fn is_chains(self) -> bool {
        matches!(self, Self::Secrets | Self::Callouts)
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, grant)| *grant == self).map_or("", |(name, _)| name)
    }
}

/// What a list grants, and where.
pub(crate) struct Granted<'t>(Vec<(Grant, ConfigValue<'t>)>);

impl<'t> Granted<'t> {
    /// Reads the key `grants`, if it is there: a list, which may be empty. Beside a plugin there is a ceiling.
    pub(crate) fn of(table: &ConfigTable<'t>, ceiling: Option<&[Grant]>) -> Option<Self> {
        table.value("grants").map(|value| Self::read(&value, ceiling))
    }

    fn read(value: &ConfigValue<'t>, ceiling: Option<&[Grant]>) -> Self {
        let mut grants: Vec<(Grant, ConfigValue<'t>)> = Vec::new();
        for item in value.items().unwrap_or_default() {
            let Some(grant) = item.choice(&Grant::ALL) else { continue };
            // A file that came with a plugin must not open the network or the operator's secrets to it.
            if ceiling.is_some() && grant.is_chains() {
                let what = format!("grants \"{}\", which settings beside a plugin may not", grant.name());
                item.problem(what, "put the plugin into a [[plugins.chain]] of weir.toml, which may");
            } else if let Some(most) = ceiling.filter(|most| !most.contains(&grant)) {
                let allowed: Vec<String> = most.iter().map(|grant| format!("\"{}\"", grant.name())).collect();
                value.past_ceiling(&format!("[{}]", allowed.join(", ")), &format!("take \"{}\" out", grant.name()));
            } else if grants.iter().all(|(known, _)| *known != grant) {
                grants.push((grant, item));
            }
        }
        Self(grants)
    }

    /// Where something is granted; none if it is not.
    pub(crate) fn at(&self, wanted: Grant) -> Option<&ConfigValue<'t>> {
        self.0.iter().find(|(grant, _)| *grant == wanted).map(|(_, at)| at)
    }

    /// Each grant and where it stands.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Grant, ConfigValue<'t>)> {
        self.0.iter()
    }
}

/// What was granted, where that was read already; none if the key is not there.
pub(crate) struct GrantsKey<'a, 't>(pub(crate) Option<&'a Granted<'t>>);

impl ConfigKey<Vec<Grant>> for GrantsKey<'_, '_> {
    fn read(self, _: &ConfigTable<'_>, _: &'static str, default: Vec<Grant>) -> Vec<Grant> {
        self.0.map_or(default, |granted| granted.iter().map(|(grant, _)| *grant).collect())
    }

    fn tell(value: &Vec<Grant>, key: &str, told: &mut ToldTable) {
        told.open(key, list(value.iter().map(|grant| grant.name().to_owned())));
    }
}

/// Most bytes of one secret.
const SECRET: usize = 64 << 10;

/// `{ NAME = "…" }`, and whether the plugin may read them.
pub(crate) struct SecretsKey(pub(crate) bool);

impl ConfigKey<Vec<(String, Secret)>> for SecretsKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<(String, Secret)>) -> Vec<(String, Secret)> {
        table.value(key).map_or(default, |value| read_secrets(table, &value, self.0))
    }

    fn tell(value: &Vec<(String, Secret)>, key: &str, told: &mut ToldTable) {
        value.iter().for_each(|(name, secret)| told.hidden(&format!("{key}.{}", quoted(name)), secret.expose()));
    }
}

fn read_secrets(table: &ConfigTable<'_>, value: &ConfigValue<'_>, granted: bool) -> Vec<(String, Secret)> {
    if table.source.is_sidecar() {
        let fix = "put the plugin into a [[plugins.chain]] of weir.toml, and its secrets there";
        value.problem("hands out secrets, which settings beside a plugin may not", fix);
        return Vec::new();
    }
    let Some(inner) = value.table() else { return Vec::new() };
    if !granted {
        value.problem("gives secrets that the plugin may not read", "add \"secrets\" to its `grants`, or remove them");
    }
    let mut secrets = Vec::new();
    for (name, value) in inner.named() {
        names::check_name(table.source, &value.at, name);
        let Some(secret) = value.secret() else { continue };
        if secret.is_empty() {
            value.problem("is empty", "give a value, or leave the key out");
        } else if secret.expose().len() > SECRET {
            value.problem("is more than 64 KiB long", "give the secret that was meant");
        }
        secrets.push((name.to_owned(), secret));
    }
    secrets
}
