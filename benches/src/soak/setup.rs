//! The gateway of a soak: its configuration, its plugins, its tenants.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use weir_tenancy::key;

use crate::gateway::quote;
use crate::weir::{PEPPER, settings};

/// Requests at once of each tenant: more than a soak has at a time, and few enough to be filled up at its end.
pub(super) const CONCURRENCY: u32 = 160;
/// Bundled plugins, in the order of the chain of the tenant that has plugins.
const CHAIN: [&str; 4] = ["prompt-guard", "redact-pii", "route-by-cost", "usage-tap"];

/// What a soak's gateway is started with, and changed to.
#[derive(Debug)]
pub(super) struct SoakSetup {
    /// The live folder of plugins.
    pub(super) plugins: PathBuf,
    cache: PathBuf,
    well: SocketAddr,
    faulty: SocketAddr,
    tenants: String,
    /// The keys of the two tenants: with plugins, and without.
    pub(super) guarded: String,
    pub(super) plain: String,
}

impl SoakSetup {
    /// # Errors
    /// There is no room for files, or no bundled plugin where it should be.
    pub(super) fn new(folder: &Path, bundled: &Path, well: SocketAddr, faulty: SocketAddr) -> Result<Self> {
        let plugins = folder.join("plugins");
        fs::create_dir_all(&plugins)?;
        for plugin in CHAIN {
            let from = bundled.join(format!("{plugin}.wasm"));
            fs::copy(&from, plugins.join(format!("{plugin}.wasm")))
                .with_context(|| format!("there is no {}: name the folder by --plugins", from.display()))?;
        }
        let (mut tenants, mut tokens) = (String::new(), Vec::new());
        for name in ["guarded", "plain"] {
            let key = key::generate(name)?;
            let hash = key.hash_line(PEPPER.as_bytes());
            let _ok = writeln!(
                tenants,
                "[tenants.{name}]\nmodels = [\"*\"]\nrequests_per_minute = 1_000_000\nconcurrency = {CONCURRENCY}\n\
                 keys = [{{ id = \"{name}\", hash = \"{hash}\" }}]\n"
            );
            tokens.push(key.token());
        }
        let [guarded, plain] = tokens.try_into().map_err(|_| anyhow::anyhow!("two tenants have two keys"))?;
        Ok(Self { plugins, cache: folder.join("compiled"), well, faulty, tenants, guarded, plain })
    }

    /// The configuration; its `version` changes what makes no difference to a request.
    pub(super) fn config(&self, version: u32) -> String {
        let (well, faulty, tenants) = (self.well, self.faulty, &self.tenants);
        let price = 1 + version % 7;
        let mut toml = format!(
            "pepper = {pepper}\n[server]\ndrain = \"5s\"\n[log]\nlevel = \"warn\"\n\n\
             [providers.well]\nkind = \"openai\"\nbase_url = \"http://{well}/v1\"\napi_key = \"test\"\n\
             max_connections = 4096\n{TIMES}\n\
             [providers.faulty]\nkind = \"openai\"\nbase_url = \"http://{faulty}/v1\"\napi_key = \"test\"\n{TIMES}\n\
             [models.solo]\ntargets = [\"well/m\"]\nprice = {{ input = {price}, output = 10 }}\n\
             [models.big]\ntargets = [\"well/m\"]\n\
             [models.pair]\ntargets = [\"faulty/m\", \"well/m\"]\n\
             [models.shaky]\ntargets = [\"faulty/m\"]\n\n{tenants}\n",
            pepper = quote(PEPPER),
        );
        if version % 2 == 1 {
            toml.push_str("[tenants.passing]\nmodels = [\"solo\"]\n\n");
        }
        let (folder, cache) = (quote(&self.plugins.to_string_lossy()), quote(&self.cache.to_string_lossy()));
        let _ok = write!(toml, "[plugins]\nfolder = {folder}\ncache = {cache}\n");
        for plugin in CHAIN {
            let _ok = writeln!(toml, "\n[[plugins.chain]]\nplugin = {}\ntenants = [\"guarded\"]", quote(plugin));
            toml.push_str(settings(plugin));
        }
        toml
    }

    /// Bundled plugins are the material of what is put in and taken out.
    pub(super) fn material(&self) -> PathBuf {
        self.plugins.join("prompt-guard.wasm")
    }
}

/// Short, so that a hang is over within the soak.
const TIMES: &str = "connect_timeout = \"2s\"\nfirst_byte_timeout = \"3s\"\nidle_timeout = \"2s\"\ntotal_timeout = \"20s\"\n\
                     retries = 1\n";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_version_of_the_configuration_is_valid_and_neighbours_differ() {
        let folder = tempfile::tempdir().unwrap();
        let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/installed");
        let address = "127.0.0.1:9".parse().unwrap();
        let setup = SoakSetup::new(folder.path(), &bundled, address, address).unwrap();
        for version in 0..3 {
            let (text, file) = (setup.config(version), folder.path().join("weir.toml"));
            let read = weir_config::parse(&text, &file, &|_| None, &weir_config::Overrides::default());
            let config = read.map_err(|problems| problems.to_string()).unwrap().config;
            assert_eq!(config.models.len(), 4, "{text}");
            assert_ne!(setup.config(version), setup.config(version + 1));
        }
    }
}
