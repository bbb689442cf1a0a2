//! `[plugins]`: where they are, which of them apply, and what each may do.

use std::path::{Path, PathBuf};

use crate::binding::{Binding, plugin_name};
use crate::compile::CompileLimits;
use crate::dropped::Dropped;
use crate::keys::{ConfigKey, CountKey, FlagKey, FurtherKeys, SizeKey, keys};
use crate::names::DeclaredNames;
use crate::plugin_limits::PluginLimits;
use crate::shares::PluginShares;
use crate::source;
use crate::table::ConfigTable;
use crate::told::{self, ToldTable};
use crate::value::ConfigValue;
use crate::versions::PublicKeysKey;

keys! {
    /// `[plugins]`.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Plugins(table, names: &DeclaredNames<'_>, named: Option<&Path>) {
        /// Where the `*.wasm` are; absolute. `plugins` beside the file by default.
        pub folder: PathBuf = table.source.resolve("plugins") => "folder" FolderKey(named);
        /// Who has named the folder.
        pub folder_by: FolderNamedBy = FolderNamedBy::of(table, named);
        /// Where compiled plugins are kept between runs; absolute. None leaves the choice to the gateway.
        pub cache: Option<PathBuf> = None => "cache" CacheKey();
        /// Bytes of compiled code that are kept there at most; 1 GiB by default, 1 MiB to 1 TiB.
        pub cache_size: usize = 1 << 30 => "cache_size" SizeKey(1 << 20..=1 << 40);
        /// Whether the folder is watched, so that changes go live by themselves; true by default.
        pub reload: bool = true => "reload" FlagKey();
        /// Whether a plugin that is one core module is called without the component layer; true by default.
        pub direct: bool = true => "direct" FlagKey();
        /// Whether a plugin must be signed by one of `keys`; false by default.
        pub require_signature: bool = false => "require_signature" FlagKey();
        /// Who may vouch for plugins: `ed25519:` and a public key in base64, as `weir plugin keygen` prints it. A signature
        /// that is there must be by one of them, even where none is required.
        pub keys: Vec<String> = Vec::new() => "keys" PublicKeysKey();
        /// Versions that were rolled back from their trial and are remembered, so that they get no other one: of the chain's
        /// plugins together, of those in `all/` together, and of those in each tenant's folder together. 64 by default, 1 to
        /// 10,000; the oldest are forgotten first.
        pub remember_rolled_back: usize = 64 => "remember_rolled_back" CountKey(1..=10_000);
        /// Bytes that all plugins of one tenant's own folder may log together each second, four seconds' worth at once after a
        /// rest; 64 KiB by default, 1 B to 1 GiB.
        pub tenant_log_rate: usize = 64 << 10 => "tenant_log_rate" SizeKey(1..=1 << 30);
        /// Entries that all plugins of one tenant's own folder may keep together in their key-value stores; 65,536 by default,
        /// 1 to 10⁹.
        pub tenant_kv_entries: u64 = 65_536 => "tenant_kv_entries" CountKey(1..=1_000_000_000);
        /// How many instances there may be, and each tenant's share.
        pub shares: PluginShares = PluginShares::default() => "" FurtherKeys(PluginShares::of);
        /// Plugins, by name, of which a signed version may serve that is older than the newest that has; none by default.
        pub allow_older: Vec<String> = Vec::new() => "allow_older" PluginNamesKey();
        /// `[plugins.defaults]`: the limits of every plugin that does not set its own.
        pub defaults: PluginLimits = PluginLimits::default() => "defaults" DefaultsKey();
        /// `[plugins.dropped]`: what plugins may have at most that apply by their place in the folder.
        pub dropped: Dropped = Dropped::new(defaults.clone()) => "dropped" DroppedKey(&defaults);
        /// `[plugins.compile]`: what compiling a plugin may take, and how large one may be.
        pub compile: CompileLimits = CompileLimits::default() => "compile" CompileKey();
        /// `[[plugins.chain]]`: the plugins that apply, in the order in which they run.
        pub chain: Vec<Binding> = Vec::new() => "chain" ChainKey(names, &defaults);
    }
}

impl Plugins {
    pub(crate) fn read(table: ConfigTable<'_>, names: &DeclaredNames<'_>, folder: Option<&Path>) -> Self {
        let plugins = Self::of(&table, names, folder);
        // A key that is none has been named, and is a problem of its own.
        let names_none = || table.value("keys").as_ref().is_none_or(ConfigValue::is_empty_list);
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

/// Who has named the plugin folder. One that somebody has named has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderNamedBy {
    /// Nobody: it is the usual one.
    Nobody,
    /// The configuration, in this line, from 1.
    File(u32),
    /// The command line.
    Option,
}

impl FolderNamedBy {
    fn of(table: &ConfigTable<'_>, named: Option<&Path>) -> Self {
        match named {
            Some(_) => Self::Option,
            None if table.has("folder") => Self::File(table.at_of("folder").line),
            None => Self::Nobody,
        }
    }
}

/// Where plugins are, unless the command line names another folder.
struct FolderKey<'a>(Option<&'a Path>);

impl ConfigKey<PathBuf> for FolderKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: PathBuf) -> PathBuf {
        // What stands in the file is checked even where the command line has its way.
        let written = table.value(key).and_then(|value| value.path());
        self.0.map(source::absolute).or(written).unwrap_or(default)
    }

    fn tell(value: &PathBuf, key: &str, told: &mut ToldTable) {
        told.open(key, value.display());
    }
}

/// A folder, if one is named.
struct CacheKey();

impl ConfigKey<Option<PathBuf>> for CacheKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<PathBuf>) -> Option<PathBuf> {
        table.value(key).and_then(|value| value.path()).or(default)
    }

    fn tell(value: &Option<PathBuf>, key: &str, told: &mut ToldTable) {
        told.open(key, value.as_ref().map_or_else(|| "none".to_owned(), |cache| cache.display().to_string()));
    }
}

/// Names of plugins.
struct PluginNamesKey();

impl ConfigKey<Vec<String>> for PluginNamesKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<String>) -> Vec<String> {
        let items = table.value(key).and_then(|value| value.items());
        items.map_or(default, |items| items.iter().filter_map(plugin_name).collect())
    }

    fn tell(value: &Vec<String>, key: &str, told: &mut ToldTable) {
        told.open(key, told::names(value));
    }
}

/// The limits of every plugin, a table that is told of by itself.
struct DefaultsKey();

impl ConfigKey<PluginLimits> for DefaultsKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: PluginLimits) -> PluginLimits {
        PluginLimits::read(table.table(key), &default, None)
    }

    fn tell(value: &PluginLimits, key: &str, told: &mut ToldTable) {
        told.table(key, value);
    }
}

/// The ceilings over these limits, likewise.
struct DroppedKey<'a>(&'a PluginLimits);

impl ConfigKey<Dropped> for DroppedKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, _: Dropped) -> Dropped {
        Dropped::read(table.table(key), self.0)
    }

    fn tell(value: &Dropped, key: &str, told: &mut ToldTable) {
        told.table(key, value);
    }
}

/// What compiling may take, likewise.
struct CompileKey();

impl ConfigKey<CompileLimits> for CompileKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, _: CompileLimits) -> CompileLimits {
        CompileLimits::read(table.table(key))
    }

    fn tell(value: &CompileLimits, key: &str, told: &mut ToldTable) {
        told.table(key, value);
    }
}

/// Bindings, which may name what is declared, within the limits of every plugin.
struct ChainKey<'a, 'n>(&'a DeclaredNames<'n>, &'a PluginLimits);

impl ConfigKey<Vec<Binding>> for ChainKey<'_, '_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<Binding>) -> Vec<Binding> {
        let mut chain = default;
        for item in table.value(key).and_then(|value| value.items()).unwrap_or_default() {
            if let Some(table) = item.table() {
                let binding = Binding::read(table, self.0, self.1, &chain);
                chain.push(binding);
            }
        }
        chain
    }

    fn tell(value: &Vec<Binding>, key: &str, told: &mut ToldTable) {
        told.open(key, told::list(value.iter().map(Binding::label)));
        told.list(key, value.iter().map(|binding| (binding.label(), binding)));
    }
}
