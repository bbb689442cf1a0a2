//! `weir check`: everything that `serve` would refuse, without serving.

use crate::command::cli::CheckArgs;
use crate::command::console;
use crate::control::callouts::CalloutConnector;
use crate::control::{at, half_of_answers, nobody, strays};
use crate::run::serve::load;
use crate::run::start::open_cache;
use crate::worker::snapshot::Snapshot;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use weir_config::counted;
use weir_sandbox::{Compiler, Library, Sandbox};
use weir_upstream::HostNames;

/// Stands for the demo provider, which nobody asks here.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// Prints every problem; 0 if there is none, else 1. That nobody could ask is one: it is hardly ever meant, and what is left
/// of a file that was cut off.
pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let file = args.file();
    let Some(loaded) = load(&file, &args.overrides(), args.config.is_some()) else { return Ok(ExitCode::FAILURE) };
    loaded.warnings.iter().for_each(|w| console::warn(&format!("warning: {w}")));
    let config = Arc::new(loaded.config);
    let sandbox = Sandbox::with_egress(Arc::new(CalloutConnector))?;
    let mut library = Library::with_compiler(sandbox, open_cache(&config), Compiler::Process);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (chains, problems) = runtime.block_on(library.build(&config, &mut |_| {}));
    problems.iter().flat_map(|p| at(&config, p)).for_each(|line| console::complain(&line));
    let nobody = nobody(&config);
    nobody.iter().for_each(|none| console::complain(none));
    strays(&config, library.strays()).iter().for_each(|line| console::warn(&format!("warning: {line}")));
    let half = chains.plugins().iter().filter_map(|plugin| half_of_answers(plugin));
    half.for_each(|line| console::warn(&format!("warning: {line}")));
    let plugins = counted(chains.plugins().len(), "plugin", "plugins");
    // All that a start would make of it, but for listening: no name is looked up.
    let made = Snapshot::build(Arc::clone(&config), chains, None, (Some(NOBODY), &HostNames::default()));
    made.as_ref().err().iter().for_each(|why| console::complain(&format!("{}: {why}", file.display())));
    if !problems.is_empty() || !nobody.is_empty() || made.is_err() {
        return Ok(ExitCode::FAILURE);
    }
    let tenants = counted(config.tenants.len(), "tenant", "tenants");
    let models = counted(config.models.len(), "model", "models");
    console::say(&format!("{}: good ({tenants}, {models}, {plugins} bound)", file.display()));
    Ok(ExitCode::SUCCESS)
}
