//! `weir`: an AI gateway that platform teams extend with WebAssembly.
//!
//! This crate is composition only: [`serve`] builds what the other crates offer, `journey` leads each request through
//! it. `docs/architecture.md` has the map.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod admin;
mod allocator;
mod answer;
mod ask;
mod check;
mod choice;
mod cli;
mod console;
mod context;
mod control;
mod cors;
mod decode;
mod demo;
mod descriptors;
mod egress;
mod figures;
mod front;
mod gather;
mod handler;
mod journey;
mod keys;
mod latest;
mod log;
mod metrics;
mod notify;
mod observe;
mod plan;
mod rate_headers;
mod read;
mod receive;
mod record;
mod refusal;
mod relay;
mod removed;
mod request_id;
mod run;
mod seldom;
mod serve;
mod server;
mod signals;
mod snapshot;
mod stats;
mod via;
mod waits;
mod watch;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::allow_huge_pages(false);
    let cli = cli::Cli::read();
    let ended = match &cli.command {
        None => serve::serve(&cli.serve),
        Some(cli::Command::Serve(args)) => serve::serve(args),
        Some(cli::Command::Check(args)) => check::check(args),
        Some(cli::Command::Key(command)) => keys::keys(command),
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
