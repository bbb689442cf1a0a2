//! What every measurement of the bars has at hand.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use weir_tenancy::key;

use super::args::BarsArgs;
use crate::gateway::{Gateway, quote};
use crate::process_groups::ProcessGroups;
use crate::provider::{Act, FakeProvider, Request, answer};
use crate::weir::PEPPER;

/// What every measurement has at hand.
pub(super) struct BarsHarness<'a> {
    pub(super) args: &'a BarsArgs,
    pub(super) process_groups: &'a ProcessGroups,
    pub(super) folder: PathBuf,
}

/// A gateway with one tenant and one model, and a provider behind it that is well.
pub(super) struct Small {
    pub(super) gateway: Gateway,
    pub(super) token: String,
    _provider: FakeProvider,
}

impl BarsHarness<'_> {
    pub(super) fn start(&self, config: &str) -> Result<Gateway> {
        Gateway::start(self.process_groups, &self.args.program.gateway, &self.folder, config)
    }

    /// A gateway with as many workers as there are cores, or as said.
    pub(super) fn small(&self, workers: u16) -> Result<Small> {
        let provider = well()?;
        let key = key::generate("one")?;
        let hash = key.hash_line(PEPPER.as_bytes());
        let tenants = format!("[tenants.one]\nmodels = [\"*\"]\nkeys = [{{ id = \"one\", hash = \"{hash}\" }}]\n");
        let models = format!("[models.m]\ntargets = [\"p/m\"]\n[server]\nworkers = {workers}\n");
        let config = config(&provider, &models, &tenants, &self.folder.join("none"));
        Ok(Small { gateway: self.start(&config)?, token: key.token(), _provider: provider })
    }
}

pub(super) fn well() -> Result<FakeProvider> {
    FakeProvider::start(|_: &Request| vec![Act::Send(answer::whole("yes"))])
}

/// A configuration with one provider and no plugin.
pub(super) fn config(provider: &FakeProvider, models: &str, tenants: &str, none: &Path) -> String {
    let (address, none) = (provider.address, quote(&none.to_string_lossy()));
    format!(
        "pepper = {}\n[log]\nlevel = \"warn\"\n[providers.p]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\n\
         api_key = \"test\"\n{models}{tenants}[plugins]\nfolder = {none}\ncache = {none}\n",
        quote(PEPPER)
    )
}

/// Lets what was done have its effect, and what is measured after it be at rest.
pub(super) fn settle(time: Duration) {
    std::thread::sleep(time);
}

/// KiB as MiB.
#[expect(clippy::cast_precision_loss, reason = "KiB of a process are far below 2^52")]
pub(super) fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}
