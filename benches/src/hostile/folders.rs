//! What is worse in a folder than a plugin: put there and taken away again while requests are served.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use weir_pack::hostile_folders::{HostileFolder, endless_file, pipe};

use super::setup::{HostileSetup, meddled};

/// How long each round lies there, and how long nothing does.
const LIES: Duration = Duration::from_millis(2_000);
const GONE: Duration = Duration::from_millis(500);

/// Puts all of it into the folders of tenants that have nothing else, and what is no file in the place of the configuration,
/// until it is over; what lies there then is taken away.
///
/// # Errors
/// There is no thread to be had.
pub(super) fn meddle(
    setup: &HostileSetup,
    config: &Path,
    number: u32,
    over: &Arc<AtomicBool>,
) -> Result<JoinHandle<Result<()>>> {
    setup.rename_signed()?;
    let (tenants, config, over) = (setup.plugins.join("tenants"), config.to_owned(), Arc::clone(over));
    Ok(thread::spawn(move || {
        for round in 0_u32.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            // No two rounds of a run are alike.
            let number = number.saturating_mul(1_000).saturating_add(round);
            meddled().try_for_each(|folder| folder.lay(&tenants, number))?;
            let aside = Aside::of(&config, if round % 2 == 0 { pipe } else { endless_file })?;
            wait(LIES, &over);
            drop(aside);
            meddled().try_for_each(|folder: &HostileFolder| folder.clear(&tenants))?;
            wait(GONE, &over);
        }
        Ok(())
    }))
}

fn wait(time: Duration, over: &AtomicBool) {
    let until = Instant::now() + time;
    while Instant::now() < until && !over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(20));
    }
}

/// A file that something else stands in for, until this is dropped.
struct Aside {
    file: PathBuf,
    kept: PathBuf,
}

impl Aside {
    fn of(file: &Path, put: fn(&Path) -> Result<()>) -> Result<Self> {
        let (file, kept) = (file.to_owned(), file.with_extension("kept"));
        let (new, begun) = (file.with_extension("new"), Self { file, kept });
        fs::copy(&begun.file, &begun.kept)?;
        put(&new)?;
        fs::rename(new, &begun.file)?;
        Ok(begun)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _back = fs::rename(&self.kept, &self.file);
    }
}
