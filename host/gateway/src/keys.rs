//! `weir key`: keys for tenants.

use crate::cli::{self, Key};
use crate::console;
use std::process::ExitCode;
use weir_config::Overrides;

/// Makes a key.
pub(crate) fn keys(command: &Key) -> anyhow::Result<ExitCode> {
    let Key::New { id, config } = command;
    let file = cli::file(config.as_ref());
    let pepper = match weir_config::load(&file, &Overrides::default()) {
        Ok(loaded) => loaded.config.pepper,
        Err(problems) => {
            console::complain(&format!(
                "{problems}\nthe pepper of this configuration goes into the hash: mend it first"
            ));
            return Ok(ExitCode::FAILURE);
        }
    };
    let key = weir_tenancy::key::generate(id)?;
    console::complain("Give this token to the tenant. It is shown once and kept nowhere:");
    console::say(&key.token());
    console::complain("Put this into the configuration, under [tenants.NAME]:");
    console::complain("");
    console::complain("[[tenants.NAME.keys]]");
    console::complain(&format!("id = \"{}\"", key.id()));
    console::complain(&format!("hash = \"{}\"", key.hash_line(pepper.expose().as_bytes())));
    Ok(ExitCode::SUCCESS)
}
