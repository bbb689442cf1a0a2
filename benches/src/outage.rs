//! `outage`: three targets, the first of which fails for a while; how many requests pay for it, and how.
//!
//! Two outages, each with a gateway of its own: the provider takes requests and answers none, or it answers no SYN. In
//! both two others stand by that are well.

mod accounts;
mod clients;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use weir_tenancy::key;

use crate::bar::{self, Bar};
use crate::gateway::{self, Gateway, Program, quote};
use crate::process_groups::ProcessGroups;
use crate::provider::{Act, FakeProvider, ProviderState, Request, answer};
use crate::weir::PEPPER;
use crate::{control, units};
use accounts::Accounts;

#[derive(clap::Args, Debug)]
pub(crate) struct OutageArgs {
    #[command(flatten)]
    program: Program,
    /// Requests per second
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    rate: u32,
    /// How long the first target is out
    #[arg(long, default_value = "40s", value_parser = units::duration)]
    duration: Duration,
    /// Time before and after it
    #[arg(long, default_value = "5s", value_parser = units::duration)]
    around: Duration,
    /// The providers' first_byte_timeout, and the clients' measure of waiting long is half of it
    #[arg(long, default_value = "5s", value_parser = units::duration)]
    first_byte: Duration,
    /// The providers' connect_timeout
    #[arg(long, default_value = "5s", value_parser = units::duration)]
    connect: Duration,
    /// Of hang and deaf
    #[arg(long, value_delimiter = ',', default_value = "hang,deaf")]
    kinds: Vec<Kind>,
}

/// How the first target is out.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It takes requests and does not answer
    Hang,
    /// It drops SYNs
    Deaf,
}

pub(crate) fn run(args: &OutageArgs) -> Result<()> {
    println!("outage: {}", gateway::version(&args.program.gateway));
    let process_groups = ProcessGroups::guarded()?;
    let mut bars = Vec::new();
    for kind in &args.kinds {
        bars.extend(one(args, &process_groups, *kind)?);
    }
    bar::header();
    bars.iter().for_each(|bar| println!("{bar}"));
    ensure!(bars.iter().all(Bar::is_met), "not every bar is met");
    Ok(())
}

fn one(args: &OutageArgs, process_groups: &ProcessGroups, kind: Kind) -> Result<Vec<Bar>> {
    let providers = [answering()?, answering()?, answering()?];
    let addresses = providers.each_ref().map(|provider| provider.address);
    let key = key::generate("outage")?;
    let folder = process_groups.scratch().join(format!("outage-{kind:?}"));
    // A folder of plugins has to be there, if empty.
    std::fs::create_dir_all(folder.join("none"))?;
    let config = config(args, addresses, &key.hash_line(PEPPER.as_bytes()), &folder.join("none"));
    let gateway = Gateway::start(process_groups, &args.program.gateway, &folder, &config)?;
    let to = control::loopback(&gateway.url)?;
    let (token, rate, time) = (key.token(), args.rate, args.around * 2 + args.duration);
    let start = Instant::now();
    let clients = std::thread::spawn(move || clients::all(to, &token, rate, start, time));
    let [first, ..] = &providers;
    let (from, until) = (start + args.around, start + args.around + args.duration);
    std::thread::sleep(from.saturating_duration_since(Instant::now()));
    first.turn(if kind == Kind::Hang { ProviderState::Hanging } else { ProviderState::Deaf });
    std::thread::sleep(until.saturating_duration_since(Instant::now()));
    first.turn(ProviderState::Well);
    let ended = clients.join().map_err(|_| anyhow::anyhow!("the thread of the clients has died"))??;
    let accounts =
        Accounts::new(ended, args.around, args.around + args.duration, args.first_byte.min(args.connect) / 2);
    println!(
        "\n{kind:?}: the first target is out from {:?} to {:?}\n\n{accounts}",
        args.around,
        args.around + args.duration
    );
    Ok(match kind {
        Kind::Hang => vec![accounts.failed_bar()],
        Kind::Deaf => vec![accounts.waiting_bar(args.connect)],
    })
}

fn answering() -> Result<FakeProvider> {
    FakeProvider::start(|_: &Request| vec![Act::Wait(Duration::from_millis(20)), Act::Send(answer::whole("yes"))])
}

fn config(args: &OutageArgs, providers: [SocketAddr; 3], hash: &str, none: &std::path::Path) -> String {
    let (first_byte, connect) = (args.first_byte.as_millis(), args.connect.as_millis());
    let mut toml = format!("pepper = {}\n[server]\n[log]\nlevel = \"warn\"\n", quote(PEPPER));
    for (name, address) in ["one", "two", "three"].iter().zip(providers) {
        toml.push_str(&format!(
            "[providers.{name}]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\napi_key = \"test\"\n\
             first_byte_timeout = \"{first_byte}ms\"\nconnect_timeout = \"{connect}ms\"\n"
        ));
    }
    let folder = quote(&none.to_string_lossy());
    toml + &format!(
        "[models.m]\ntargets = [\"one/m\", \"two/m\", \"three/m\"]\n\
         [tenants.outage]\nmodels = [\"*\"]\nkeys = [{{ id = \"outage\", hash = \"{hash}\" }}]\n\
         [plugins]\nfolder = {folder}\ncache = {folder}\n"
    )
}
