//! `weir key`: keys for tenants.

use crate::command::cli::{self, KeyCommand};
use crate::command::console;
use anyhow::bail;
use std::process::ExitCode;
use weir_config::Secret;

/// Makes a key.
pub(crate) fn keys(command: &KeyCommand) -> anyhow::Result<ExitCode> {
    let KeyCommand::New { id, config, sigv4 } = command;
    if id.starts_with("sk-") {
        // It is not repeated.
        bail!(
            "this is a whole token, and so a secret: an id is the part between `sk-weir-` and the next `-`; \
             use 1 to 64 of the characters a-z, 0-9 and _"
        );
    }
    let file = cli::file(config.as_ref());
    let named = config.is_some() || std::env::var_os("WEIR_CONFIG").is_some_and(|name| !name.is_empty());
    let pepper = if !named && weir_config::file::kind(&file).is_none() {
        console::complain("There is no configuration here, so this key is made without a pepper.");
        Secret::default()
    } else {
        match weir_config::pepper(&file) {
            Ok(pepper) => pepper,
            Err(problems) => {
                console::complain(&format!("{problems}\nthe pepper of this configuration goes into the hash"));
                return Ok(ExitCode::FAILURE);
            }
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
    if *sigv4 {
        console::complain(&format!("secret = \"{}\"", key.secret()));
        console::complain("");
        console::complain(
            "Whoever signs as AWS' SDKs do has the id as AWS_ACCESS_KEY_ID and this secret as AWS_SECRET_ACCESS_KEY.",
        );
        console::complain("The secret is kept readable there: guard that file, or give secret = \"file:…\".");
    }
    Ok(ExitCode::SUCCESS)
}
