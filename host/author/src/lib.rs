//! `weir plugin …`: what authors of plugins need, without a gateway.
//!
//! [`PluginCommand`] is the command line and [`run`] does what it says, in the real sandbox: scaffolding, building, checking,
//! trying cases, timing, looking inside, signing, and holding many plugins to the same decisions. Nothing here prints;
//! [`ToolOutcome`] has what is to be shown. `docs/plugin-tools.md` is the reference.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod args;
mod artefact;
mod call;
mod case;
mod check;
mod compare;
mod conform;
mod diff;
mod error;
mod harness;
mod inspect;
mod logs;
mod make;
mod measure;
mod outcome;
mod place;
mod read;
mod run_case;
mod scaffold;
mod show;
mod sign;
mod timing;
mod trial;

pub use args::PluginCommand;
pub use case::usual_outcome;
pub use error::AuthorError;
pub use outcome::ToolOutcome;

use weir_sandbox::Compiler;

/// Does what the command line says; `compiler` compiles plugins for it.
///
/// # Errors
/// If it cannot be done. That a plugin is not good is no error: see [`ToolOutcome::good`].
pub fn run(command: &PluginCommand, compiler: Compiler) -> Result<ToolOutcome, AuthorError> {
    match command {
        PluginCommand::New { name, lang, dir } => scaffold::new(name, lang, dir.as_deref()),
        PluginCommand::Build { dir, output } => make::build(dir, output.as_deref(), compiler),
        PluginCommand::Check { file, grants, json } => check::check(file, grants.as_deref(), *json, compiler),
        PluginCommand::Test { file, cases, json } => trial::test(file, cases, *json, compiler),
        PluginCommand::Bench { file, case, seconds, json } => {
            let length = std::time::Duration::from_secs(*seconds);
            measure::bench(file, case.as_ref(), length, *json, compiler)
        }
        PluginCommand::Inspect { file, json } => inspect::inspect(file, *json),
        PluginCommand::Keygen { output } => sign::keygen(output),
        PluginCommand::Sign { file, key, version } => sign::sign(file, key, *version),
        PluginCommand::Conform { plugins, cases, json } => conform::conform(plugins, cases, *json, compiler),
    }
}
