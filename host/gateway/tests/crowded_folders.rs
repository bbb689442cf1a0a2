//! Whatever a tenant's folder is filled with, others' files go live beside it, and the gateway is looked at and ended as ever.

use crate::guest::policies::{problems, refusing};
use crate::guest::{gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, post, until};
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

fn code(gateway: &Gateway) -> String {
    code_of(gateway, ACME)
}

fn code_of(gateway: &Gateway, key: &str) -> String {
    let reply = post(gateway.address, key, &chat("hi"));
    if reply.status == 200 { String::new() } else { reply.code() }
}

#[test]
fn a_folder_with_more_files_than_are_looked_at_is_named_and_what_was_good_of_it_serves_on() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let (acme, globex) = (gateway.plugins().join("tenants/acme"), gateway.plugins().join("tenants/globex"));
    install(&acme, "guard", &refusing("kept").build());
    until("it refuses", || (code(&gateway) == "kept").then_some(()));
    for n in 0..100_000 {
        fs::File::create(acme.join(format!("{n}.wasm"))).unwrap();
    }
    until("it is named", || {
        let problems = problems(&gateway);
        (problems.contains("tenants/acme") && problems.contains("holds more than 4096 files")).then_some(())
    });
    assert_eq!(gateway.ready()["problems"].as_array().unwrap().len(), 1, "{}", problems(&gateway));
    assert_eq!(code(&gateway), "kept");
    let start = Instant::now();
    install(&globex, "own", &refusing("beside").build());
    until("others' changes go live", || (code_of(&gateway, GLOBEX) == "beside").then_some(()));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    for n in 0..100_000 {
        fs::remove_file(acme.join(format!("{n}.wasm"))).unwrap();
    }
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    assert_eq!(code(&gateway), "kept");
}

#[test]
fn what_needs_no_compiling_goes_live_while_another_tenants_many_files_are_compiled() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let (acme, globex) = (gateway.plugins().join("tenants/acme"), gateway.plugins().join("tenants/globex"));
    install(&globex, "own", &refusing("own").build());
    until("it refuses", || (code_of(&gateway, GLOBEX) == "own").then_some(()));
    // Beside the folder, so that all of them come at once.
    let beside = gateway.plugins().parent().unwrap().join("beside");
    for n in 0..400 {
        install(&beside, &format!("many{n}"), &refusing(&format!("code_{n}")).build());
    }
    fs::create_dir_all(&acme).unwrap();
    for n in 0..400 {
        fs::rename(beside.join(format!("many{n}.wasm")), acme.join(format!("many{n}.wasm"))).unwrap();
    }
    let compiling = || gateway.ready()["compiling"].as_array().map_or(0, Vec::len);
    until("they are compiled", || (compiling() > 0).then_some(()));
    fs::remove_file(globex.join("own.wasm")).unwrap();
    until("it is gone", || code_of(&gateway, GLOBEX).is_empty().then_some(()));
    assert!(compiling() > 0, "it waited until all of them were compiled");
}

#[test]
fn no_link_in_a_tenants_folder_has_more_watched_than_that_folder() {
    let elsewhere = tempfile::tempdir().unwrap();
    for n in 0..2_000 {
        fs::create_dir(elsewhere.path().join(n.to_string())).unwrap();
    }
    let gateway = Gateway::start_with(&config(Upstream::chat().address), |folder| {
        let acme = folder.join("tenants/acme");
        fs::create_dir_all(&acme).unwrap();
        symlink(elsewhere.path(), acme.join("link")).unwrap();
        symlink("/proc/self/task", acme.join("deeper")).unwrap();
    });
    let watches = || {
        let open = fs::read_dir(format!("/proc/{}/fdinfo", gateway.pid())).unwrap().flatten();
        let infos = open.filter_map(|open| fs::read_to_string(open.path()).ok());
        infos.map(|info| info.lines().filter(|line| line.starts_with("inotify ")).count()).sum::<usize>()
    };
    let acme = gateway.plugins().join("tenants/acme");
    for code in ["one", "two"] {
        install(&acme, "guard", &refusing(code).build());
        until("it refuses", || (self::code(&gateway) == code).then_some(()));
        assert!((1..100).contains(&watches()), "{}", watches());
    }
    // A folder that is made anew is followed anew.
    fs::remove_dir_all(gateway.plugins().join("tenants")).unwrap();
    until("it no longer applies", || code(&gateway).is_empty().then_some(()));
    install(&acme, "guard", &refusing("three").build());
    until("it refuses", || (code(&gateway) == "three").then_some(()));
}

#[test]
fn a_file_that_grows_without_end_keeps_nobody_from_going_live_or_ending() {
    use std::io::Write as _;
    let mut gateway = gateway(Upstream::chat().address, "", &[]);
    let (acme, globex) = (gateway.plugins().join("tenants/acme"), gateway.plugins().join("tenants/globex"));
    install(&acme, "guard", &refusing("kept").build());
    until("it refuses", || (code(&gateway) == "kept").then_some(()));
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let growing = ["guard.toml", "guard.schema.json", "new.wasm"].map(|name| acme.join(name));
    let writer = std::thread::spawn(move || {
        // Bounded, should nobody say that it is enough.
        for _ in 0..30_000 {
            for path in &growing {
                let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
                file.write_all(b"# and more\n").unwrap();
            }
            if stopped.recv_timeout(Duration::from_millis(2)) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    });
    until("it is said that they are written", || problems(&gateway).contains("is still being written").then_some(()));
    assert_eq!(code(&gateway), "kept");
    install(&globex, "own", &refusing("beside").build());
    until("others' changes go live", || (code_of(&gateway, GLOBEX) == "beside").then_some(()));
    assert_eq!(gateway.admin_get("/livez").status, 200);
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    drop(stop);
    writer.join().unwrap();
}

#[test]
fn files_whose_names_no_plugin_can_have_are_named_and_keep_nobody_from_theirs() {
    use std::os::unix::ffi::OsStrExt as _;
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let acme = gateway.plugins().join("tenants/acme");
    let longest = "n".repeat(243);
    install(&acme, &longest, &refusing("kept").build());
    until("the longest name serves", || (code(&gateway) == "kept").then_some(()));
    let long = "m".repeat(244);
    for (name, named) in [
        (&b"\xffno text.wasm"[..], "is not UTF-8"),
        (format!("{long}.wasm").as_bytes(), "is longer than 243 bytes"),
        (&b"esc\x1b[31m.wasm"[..], "control character"),
        (&b"line\nbreak.wasm"[..], "control character"),
    ] {
        let file = acme.join(std::ffi::OsStr::from_bytes(name));
        fs::write(&file, refusing("never").build()).unwrap();
        until(named, || problems(&gateway).contains(named).then_some(()));
        let said = &gateway.ready()["problems"][0];
        assert!(!said.as_str().unwrap().contains(char::is_control), "{said}");
        assert_eq!(code(&gateway), "kept", "{named}");
        fs::remove_file(&file).unwrap();
        until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    }
}
