//! How a plugin runs: what a chain, or a file beside the plugin, may say of it.

use std::fmt;

use serde_json::Value as Json;

use crate::callouts::Callouts;
use crate::dropped::Dropped;
use crate::grants::{self, Grant};
use crate::isolation::Isolation;
use crate::json;
use crate::plugin_limits::PluginLimits;
use crate::secret::Secret;
use crate::table::ConfigTable;
use crate::versions::{self, Canary};
use crate::window::Window;

/// How a plugin runs: part of a `[[plugins.chain]]`, or the whole of a `NAME.toml` beside `NAME.wasm`.
#[derive(Clone, PartialEq)]
pub struct PluginSettings {
    /// Who may share an instance; `tenant` by default.
    pub isolation: Isolation,
    /// What becomes of a request when the plugin fails; `closed` by default.
    pub on_failure: OnFailure,
    /// The host interfaces it may import; log and counters by default.
    pub grants: Vec<Grant>,
    /// How a new version of its file comes into service beside the one that serves; at once, if none.
    pub canary: Option<Canary>,
    /// BLAKE3 of the only file that may serve, 64 hexadecimal digits in lower case; any file, if none.
    pub blake3: Option<String>,
    /// How much of a stream its `event` hook is shown at once; whatever arrives, if none.
    pub window: Option<Window>,
    /// Its limits.
    pub limits: PluginLimits,
    /// `secrets.NAME`: what it gets by name, in the order of the file; none without the grant. `Debug` shows only the
    /// names.
    pub secrets: Vec<(String, Secret)>,
    /// Where it may send requests; there if it was granted `callouts`.
    pub callouts: Option<Callouts>,
    /// Its own settings, always a JSON object. May hold secrets: `Debug` shows only the keys.
    pub config: Json,
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

/// Who says how a plugin runs.
#[derive(Clone, Copy)]
pub(crate) enum Speaker<'a> {
    /// The operator, in a `[[plugins.chain]]`: whatever is lawful; the limits are the defaults.
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
        let on_failure = [("closed", OnFailure::Closed), ("open", OnFailure::Open)];
        let config = table.value("config").and_then(|value| json::object(&value)).map(Json::Object);
        let granted =
            table.value("grants").map(|value| grants::read(&value, ceiling.map(|most| most.grants.as_slice())));
        let at = |wanted: Grant| granted.iter().flatten().find(|(grant, _)| *grant == wanted).map(|(_, at)| at);
        let (secrets, callouts) = (at(Grant::Secrets).is_some(), at(Grant::Callouts));
        Self {
            isolation: Isolation::read(table, default.isolation, ceiling.map(|most| most.isolation)),
            on_failure: table.choice("on_failure", default.on_failure, &on_failure),
            canary: Canary::read(table),
            blake3: table.value("blake3").and_then(|value| versions::file_hash(&value)),
            window: Window::read(table),
            limits: PluginLimits::read(table.table("limits"), &default.limits, ceiling.map(|most| &most.limits)),
            secrets: grants::read_secrets(table, secrets),
            callouts: Callouts::read(table, callouts),
            grants: granted.map_or(default.grants, |granted| granted.into_iter().map(|(grant, _)| grant).collect()),
            config: config.unwrap_or(default.config),
        }
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
