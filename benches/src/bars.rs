//! `bars`: what the gateway takes where it could take too much, each figure against its bar.

mod announced;
mod frames;
mod idle;
mod one_byte;
mod raw_h2;
mod tenants;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use weir_tenancy::key;

use crate::bar::{self, Bar};
use crate::brood::Brood;
use crate::gateway::{self, Gateway, Program, quote};
use crate::provider::{Act, FakeProvider, Request, answer};
use crate::weir::PEPPER;

#[derive(clap::Args, Debug)]
pub(crate) struct BarsArgs {
    #[command(flatten)]
    program: Program,
    /// Which of them
    #[arg(long, value_delimiter = ',', default_value = "tenants,one-byte,announced,frames,idle")]
    only: Vec<Which>,
    /// Tenants of the large configuration
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    tenants: u32,
    /// Models of the large configuration
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    models: u32,
}

#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Many tenants and models: start, memory, scrape
    Tenants,
    /// 800 connections of one byte: CPU
    OneByte,
    /// 400 announced bodies of which one byte came: memory
    Announced,
    /// HTTP/2 connections of control frames only: when they are ended, and what others notice
    Frames,
    /// A gateway with the four bundled plugins that nobody asks: memory
    Idle,
}

/// What every measurement has at hand.
struct Rig<'a> {
    args: &'a BarsArgs,
    brood: &'a Brood,
    folder: PathBuf,
}

/// A gateway with one tenant and one model, and a provider behind it that is well.
struct Small {
    gateway: Gateway,
    token: String,
    _provider: FakeProvider,
}

pub(crate) fn run(args: &BarsArgs) -> Result<()> {
    println!("bars: {}", gateway::version(&args.program.gateway));
    let brood = Brood::guarded()?;
    bar::header();
    let mut bars = Vec::new();
    for which in &args.only {
        let folder = brood.scratch().join(format!("{which:?}"));
        // A folder of plugins has to be there, if empty.
        std::fs::create_dir_all(folder.join("none")).context("no room for the gateway's files")?;
        let rig = Rig { args, brood: &brood, folder };
        let these = match which {
            Which::Tenants => tenants::bars(&rig),
            Which::OneByte => one_byte::bars(&rig),
            Which::Announced => announced::bars(&rig),
            Which::Frames => frames::bars(&rig),
            Which::Idle => idle::bars(&rig),
        }?;
        these.iter().for_each(|bar| println!("{bar}"));
        bars.extend(these);
    }
    ensure!(bars.iter().all(Bar::is_met), "not every bar is met");
    Ok(())
}

impl Rig<'_> {
    fn start(&self, config: &str) -> Result<Gateway> {
        Gateway::start(self.brood, &self.args.program.gateway, &self.folder, config)
    }

    /// A gateway with as many workers as there are cores, or as said.
    fn small(&self, workers: u16) -> Result<Small> {
        let provider = well()?;
        let key = key::generate("one")?;
        let hash = key.hash_line(PEPPER.as_bytes());
        let tenants = format!("[tenants.one]\nmodels = [\"*\"]\nkeys = [{{ id = \"one\", hash = \"{hash}\" }}]\n");
        let models = format!("[models.m]\ntargets = [\"p/m\"]\n[server]\nworkers = {workers}\n");
        let config = config(&provider, &models, &tenants, &self.folder.join("none"));
        Ok(Small { gateway: self.start(&config)?, token: key.token(), _provider: provider })
    }
}

fn well() -> Result<FakeProvider> {
    FakeProvider::start(|_: &Request| vec![Act::Send(answer::whole("yes"))])
}

/// A configuration with one provider and no plugin.
fn config(provider: &FakeProvider, models: &str, tenants: &str, none: &Path) -> String {
    let (address, none) = (provider.address, quote(&none.to_string_lossy()));
    format!(
        "pepper = {}\n[log]\nlevel = \"warn\"\n[providers.p]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\n\
         api_key = \"test\"\n{models}{tenants}[plugins]\nfolder = {none}\ncache = {none}\n",
        quote(PEPPER)
    )
}

/// Lets what was done have its effect, and what is measured after it be at rest.
fn settle(time: Duration) {
    std::thread::sleep(time);
}

/// KiB as MiB.
#[expect(clippy::cast_precision_loss, reason = "KiB of a process are far below 2^52")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}
