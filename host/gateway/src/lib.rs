//! The gateway: all of the program `weir` but its `main`.
//!
//! A library, so that it is compiled while what it uses still is: a program waits until all of that is done.
//!
//! This crate is composition only: `run` builds what the other crates offer, `request` leads each request through it. `docs/architecture.md` has the map.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod admin;
mod command;
mod control;
mod request;
mod run;
mod telemetry;
mod worker;

use command::{check, cli, console, key};
use run::{allocator, serve};
use std::process::ExitCode;

/// Does what the command line asks for, and tells how that ended: 0 where it is done, 1 where it is not. Ends the process itself
/// where the command line makes no sense (2) or asks for help or the version (0).
#[must_use]
pub fn run() -> ExitCode {
    allocator::keep_little();
    allocator::allow_huge_pages(false);
    let cli = cli::Cli::read();
    let ended = match &cli.command {
        None => serve::serve(&cli.serve),
        Some(cli::Command::Serve(args)) => serve::serve(args),
        Some(cli::Command::Check(args)) => check::check(args),
        Some(cli::Command::Key(command)) => key::keys(command),
        Some(cli::Command::Plugin(command)) => plugin(command),
        Some(cli::Command::Compile(args)) => Ok(args.task().run()),
    };
    ended.unwrap_or_else(|error| {
        console::complain(&format!("weir: {error:#}"));
        ExitCode::FAILURE
    })
}

fn plugin(command: &weir_author::PluginCommand) -> anyhow::Result<ExitCode> {
    let done = weir_author::run(command, weir_sandbox::Compiler::Process)?;
    console::say(&done.text);
    Ok(if done.good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
