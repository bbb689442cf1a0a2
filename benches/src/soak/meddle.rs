//! What an operator does meanwhile: configurations written, plugins put in, changed and taken out, mistakes made.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::setup::SoakSetup;
use crate::gateway::Gateway;

/// How long a change may take to be live.
const PATIENCE: Duration = Duration::from_secs(30);

/// The changes of a soak, one after the other and again.
#[derive(Debug, Default)]
pub(super) struct Meddler {
    steps: u32,
    version: u32,
}

impl Meddler {
    /// The next change; the word for it.
    ///
    /// # Errors
    /// A file cannot be written; the gateway has ended.
    pub(super) fn step(&mut self, setup: &SoakSetup, gateway: &Gateway) -> Result<&'static str> {
        let extra = setup.plugins.join("all");
        self.steps += 1;
        match self.steps % 7 {
            1 => self.rewrite(setup, gateway, replace).map(|()| "configuration replaced"),
            2 => gateway.hang_up().map(|()| "SIGHUP"),
            3 => put_in(setup, &extra, self.steps).map(|()| "plugin put in"),
            4 => self.rewrite(setup, gateway, write_over).map(|()| "configuration written over"),
            5 => settings(&extra, self.steps).map(|()| "plugin's settings changed"),
            6 => replace(&gateway.config, "[server]\nlisten = 12\n").map(|()| "configuration with mistakes"),
            _ => {
                self.rewrite(setup, gateway, replace)?;
                fs::remove_dir_all(&extra)?;
                Ok("plugin taken out")
            }
        }
    }

    fn rewrite(&mut self, setup: &SoakSetup, gateway: &Gateway, how: fn(&Path, &str) -> Result<()>) -> Result<()> {
        self.version += 1;
        how(&gateway.config, &setup.config(self.version))
    }

    /// Good files again; waits until the gateway has no problem with them.
    ///
    /// # Errors
    /// It still has one after a while.
    pub(super) fn tidy(&mut self, setup: &SoakSetup, gateway: &Gateway) -> Result<()> {
        let _gone = fs::remove_dir_all(setup.plugins.join("all"));
        self.rewrite(setup, gateway, replace)?;
        let until = Instant::now() + PATIENCE;
        while gateway.metrics()?.count("weir_plugin_problems", &[]) > 0 {
            if Instant::now() > until {
                bail!("files are good again, and after {PATIENCE:?} the gateway still has problems with them");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }
}

fn replace(file: &Path, text: &str) -> Result<()> {
    let beside = file.with_extension("new");
    fs::write(&beside, text)?;
    fs::rename(&beside, file).with_context(|| format!("cannot replace {}", file.display()))
}

fn write_over(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// One that refuses what no request of a soak says.
fn put_in(setup: &SoakSetup, folder: &Path, step: u32) -> Result<()> {
    fs::create_dir_all(folder)?;
    settings(folder, step)?;
    fs::copy(setup.material(), folder.join("strict.wasm"))?;
    Ok(())
}

fn settings(folder: &Path, step: u32) -> Result<()> {
    let phrase = format!("config = {{ deny = [\"project bluebird {step}\"] }}\n");
    replace(&folder.join("strict.toml"), &phrase)
}
