//! The command line of `bars`.

use crate::gateway::Program;

#[derive(clap::Args, Debug)]
pub(crate) struct BarsArgs {
    #[command(flatten)]
    pub(super) program: Program,
    /// Which of them
    #[arg(long, value_delimiter = ',', default_value = "tenants,one-byte,announced,frames,idle")]
    pub(super) only: Vec<WhichBar>,
    /// Tenants of the large configuration
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(super) tenants: u32,
    /// Models of the large configuration
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(super) models: u32,
}

#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhichBar {
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
