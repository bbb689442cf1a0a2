//! `weir check`: everything that `serve` would refuse, without serving.

use crate::cli::Check;
use crate::console;
use crate::control::nobody;
use crate::egress::WayOut;
use crate::serve::{at, load, open_cache};
use std::process::ExitCode;
use std::sync::Arc;
use weir_sandbox::{Library, Sandbox};

/// Prints every problem; 0 if there is none, else 1. That nobody could ask is one: it is hardly ever meant, and what is left
/// of a file that was cut off.
pub(crate) fn check(args: &Check) -> anyhow::Result<ExitCode> {
    let file = args.file();
    let Some(loaded) = load(&file, &args.overrides()) else { return Ok(ExitCode::FAILURE) };
    loaded.warnings.iter().for_each(|w| console::complain(&format!("warning: {w}")));
    let config = loaded.config;
    let sandbox = Sandbox::with_egress(Arc::new(WayOut))?;
    let mut library = Library::new(sandbox, open_cache(&config));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (chains, problems) = runtime.block_on(library.build(&config, &mut |_| {}));
    problems.iter().for_each(|p| console::complain(&at(&config, p)));
    let nobody = nobody(&config);
    nobody.iter().for_each(|none| console::complain(none));
    if !problems.is_empty() || !nobody.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let (tenants, models) = (config.tenants.len(), config.models.len());
    let plugins = chains.plugins().len();
    console::say(&format!("{}: good ({tenants} tenants, {models} models, {plugins} plugins bound)", file.display()));
    Ok(ExitCode::SUCCESS)
}
