//! How a plugin runs: what a chain, or a file beside the plugin, may say of it.

use std::fmt;

use serde_json::Value as Json;

use crate::callouts::{Callouts, CalloutsKey};
use crate::dropped::Dropped;
use crate::grants::{self, Grant, Granted, GrantsKey, SecretsKey};
use crate::isolation::{Isolation, IsolationKey};
use crate::json;
use crate::keys::{ConfigKey, OneOfWords, WordKey, keys};
use crate::plugin_limits::{PluginLimits, PluginLimitsKey};
use crate::secret::Secret;
use crate::syntax::quoted;
use crate::table::ConfigTable;
use crate::told::{Tell as _, ToldTable};
use crate::versions::{Canary, CanaryKey, FileHashKey};
use crate::window::{Window, WindowKey};

keys! {
    /// How a plugin runs: part of a `[[plugins.chain]]`, or the whole of a `NAME.toml` beside `NAME.wasm`.
    #[derive(Clone, PartialEq)]
    pub struct PluginSettings(
        table,
        default: PluginSettings,
        ceiling: Option<&Dropped>,
        granted: Option<&Granted<'_>>
    ) {
        /// Who may share an instance; `tenant` by default.
        pub isolation: Isolation = default.isolation => "isolation" IsolationKey(ceiling.map(|most| most.isolation));
        /// What becomes of a request when the plugin fails; `closed` by default.
        pub on_failure: OnFailure = default.on_failure => "on_failure" WordKey();
        /// The host interfaces it may import; log and counters by default.
        pub grants: Vec<Grant> = default.grants => "grants" GrantsKey(granted);
        /// Its own settings, always a JSON object. May hold secrets: `Debug` shows only the keys.
        pub config: Json = default.config => "config" OwnSettingsKey();
        /// `secrets.NAME`: what it gets by name, in the order of the file; none without the grant. `Debug` shows only the
        /// names.
        pub secrets: Vec<(String, Secret)> =
            default.secrets => "secrets" SecretsKey(granted.is_some_and(|granted| granted.at(Grant::Secrets).is_some()));
        /// Where it may send requests; there if it was granted `callouts`.
        pub callouts: Option<Callouts> =
            default.callouts => "callouts" CalloutsKey(granted.and_then(|granted| granted.at(Grant::Callouts)));
        /// How much of a stream its `event` hook is shown at once; whatever arrives, if none.
        pub window: Option<Window> = default.window => "window" WindowKey();
        /// How a new version of its file comes into service beside the one that serves; at once, if none.
        pub canary: Option<Canary> = default.canary => "canary" CanaryKey();
        /// BLAKE3 of the only file that may serve, 64 hexadecimal digits in lower case; any file, if none.
        pub blake3: Option<String> = default.blake3 => "blake3" FileHashKey();
        /// Its limits.
        pub limits: PluginLimits = default.limits => "limits" PluginLimitsKey(ceiling.map(|most| &most.limits));
    }
}

/// What becomes of a request when a plugin traps, runs out of time or cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// `closed`: it is refused.
    #[default]
    Closed,
    /// `open`: it goes on as if the plugin were not there.
    Open,
}

impl OneOfWords for OnFailure {
    const WORDS: &'static [(&'static str, Self)] = &[("closed", Self::Closed), ("open", Self::Open)];
}

/// Who says how a plugin runs.
#[derive(Clone, Copy)]
pub(crate) enum Speaker<'a> {
    /// The operator, in a `[[plugins.chain]]`: whatever is valid; the limits are the defaults.
    Chain(&'a PluginLimits),
    /// Whoever may write beside the plugin: nothing past these ceilings.
    Beside(&'a Dropped),
}

impl PluginSettings {
    /// What applies where nothing is said, within the given limits.
    pub fn new(limits: PluginLimits) -> Self {
        Self {
            isolation: Isolation::default(),
            on_failure: OnFailure::default(),
            grants: grants::USUAL.to_vec(),
            canary: None,
            blake3: None,
            window: None,
            limits,
            secrets: Vec::new(),
            callouts: None,
            config: Json::Object(serde_json::Map::new()),
        }
    }

    /// What applies to a plugin by its place in the folder, beside which nothing is said.
    #[must_use]
    pub fn dropped(ceilings: &Dropped) -> Self {
        Self::new(ceilings.usual_limits()).within(ceilings)
    }

    /// The same, with what is past a ceiling brought down to it.
    #[must_use]
    pub fn within(self, ceilings: &Dropped) -> Self {
        let mut grants = self.grants;
        grants.retain(|grant| ceilings.grants.contains(grant));
        let isolation = self.isolation.min(ceilings.isolation);
        Self { isolation, grants, limits: self.limits.tightest(&ceilings.limits), ..self }
    }

    /// Reads the keys of settings, whatever else the table holds.
    pub(crate) fn read(table: &ConfigTable<'_>, speaker: Speaker<'_>) -> Self {
        let (default, ceiling) = match speaker {
            Speaker::Chain(limits) => (Self::new(limits.clone()), None),
            Speaker::Beside(dropped) => (Self::dropped(dropped), Some(dropped)),
        };
        // Where something is granted says what else the settings have to say.
        let granted = Granted::of(table, ceiling.map(|most| most.grants.as_slice()));
        Self::of(table, default, ceiling, granted.as_ref())
    }
}

/// Settings of the plugin's own.
struct OwnSettingsKey();

impl ConfigKey<Json> for OwnSettingsKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Json) -> Json {
        table.value(key).and_then(|value| json::object(&value)).map_or(default, Json::Object)
    }

    fn tell(value: &Json, key: &str, told: &mut ToldTable) {
        let settings = value.as_object().into_iter().flatten();
        settings.for_each(|(name, value)| told.hidden(&format!("{key}.{}", quoted(name)), value.to_string()));
    }
}

/// Settings as an operator gives them in a chain, within the limits of every plugin. They are told of among the keys beside
/// them.
pub(crate) struct ChainSettings<'a>(pub(crate) &'a PluginLimits);

impl ConfigKey<PluginSettings> for ChainSettings<'_> {
    fn read(self, table: &ConfigTable<'_>, _: &'static str, _: PluginSettings) -> PluginSettings {
        PluginSettings::read(table, Speaker::Chain(self.0))
    }

    fn tell(value: &PluginSettings, _: &str, told: &mut ToldTable) {
        value.tell(told);
    }
}

impl fmt::Debug for PluginSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets: Vec<&String> = self.secrets.iter().map(|(name, _)| name).collect();
        let keys: Vec<&String> = self.config.as_object().into_iter().flat_map(|object| object.keys()).collect();
        f.debug_struct("PluginSettings")
            .field("isolation", &self.isolation)
            .field("on_failure", &self.on_failure)
            .field("grants", &self.grants)
            .field("canary", &self.canary)
            .field("blake3", &self.blake3)
            .field("window", &self.window)
            .field("limits", &self.limits)
            .field("secrets", &secrets)
            .field("callouts", &self.callouts)
            .field("config", &keys)
            .finish()
    }
}
