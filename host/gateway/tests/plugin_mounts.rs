//! Policies on a mounted volume: when it goes away, what lies beneath it is not taken for what the operator means.

use crate::guest::policies::{code, problems, refusing};
use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, config, until};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A gateway in a mount namespace of its own, with these commands run in it first; `$1` is the plugin folder. None, with a
/// word on standard error, where there can be no such namespace.
fn gateway(mounts: &str) -> Option<Gateway> {
    let able =
        Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).stderr(Stdio::null()).status();
    if !able.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this test needs a mount namespace (run it as root)");
        return None;
    }
    let script = format!("{mounts}\nshift; exec \"$@\"");
    Some(Gateway::start_by(&config(Upstream::chat().address), |command| {
        let file = command.get_args().last().map(PathBuf::from).unwrap();
        let mut around = Command::new("unshare");
        around.args(["-m", "sh", "-ec", &script, "sh"]).arg(file.with_file_name("plugins"));
        around.arg(command.get_program()).args(command.get_args()).env_remove("WEIR_CONFIG").env("WEIR_LOG", "debug");
        around
    }))
}

/// A path as the gateway sees it.
fn seen(gateway: &Gateway, path: &Path) -> PathBuf {
    Path::new("/proc").join(gateway.pid().to_string()).join("root").join(path.strip_prefix("/").unwrap())
}

/// Runs a command in the gateway's namespace; `$1` is the plugin folder.
fn inside(gateway: &Gateway, script: &str) {
    let pid = gateway.pid().to_string();
    let mut command = Command::new("nsenter");
    command.args(["-t", &pid, "-m", "sh", "-ec", script, "sh"]).arg(gateway.plugins());
    assert!(command.status().unwrap().success(), "{script}");
}

fn applies(gateway: &Gateway, key: &str, expected: &str) {
    until(&format!("`{expected}` applies"), || (code(gateway, key) == expected).then_some(()));
}

/// Waits until it is said what is away, and looks that the policy holds.
fn missed(gateway: &Gateway, below: &str, why: &str) {
    let folder = if below.is_empty() { gateway.plugins() } else { gateway.plugins().join(below) };
    let said = format!("{} {why}", folder.display());
    until(&said, || problems(gateway).contains(&said).then_some(()));
    assert_eq!((code(gateway, ACME).as_str(), code(gateway, GLOBEX).as_str()), ("mounted", "mounted"));
    assert_eq!(gateway.admin_get("/readyz").status, 200);
}

const NOT_MOUNTED: &str = "is not mounted any more";

#[test]
fn an_unmounted_folder_takes_no_policy_with_it_whatever_lies_beneath() {
    // Beneath it lies another policy, a file, and nothing.
    let beneath: [&dyn Fn(&Path); 3] = [
        &|folder| install(&folder.join("all"), "other", &refusing("beneath").build()),
        &|folder| std::fs::write(folder.join("README"), "mount the volume here").unwrap(),
        &|_| {},
    ];
    for prepare in beneath {
        let Some(gateway) = gateway("") else { return };
        let folder = gateway.plugins();
        prepare(&folder);
        inside(&gateway, "mount -t tmpfs none \"$1\"");
        install(&seen(&gateway, &folder).join("all"), "guard", &refusing("mounted").build());
        applies(&gateway, ACME, "mounted");
        inside(&gateway, "umount -l \"$1\"");
        gateway.signal("HUP");
        missed(&gateway, "", NOT_MOUNTED);
        // Mounted again, and nothing has been written to it yet.
        inside(&gateway, "mount -t tmpfs none \"$1\"");
        missed(&gateway, "", "is another folder than it was, and empty");
        install(&seen(&gateway, &folder).join("all"), "guard", &refusing("again").build());
        applies(&gateway, ACME, "again");
        until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    }
}

#[test]
fn a_folder_of_the_same_device_that_was_mounted_is_missed_as_well() {
    let Some(gateway) = gateway("mkdir \"$1.volume\"; touch \"$1/README\"; mount --bind \"$1.volume\" \"$1\"") else {
        return;
    };
    install(&seen(&gateway, &gateway.plugins()).join("all"), "guard", &refusing("mounted").build());
    applies(&gateway, ACME, "mounted");
    inside(&gateway, "umount -l \"$1\"");
    missed(&gateway, "", NOT_MOUNTED);
    inside(&gateway, "mount --bind \"$1.volume\" \"$1\"");
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    assert_eq!(code(&gateway, ACME), "mounted");
}

#[test]
fn a_part_of_the_folder_that_was_mounted_is_missed_and_one_that_is_taken_away_is_not() {
    let Some(gateway) = gateway("mkdir -p \"$1/all\" \"$1/tenants\"; mount -t tmpfs none \"$1/all\"") else { return };
    install(&seen(&gateway, &gateway.plugins()).join("all"), "guard", &refusing("mounted").build());
    applies(&gateway, GLOBEX, "mounted");
    inside(&gateway, "umount -l \"$1/all\"");
    missed(&gateway, "all", NOT_MOUNTED);
    // Not even with its mount point.
    inside(&gateway, "rmdir \"$1/all\"");
    gateway.signal("HUP");
    missed(&gateway, "all", NOT_MOUNTED);
    // Others' changes go live, and what is no mount may go.
    install(&gateway.plugins().join("tenants/globex"), "own", &Guest::on("policy", "(call $pass)").build());
    until("the tenant's is there", || (gateway.ready()["plugins"].as_array()?.len() == 2).then_some(()));
    std::fs::remove_dir_all(gateway.plugins().join("tenants/globex")).unwrap();
    until("the tenant's is gone", || (gateway.ready()["plugins"].as_array()?.len() == 1).then_some(()));
    missed(&gateway, "all", NOT_MOUNTED);
}
