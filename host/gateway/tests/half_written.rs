//! A configuration that is half-written, empty or cut off never goes live, whoever writes it and however.

use crate::support;

use crate::guest::policies::{code, problems};
use crate::guest::{Guest, chain, gateway_with, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, config_with, post, until, with_folders};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the writers of these tests rest between two writes.
const REST: Duration = Duration::from_millis(300);

/// How many changes went live, and how many did not.
fn reloads(gateway: &Gateway) -> (f64, f64) {
    let count = |result: &str| gateway.metric("weir_reloads_total", &[&format!("result=\"{result}\"")]);
    (count("live"), count("refused"))
}

/// How many changes were held, or waited for.
fn held(gateway: &Gateway) -> f64 {
    gateway.metric("weir_reloads_total", &["result=\"held\""])
}

/// Asks for as long as a writer rests: everybody is answered, all the time.
fn serve_on(gateway: &Gateway) {
    let start = Instant::now();
    loop {
        for key in [ACME, GLOBEX] {
            let reply = post(gateway.address, key, &chat("hi"));
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        if start.elapsed() >= REST {
            return;
        }
    }
}

/// Tells one state of the configuration from the next: the status for this model.
fn status_of(gateway: &Gateway, model: &str) -> u16 {
    post(gateway.address, ACME, &chat("hi").replace("\"m\"", &format!("\"{model}\""))).status
}

/// A way to write a file; between two steps it calls the last argument.
type Writer = fn(&Path, &str, &mut dyn FnMut());

fn emptied_first(file: &Path, text: &str, rest: &mut dyn FnMut()) {
    fs::write(file, "").unwrap();
    rest();
    fs::write(file, text).unwrap();
}

/// In four pieces, at lines' ends and within lines.
fn in_pieces(file: &Path, text: &str, rest: &mut dyn FnMut()) {
    let mut out = fs::File::create(file).unwrap();
    for piece in text.as_bytes().chunks(text.len() / 4 + 1) {
        out.write_all(piece).unwrap();
        rest();
    }
}

/// Line by line to where each table begins: every state in between is valid TOML.
fn table_by_table(file: &Path, text: &str, rest: &mut dyn FnMut()) {
    let mut out = fs::File::create(file).unwrap();
    for (n, table) in text.split_inclusive("\n\n").enumerate() {
        out.write_all(table.as_bytes()).unwrap();
        if n % 2 == 1 {
            rest();
        }
    }
}

/// In two pieces, of which the first is longer than what was there: all of it but the last table.
fn longer_at_once(file: &Path, text: &str, rest: &mut dyn FnMut()) {
    let remarks = "# A remark of the operator's.\n".repeat(fs::read(file).unwrap().len() / 30 + 1);
    let (most, last) = text.split_at(text.trim_end().rfind("\n\n").unwrap());
    let mut out = fs::File::create(file).unwrap();
    out.write_all(format!("{remarks}{most}\n").as_bytes()).unwrap();
    rest();
    out.write_all(last.as_bytes()).unwrap();
}

fn taken_away_first(file: &Path, text: &str, rest: &mut dyn FnMut()) {
    fs::remove_file(file).unwrap();
    rest();
    in_pieces(file, text, rest);
}

fn renamed_over(file: &Path, text: &str, rest: &mut dyn FnMut()) {
    let new = file.with_extension("half");
    in_pieces(&new, text, rest);
    fs::rename(new, file).unwrap();
}

/// As Kubernetes does: the file is a link through a link to a folder, and that one is renamed over.
fn linked_anew(file: &Path, text: &str, rest: &mut dyn FnMut()) {
    let folder = file.parent().unwrap();
    let version = folder.join(format!("..{}", fs::read_dir(folder).unwrap().count()));
    fs::create_dir(&version).unwrap();
    in_pieces(&version.join("weir.toml"), text, rest);
    symlink(&version, folder.join("..new")).unwrap();
    fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    if !file.is_symlink() {
        symlink("..data/weir.toml", folder.join("weir.new")).unwrap();
        fs::rename(folder.join("weir.new"), file).unwrap();
    }
}

#[test]
fn whoever_writes_the_file_and_however_nothing_goes_live_before_it_is_whole() {
    let upstream = Upstream::chat();
    let plain = with_folders(&config(upstream.address));
    let model = |name: &str| format!("\n[models.{name}]\ntargets = [\"up/{name}\"]\n");
    let gateway = Gateway::start(&config(upstream.address));
    let file = gateway.config_file();
    let writers: [(&str, Writer); 7] = [
        ("emptied", emptied_first),
        ("pieces", in_pieces),
        ("tables", table_by_table),
        ("longer", longer_at_once),
        ("away", taken_away_first),
        ("renamed", renamed_over),
        ("linked", linked_anew),
    ];
    for (n, (name, write)) in writers.into_iter().enumerate() {
        let live = reloads(&gateway).0;
        // Longer than what serves, and then shorter than that.
        for text in [format!("{plain}{}", model(name)), plain.clone()] {
            let wanted = if text == plain { 404 } else { 200 };
            write(&file, &text, &mut || serve_on(&gateway));
            until(&format!("{name} is live"), || (status_of(&gateway, name) == wanted).then_some(()));
            serve_on(&gateway);
        }
        soon_eq!(reloads(&gateway).0, live + 2.0, "{name} ({n}): whole, and nothing in between");
    }
}

fn is_of_a_key(line: &str) -> bool {
    line.contains(".keys]]") || line.starts_with("id = ") || line.starts_with("hash = ")
}

#[test]
fn an_emptied_or_cut_file_is_held_and_named_and_never_goes_live_by_itself() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[limits]\nconnections = 1000\n"));
    let whole = fs::read_to_string(gateway.config_file()).unwrap();
    let until_tenants = &whole[..whole.find("[tenants").unwrap()];
    let in_a_number = &whole[..whole.find("= 1000").unwrap() + "= 10".len()];
    let keyless: String = whole.lines().filter(|line| !is_of_a_key(line)).map(|line| format!("{line}\n")).collect();
    for (text, named) in [
        (keyless.as_str(), "no key is left in it, and 2 served (acme and 1 more)"),
        ("", "no tenant is left in it"),
        ("# Nobody is here.\n", "no tenant is left in it"),
        (until_tenants, "no tenant is left in it, and 2 served (acme and 1 more)"),
        (&whole[whole.find("[tenants").unwrap()..], "no model is left in it, and 1 served (m)"),
        (in_a_number, "ends in the middle of a line"),
    ] {
        let (counts, kept) = (reloads(&gateway), held(&gateway));
        fs::write(gateway.config_file(), text).unwrap();
        until(&format!("it is named: {named}"), || {
            assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{named}");
            problems(&gateway).contains(named).then_some(())
        });
        until("it is counted", || (held(&gateway) == kept + 1.0).then_some(()));
        soon_eq!(reloads(&gateway), counts, "nothing of it is live, and nothing is refused");
        assert!(problems(&gateway).contains("weir.toml") && problems(&gateway).contains("SIGHUP"));
        until("it is logged", || gateway.log().contains(named).then_some(()));
        soon!(gateway.metric("weir_plugin_problems", &[]) >= 1.0);
        serve_on(&gateway);
        assert_eq!(gateway.admin_get("/readyz").status, 200);
        fs::write(gateway.config_file(), &whole).unwrap();
        until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    }
}

#[test]
fn a_file_that_does_not_come_to_rest_is_named_and_not_read() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let whole = fs::read_to_string(gateway.config_file()).unwrap();
    // Good by itself at every moment, and without the second tenant.
    let half = whole[..whole.find("[tenants.globex]").unwrap()].to_owned() + &whole[whole.find("[plugins]").unwrap()..];
    let start = Instant::now();
    let mut named = false;
    while !named {
        assert!(start.elapsed() < support::PATIENCE, "never named: {}", problems(&gateway));
        for end in ["", "\n", "\n\n"] {
            fs::write(gateway.config_file(), format!("{half}{end}")).unwrap();
            assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
            named |= problems(&gateway).contains("is still being written");
        }
    }
    fs::write(gateway.config_file(), &half).unwrap();
    until("it is read once it lies still", || (post(gateway.address, GLOBEX, &chat("hi")).status == 401).then_some(()));
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    soon!(held(&gateway) >= 1.0, "what is only being written is held");
    soon_eq!(reloads(&gateway).1, 0.0, "and not refused");
}

#[test]
fn taking_all_tenants_away_takes_a_signal_that_confirms_what_was_named() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let whole = fs::read_to_string(gateway.config_file()).unwrap();
    let without = whole[..whole.find("[tenants").unwrap()].to_owned() + &whole[whole.find("[plugins]").unwrap()..];
    fs::write(gateway.config_file(), &without).unwrap();
    until("it is named", || problems(&gateway).contains("no tenant is left").then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    gateway.signal("HUP");
    until("it is live", || (post(gateway.address, ACME, &chat("hi")).status == 401).then_some(()));
    until("it is counted", || (reloads(&gateway).0 == 1.0).then_some(()));
    soon_eq!((reloads(&gateway), held(&gateway)), ((1.0, 0.0), 1.0), "held, then live, and never refused");
    until("it is still said", || problems(&gateway).contains("no tenant: ").then_some(()));
    fs::write(gateway.config_file(), &whole).unwrap();
    until("they are back", || (post(gateway.address, ACME, &chat("hi")).status == 200).then_some(()));
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
}

#[test]
fn a_signal_in_the_middle_of_writing_confirms_nothing() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[plugins]\nreload = false\n"));
    let file = gateway.config_file();
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, "").unwrap();
    gateway.signal("HUP");
    serve_on(&gateway);
    let more = format!("[models.more]\ntargets = [\"up/more\"]\n\n{whole}");
    in_pieces(&file, &more, &mut || serve_on(&gateway));
    until("the whole is live", || (status_of(&gateway, "more") == 200).then_some(()));
    fs::write(&file, "").unwrap();
    gateway.signal("HUP");
    until("it is named", || problems(&gateway).contains("no tenant is left").then_some(()));
    serve_on(&gateway);
    gateway.signal("HUP");
    until("it was named, and is confirmed", || (post(gateway.address, ACME, &chat("hi")).status == 401).then_some(()));
}

#[test]
fn a_key_that_is_taken_out_is_no_half_written_file_and_is_revoked_at_once() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let whole = fs::read_to_string(gateway.config_file()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let at = lines.iter().position(|line| *line == "[[tenants.acme.keys]]").unwrap();
    // The only key of this tenant, in place: the file is shorter, and everything else is as it was.
    let without = [&lines[..at], &lines[at + 3..]].concat().join("\n") + "\n";
    let start = Instant::now();
    fs::write(gateway.config_file(), without).unwrap();
    until("the key is revoked", || (post(gateway.address, ACME, &chat("hi")).status == 401).then_some(()));
    // One second and a little; a machine that is busy with other tests gets five.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
    assert_eq!(problems(&gateway), "[]");
}

/// A policy that refuses if it has settings.
fn refusing_with_settings() -> Guest {
    Guest::on(
        "policy",
        r#"(if (i32.gt_u (global.get $len) (i32.const 2)) (then (return (call $refuse (i32.const 400) @"set" @""))))
           (call $pass)"#,
    )
    .init("(global.set $len (local.get $settings-len)) (i32.store (i32.const 0) (i32.const 0)) (i32.const 0)")
    .with("(global $len (mut i32) (i32.const 0))")
}

/// Asks for as long as a writer rests: the policy holds, all the time.
fn refuse_on(gateway: &Gateway) {
    let start = Instant::now();
    while start.elapsed() < REST {
        assert_eq!(code(gateway, ACME), "set");
    }
}

#[test]
fn settings_of_a_plugin_that_are_emptied_or_half_written_leave_the_policy_as_it_was() {
    let upstream = Upstream::chat();
    let gateway = gateway_with(&format!("{}{}", config(upstream.address), chain(&[])), &[]);
    let all = gateway.plugins().join("all");
    let settings = "# What this policy wants.\nconfig = { deny = \"everything\" }\n";
    fs::create_dir_all(&all).unwrap();
    fs::write(all.join("set.toml"), settings).unwrap();
    install(&all, "set", &refusing_with_settings().build());
    until("it refuses", || (code(&gateway, ACME) == "set").then_some(()));
    let (live, _) = reloads(&gateway);
    for write in [emptied_first as Writer, in_pieces, renamed_over, taken_away_first] {
        write(&all.join("set.toml"), settings, &mut || refuse_on(&gateway));
    }
    for (text, named) in [("", "is empty"), ("\n\n", "is empty"), ("# What this policy", "has lost all that it said")] {
        fs::write(all.join("set.toml"), text).unwrap();
        until(&format!("it is named: {named}"), || {
            let problems = problems(&gateway);
            (problems.contains("set.toml") && problems.contains(named)).then_some(())
        });
        refuse_on(&gateway);
    }
    soon_eq!(reloads(&gateway).0, live, "nothing of it went live");
    fs::write(all.join("set.toml"), settings).unwrap();
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    // Whoever wants the defaults takes the file away.
    fs::remove_file(all.join("set.toml")).unwrap();
    until("it has no settings", || code(&gateway, ACME).is_empty().then_some(()));
}

#[test]
fn an_emptied_secret_is_held_like_an_emptied_configuration() {
    let upstream = Upstream::chat();
    let folder = tempfile::tempdir().unwrap();
    let (pepper, key) = (folder.path().join("pepper"), folder.path().join("key"));
    // No pepper is what the keys of these tests were made with, so it is a secret header that comes from a file, too.
    fs::write(&key, "first\n").unwrap();
    let provider = format!("headers.x-secret = \"file:{}\"", key.display());
    let gateway = Gateway::start(&config_with(upstream.address, &provider, ""));
    let sent = || {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        upstream.seen().last().unwrap().header("x-secret").unwrap()
    };
    assert_eq!(sent(), "first");
    fs::write(&key, "").unwrap();
    until("it is named", || problems(&gateway).contains(&format!("its file {} is empty", key.display())).then_some(()));
    assert_eq!(sent(), "first");
    fs::write(&key, "second\n").unwrap();
    until("the new one is sent", || (sent() == "second").then_some(()));
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    // An empty pepper is valid, and would shut everybody out whose key was made with one.
    fs::write(&pepper, "").unwrap();
    let with = format!("pepper = \"file:{}\"\n{}", pepper.display(), config_with(upstream.address, &provider, ""));
    gateway.write_config(&with);
    until("it is named", || {
        problems(&gateway).contains(&format!("pepper: its file {} is empty", pepper.display())).then_some(())
    });
    assert_eq!(sent(), "second");
}

#[test]
fn new_settings_that_are_written_piece_by_piece_go_live_when_they_are_whole() {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    let all = gateway.plugins().join("all");
    let refuse = r#"(call $refuse (i32.const 400) @"told" (global.get $at) (global.get $len))"#;
    let keep = r#"(global.set $at (local.get $settings)) (global.set $len (local.get $settings-len))
                  (i32.store (i32.const 0) (i32.const 0)) (i32.const 0)"#;
    let globals = "(global $at (mut i32) (i32.const 0)) (global $len (mut i32) (i32.const 0))";
    let telling = Guest::on("policy", refuse).init(keep).with(globals).build();
    let whole = "config.a = 1\nconfig.b = 2\nconfig.c = 3\nconfig.d = 4\n";
    let said = || {
        let reply = post(gateway.address, ACME, &chat("hi"));
        if reply.status == 200 { None } else { reply.json()["error"]["message"].as_str().map(str::to_owned) }
    };
    let whole_said = r#"{"a":1,"b":2,"c":3,"d":4}"#;
    for name in ["beside", "before"] {
        // Before the plugin comes, and beside one that serves without any.
        if name == "beside" {
            install(&all, name, &telling);
            until("it serves without settings", || (said().as_deref() == Some("{}")).then_some(()));
        }
        fs::create_dir_all(&all).unwrap();
        let mut out = fs::File::create(all.join(format!("{name}.toml"))).unwrap();
        for (n, line) in whole.split_inclusive('\n').enumerate() {
            out.write_all(line.as_bytes()).unwrap();
            if n == 0 && name == "before" {
                install(&all, name, &telling);
            }
            let start = Instant::now();
            while start.elapsed() < REST {
                let said = said();
                assert!([None, Some("{}"), Some(whole_said)].contains(&said.as_deref()), "{said:?}");
            }
        }
        until("all of it is live", || (said().as_deref() == Some(whole_said)).then_some(()));
        fs::remove_dir_all(&all).unwrap();
        until("it is taken out", || said().is_none().then_some(()));
    }
}
