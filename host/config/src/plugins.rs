//! `[plugins]`: where they are, which of them apply, and what each may do.

use std::path::{Path, PathBuf};

use crate::binding::{Binding, plugin_name};
use crate::compile::CompileLimits;
use crate::dropped::Dropped;
use crate::names::DeclaredNames;
use crate::plugin_limits::PluginLimits;
use crate::shares::PluginShares;
use crate::source;
use crate::table::ConfigTable;
use crate::value::ConfigValue;
use crate::versions;

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
    pub compile: CompileLimits,
}

impl Plugins {
    pub(crate) fn read(table: ConfigTable<'_>, names: &DeclaredNames<'_>, folder: Option<&Path>) -> Self {
        let written = table.value("folder").and_then(|value| value.path());
        let defaults = PluginLimits::read(table.table("defaults"), &PluginLimits::default(), None);
        let dropped = Dropped::read(table.table("dropped"), &defaults);
        let mut chain = Vec::new();
        for item in table.value("chain").and_then(|value| value.items()).unwrap_or_default() {
            if let Some(table) = item.table() {
                let binding = Binding::read(table, names, &defaults, &chain);
                chain.push(binding);
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
            compile: CompileLimits::read(table.table("compile")),
        };
        // A key that is none has been named, and is a problem of its own.
        let names_none = || keys.as_ref().is_none_or(ConfigValue::is_empty_list);
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
