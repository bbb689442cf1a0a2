//! `weir plugin …`: what authors of plugins need, without a gateway.
//!
//! [`Command`] is the command line and [`run`] does what it says, in the real sandbox: scaffolding, building, checking,
//! trying cases, timing, looking inside, signing, and holding many plugins to the same decisions. Nothing here prints;
//! [`Done`] has what is to be shown. `docs/plugin-tools.md` is the reference.
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
mod inspect;
mod logs;
mod make;
mod measure;
mod place;
mod play;
mod read;
mod rig;
mod scaffold;
mod show;
mod sign;
mod timing;
mod trial;

pub use args::Command;
pub use case::usual_outcome;
pub use error::AuthorError;

use weir_sandbox::Compiler;

/// What a tool has to say, and whether it found everything good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// For standard output.
    pub text: String,
    /// Whether to exit with 0.
    pub good: bool,
}

/// Does what the command line says; `compiler` compiles plugins for it.
///
/// # Errors
/// If it cannot be done. That a plugin is not good is no error: see [`Done::good`].
pub fn run(command: &Command, compiler: Compiler) -> Result<Done, AuthorError> {
    match command {
        Command::New { name, lang, dir } => scaffold::new(name, lang, dir.as_deref()),
        Command::Build { dir, output } => make::build(dir, output.as_deref(), compiler),
        Command::Check { file, grants, json } => check::check(file, grants.as_deref(), *json, compiler),
        Command::Test { file, cases, json } => trial::test(file, cases, *json, compiler),
        Command::Bench { file, case, seconds, json } => {
            let length = std::time::Duration::from_secs(*seconds);
            measure::bench(file, case.as_ref(), length, *json, compiler)
        }
        Command::Inspect { file, json } => inspect::inspect(file, *json),
        Command::Keygen { output } => sign::keygen(output),
        Command::Sign { file, key, version } => sign::sign(file, key, *version),
        Command::Conform { plugins, cases, json } => conform::conform(plugins, cases, *json, compiler),
    }
}
