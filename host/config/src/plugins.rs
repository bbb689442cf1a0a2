//! `[plugins]`: where they are, which of them apply, and what each may do.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::callouts::Callouts;
use crate::compile::Compile;
use crate::dropped::Dropped;
use crate::grants::{self, Grant};
use crate::isolation::Isolation;
use crate::names::{self, Names};
use crate::plugin_limits::PluginLimits;
use crate::secret::Secret;
use crate::shares::PluginShares;
use crate::source;
use crate::table::Table;
use crate::value::Value;
use crate::versions::{self, Canary};
use crate::window::Window;
use crate::{json, suggest};

/// `[plugins]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugins {
    /// Where the `*.wasm` are; absolute. `plugins` beside the file by default.
    pub folder: PathBuf,
    /// Whether file or command line name the folder: then it has to be there.
    pub folder_is_named: bool,
    /// Where compiled plugins are kept between runs; absolute. None leaves the choice to the gateway.
    pub cache: Option<PathBuf>,
    /// Bytes of compiled code that are kept there at most; 1 GiB by default, 1 MiB to 1 TiB.
    pub cache_size: usize,
    /// Whether the folder is watched, so that changes go live by themselves; true by default.
    pub reload: bool,
    /// Whether a plugin that is one core module is called without the component layer; true by default.
    pub direct: bool,
    /// Whether a plugin must be signed by one of `keys`; false by default.
    pub require_signature: bool,
    /// Who may vouch for plugins: `ed25519:` and a public key in base64, as `weir plugin keygen` prints it. A signature
    /// that is there must be by one of them, even where none is required.
    pub keys: Vec<String>,
    /// Versions that were rolled back from their trial and are remembered, so that they get no other one: of the chain's
    /// plugins together, of those in `all/` together, and of those in each tenant's folder together. 64 by default, 1 to
    /// 10,000; the oldest are forgotten first.
    pub remember_rolled_back: usize,
    /// Bytes that all plugins of one tenant's own folder may log together each second, four seconds' worth at once after a
    /// rest; 64 KiB by default, 1 B to 1 GiB.
    pub tenant_log_rate: usize,
    /// Entries that all plugins of one tenant's own folder may keep together in their key-value stores; 65,536 by default, 1
    /// to 10⁹.
    pub tenant_kv_entries: u64,
    /// How many instances there may be, and each tenant's share.
    pub shares: PluginShares,
    /// Plugins, by name, of which a signed version may serve that is older than the newest that has; none by default.
    pub allow_older: Vec<String>,
    /// `[[plugins.chain]]`: the plugins that apply, in the order in which they run.
    pub chain: Vec<Binding>,
    /// `[plugins.defaults]`: the limits of every plugin that does not set its own.
    pub defaults: PluginLimits,
    /// `[plugins.dropped]`: what plugins may have at most that apply by their place in the folder.
    pub dropped: Dropped,
    /// `[plugins.compile]`: what compiling a plugin may take, and how large one may be.
    pub compile: Compile,
}

/// `[[plugins.chain]]`: a plugin put to work.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The name of its file in the folder, without `.wasm`.
    pub plugin: String,
    /// The tenants whose requests it sees; empty is all of them.
    pub tenants: Vec<String>,
    /// Patterns of the models whose requests it sees, as [`glob`](crate::glob()) reads them; empty is all of them.
    pub models: Vec<String>,
    /// How it runs.
    pub settings: PluginSettings,
    /// The file that holds the binding, absolute: for messages.
    pub file: PathBuf,
    /// The line of that file, from 1: for messages.
    pub line: u32,
}

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
    pub(crate) fn read(table: &Table<'_>, speaker: Speaker<'_>) -> Self {
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

impl Plugins {
    pub(crate) fn read(table: Table<'_>, names: &Names<'_>, folder: Option<&Path>) -> Self {
        let written = table.value("folder").and_then(|value| value.path());
        let defaults = PluginLimits::read(table.table("defaults"), &PluginLimits::default(), None);
        let dropped = Dropped::read(table.table("dropped"), &defaults);
        let mut chain = Vec::new();
        for item in table.value("chain").and_then(|value| value.items()).unwrap_or_default() {
            if let Some(table) = item.table() {
                chain.push(Binding::read(table, names, &defaults));
            }
        }
        let folder = folder.map(source::absolute).or(written);
        let keys = table.value("keys");
        let older = table.value("allow_older").and_then(|value| value.items()).unwrap_or_default();
        let plugins = Self {
            folder_is_named: folder.is_some(),
            folder: folder.unwrap_or_else(|| table.source.resolve("plugins")),
            cache: table.value("cache").and_then(|value| value.path()),
            cache_size: table.size("cache_size", 1 << 30, 1 << 20..=1 << 40),
            reload: table.flag("reload", true),
            direct: table.flag("direct", true),
            require_signature: table.flag("require_signature", false),
            remember_rolled_back: table.whole("remember_rolled_back", 64, 1..=10_000),
            tenant_log_rate: table.size("tenant_log_rate", 64 << 10, 1..=1 << 30),
            tenant_kv_entries: table.whole("tenant_kv_entries", 65_536, 1..=1_000_000_000),
            keys: keys.as_ref().map_or_else(Vec::new, versions::public_keys),
            shares: PluginShares::read(&table),
            allow_older: older.iter().filter_map(plugin_name).collect(),
            chain,
            defaults,
            dropped,
            compile: Compile::read(table.table("compile")),
        };
        // A key that is none has been named, and is a problem of its own.
        let names_none = || keys.as_ref().is_none_or(Value::is_empty_list);
        if plugins.require_signature && names_none() {
            table.source.problem(
                &table.at,
                "require_signature is set, and nobody may sign".to_owned(),
                "name public keys in `keys`; `weir plugin keygen` makes one",
            );
        }
        table.finish();
        plugins
    }
}

impl Binding {
    fn read(table: Table<'_>, names: &Names<'_>, defaults: &PluginLimits) -> Self {
        let fix = "name the plugin: its file in plugins.folder, without .wasm";
        let plugin = table.required("plugin", fix).and_then(|value| plugin_name(&value));
        let tenants = table.value("tenants").map(|value| tenant_names(&value, &names.tenants));
        let models = table.value("models").map(|value| names::patterns(&value, &names.models));
        let binding = Self {
            plugin: plugin.unwrap_or_default(),
            tenants: tenants.unwrap_or_default(),
            models: models.unwrap_or_default(),
            settings: PluginSettings::read(&table, Speaker::Chain(defaults)),
            file: source::absolute(table.source.file()),
            line: table.at.line,
        };
        table.finish();
        binding
    }
}

fn plugin_name(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let name = text.value.as_str();
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !starts || name.len() > 128 || !name.bytes().all(lawful) || name.ends_with(".wasm") {
        value.problem(
            format!("{} is not a plugin's name", text.quote()),
            "give the name of its file in plugins.folder, without folder and .wasm",
        );
        return None;
    }
    Some(text.value)
}

fn tenant_names(value: &Value<'_>, known: &[&str]) -> Vec<String> {
    let mut tenants = Vec::new();
    for (text, item) in names::texts(value, "tenant") {
        if !known.contains(&text.value.as_str()) {
            item.problem(format!("{} is not a tenant", text.quote()), suggest::fix(&text.value, "tenants", known));
        }
        tenants.push(text.value);
    }
    tenants
}
