//! `weir plugin`: from an empty folder to a signed plugin, with every mistake named by its place.

use crate::support;

use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use weir_sandbox::signature::{PublicKey, SignatureFile};

/// Counts, logs and refuses by a header: `x-refuse: yes` gets a 403, all else passes and gets `x-seen: 1`.
const POLICY: &str = r#";; world: policy-hook
(module
  (import "weir:plugin/counters@0.1.0" "add" (func $count (param i32 i32 i64)))
  (import "weir:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
  (import "weir:plugin/request@0.1.0" "header" (func $header (param i32 i32 i32)))
  (import "weir:plugin/request@0.1.0" "set-header" (func $set-header (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "x-refusex-seen1seennot_allowednonetwo lines")
  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32)
    (call $count (i32.const 79) (i32.const 4) (i64.const 1))
    (call $log (i32.const 2) (i32.const 98) (i32.const 9))
    (call $header (i32.const 64) (i32.const 8) (i32.const 32))
    (if (i32.load8_u (i32.const 32)) (then
      (i32.store8 (i32.const 0) (i32.const 1))
      (i32.store16 (i32.const 4) (i32.const 403))
      (i32.store (i32.const 8) (i32.const 83))
      (i32.store (i32.const 12) (i32.const 11))
      (i32.store (i32.const 16) (i32.const 94))
      (i32.store (i32.const 20) (i32.const 4))
      (return (i32.const 0))))
    (call $set-header (i32.const 72) (i32.const 6) (i32.const 78) (i32.const 1) (i32.const 32))
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.const 0)))
"#;

fn weir(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(support::weir()).arg("plugin").args(arguments).current_dir(folder).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", out(output), err(output));
    out(output)
}

#[track_caller]
fn bad(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}{}", out(output), err(output));
    out(output) + &err(output)
}

/// A folder with the policy above, built.
fn policy() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("seen");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("seen.wat"), POLICY).unwrap();
    good(&weir(&dir, &["build"]));
    (folder, dir)
}

fn case(dir: &Path, text: &str) -> &'static str {
    fs::write(dir.join("case.json"), text).unwrap();
    "case.json"
}

#[test]
fn a_new_plugin_builds_loads_and_passes_its_first_case() {
    let folder = tempfile::tempdir().unwrap();
    let said = good(&weir(folder.path(), &["new", "first-try", "--lang", "wat"]));
    assert!(said.contains("cd first-try") && said.contains("weir plugin build") && said.contains("weir plugin test"));
    let dir = folder.path().join("first-try");
    // Without the script, for what it needs may not be on this machine.
    fs::remove_file(dir.join("build")).unwrap();
    let said = good(&weir(&dir, &["build"]));
    assert!(said.contains("first-try.wasm: good") && said.contains("weir:plugin@0.1.0"), "{said}");
    let said = good(&weir(&dir, &["test", "first-try.wasm", "--case", "cases.json"]));
    assert!(said.contains("1 case: good"), "{said}");
    let error = bad(&weir(folder.path(), &["new", "first-try", "--lang", "wat"]));
    assert!(error.contains("first-try is not empty"), "{error}");
}

#[test]
fn a_script_that_lacks_a_tool_gives_way_to_the_text_beside_it_and_one_that_fails_does_not() {
    let (_folder, dir) = policy();
    let script = dir.join("build");
    for (code, ends_well) in [(3, true), (1, false)] {
        fs::write(&script, format!("#!/bin/sh\nexit {code}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let output = weir(&dir, &["build", ".", "-o", "made.wasm"]);
        assert_eq!(output.status.success(), ends_well, "{}{}", out(&output), err(&output));
        assert_eq!(dir.join("made.wasm").exists(), ends_well, "what was built before does not stay for it");
    }
    fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
    assert!(bad(&weir(&dir, &["build"])).contains("it made no"));
    let empty = tempfile::tempdir().unwrap();
    assert!(bad(&weir(empty.path(), &["build"])).contains("nothing to build"));
}

#[test]
fn check_says_what_must_be_granted_and_holds_a_plugin_to_what_is() {
    let (_folder, dir) = policy();
    let said: Json = serde_json::from_str(&good(&weir(&dir, &["check", "seen.wasm", "--json"]))).unwrap();
    assert_eq!(said["grants"]["line"], r#"grants = ["counters", "log"]"#);
    assert_eq!((&said["hooks"][0], &said["good"]), (&Json::from("policy"), &Json::from(true)));
    assert!(said["compiles"]["us"].as_f64().unwrap() > 0.0);
    good(&weir(&dir, &["check", "seen.wasm", "--grants", "log,counters"]));
    let error = bad(&weir(&dir, &["check", "seen.wasm", "--grants", "log"]));
    assert!(error.contains("does not load") && error.contains("add \"counters\""), "{error}");
    assert!(bad(&weir(&dir, &["check", "seen.wasm", "--grants", "files"])).contains("`files` is no grant"));
    assert!(bad(&weir(&dir, &["check", "seen.wasm", "--grants", "log,"])).contains("`` is no grant"));
    fs::write(dir.join("no.wasm"), "no").unwrap();
    assert!(bad(&weir(&dir, &["check", "no.wasm"])).contains("no.wasm: not a component"));
    assert!(bad(&weir(&dir, &["check", "none.wasm"])).contains("cannot read none.wasm"));
}

#[test]
fn check_can_be_asked_about_a_plugin_that_is_granted_nothing() {
    let (_folder, dir) = policy();
    let modest = dir.join("modest");
    good(&weir(&dir, &["new", "modest", "--lang", "wat"]));
    fs::remove_file(modest.join("build")).unwrap();
    good(&weir(&modest, &["build"]));
    for nothing in [&["--grants", ""][..], &["--grants="], &["--grants"]] {
        let error = bad(&weir(&dir, &[&["check", "seen.wasm"], nothing].concat()));
        assert!(error.contains("uses what is not granted") && error.contains("\"counters\", \"log\""), "{error}");
        let said = good(&weir(&dir, &[&["check", "modest/modest.wasm", "--json"], nothing].concat()));
        let said: Json = serde_json::from_str(&said).unwrap();
        assert_eq!(said["grants"]["given"], serde_json::json!([]), "{said}");
    }
}

#[test]
fn a_case_shows_decision_changes_log_counters_and_cost() {
    let (_folder, dir) = policy();
    let case = case(&dir, r#"{"hook":"policy","headers":{"x-seen":"0"},"expect":{"counters":{"seen":1}}}"#);
    let said = good(&weir(&dir, &["test", "seen.wasm", "--case", case]));
    for part in ["decision  pass", "~ x-seen: 0 -> 1", "counter   seen +1", "info: two lines", "cpu", "64.0 KiB"] {
        assert!(said.contains(part), "no {part:?} in:\n{said}");
    }
    let said = good(&weir(&dir, &["test", "seen.wasm", "--case", case, "--json"]));
    let said: Json = serde_json::from_str(&said).unwrap();
    let came = &said["cases"][0];
    assert_eq!(came["headers"][0], serde_json::json!({ "name": "x-seen", "before": "0", "after": "1" }));
    assert_eq!((&came["counters"]["seen"], &came["memory_bytes"]), (&Json::from(1), &Json::from(65_536)));
    assert!(came["cpu_us"]["first"].as_f64().unwrap() > 0.0);
}

#[test]
fn what_differs_from_the_expectation_is_said_and_ends_with_1() {
    let (_folder, dir) = policy();
    let refused = r#"{"name":"refused","hook":"policy","headers":{"x-refuse":"yes"},
        "expect":{"decision":"refuse","status":403,"code":"not_allowed","message":"none","headers":{"x-seen":null}}}"#;
    let wrong = r#"{"name":"wrong","hook":"policy",
        "expect":{"decision":"refuse","code":"other","headers":{"x-seen":"2"},"counters":{"seen":2},"body":{"/model":"n"}}}"#;
    let text = format!(r#"{{"cases":[{refused},{wrong}]}}"#);
    let said = bad(&weir(&dir, &["test", "seen.wasm", "--case", case(&dir, &text)]));
    for part in [
        "ok    refused",
        "refuse 403 not_allowed: none",
        "FAIL  wrong",
        r#"expect.decision: expected "refuse", came "pass""#,
        r#"expect.code: expected "other", came none"#,
        r#"expect.headers.x-seen: expected "2", came "1""#,
        "expect.counters.seen: expected 2, came 1",
        r#"expect.body./model: expected "n", came "m""#,
        "2 cases: 1 failed",
    ] {
        assert!(said.contains(part), "no {part:?} in:\n{said}");
    }
}

#[test]
fn a_mistake_in_a_case_names_file_and_place() {
    let (_folder, dir) = policy();
    for (text, place) in [
        (
            r#"{"cases":[{"hook":"policy"},{"hook":"policy","hedaers":{}}]}"#,
            "case.json: cases[1].hedaers: there is no such key; did you mean `headers`?",
        ),
        (r#"{"hook":"policy","expect":{"status":"400"}}"#, "case.json: expect.status: must be a whole number"),
        ("{\"hook\":\n}", "case.json: line 2, column 1: not JSON"),
        (r#"{"hook":"router"}"#, "seen.wasm exports no `router`; it exports policy"),
    ] {
        let error = bad(&weir(&dir, &["test", "seen.wasm", "--case", case(&dir, text)]));
        assert!(error.contains(place), "no {place:?} in:\n{error}");
    }
}

#[test]
fn a_plugin_that_traps_is_a_fault_whatever_was_expected_of_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("trap.wasm"), weir_pack::hostile("trap").unwrap()).unwrap();
    fs::write(folder.path().join("edits.wasm"), weir_pack::hostile("wrong-edits").unwrap()).unwrap();
    fs::write(folder.path().join("hold.wasm"), weir_pack::hostile("hold-forever").unwrap()).unwrap();
    let plain = case(folder.path(), r#"{"hook":"policy"}"#);
    let said = bad(&weir(folder.path(), &["test", "trap.wasm", "--case", plain]));
    assert!(said.contains("the plugin faulted: trap"), "{said}");
    let wanted = case(folder.path(), r#"{"hook":"policy","expect":{"decision":"fault"}}"#);
    good(&weir(folder.path(), &["test", "trap.wasm", "--case", wanted]));
    let stream = case(folder.path(), r#"{"hook":"event","events":[["a","b"]]}"#);
    let said = bad(&weir(folder.path(), &["test", "edits.wasm", "--case", stream]));
    assert!(said.contains("the plugin faulted: answer"), "{said}");
    let held = case(folder.path(), r#"{"hook":"event","events":[["a"],["b","c"]],"expect":{"texts":["a","b","c"]}}"#);
    good(&weir(folder.path(), &["test", "hold.wasm", "--case", held]));
}

#[test]
fn the_bundled_plugins_can_be_tried_at_every_kind_of_hook() {
    let folder = tempfile::tempdir().unwrap();
    let installed = support::installed();
    let played = |plugin: &str, text: &str| {
        let file = installed.join(format!("{plugin}.wasm"));
        let case = case(folder.path(), text);
        good(&weir(folder.path(), &["test", file.to_str().unwrap(), "--case", case]))
    };
    let said = played("redact-pii", r#"{"hook":"event","events":[["mail a@ex","ample.com"],[" now"]]}"#);
    assert!(!said.contains("a@example.com\""), "{said}");
    let reply = r#"{"hook":"response","reply":{"body":{"choices":[{"index":0,"message":{"role":"assistant","content":"a@example.com"}}]}}}"#;
    let said = played("redact-pii", reply);
    assert!(said.contains("~ /choices/0/message/content"), "{said}");
    let said = played("usage-tap", r#"{"hook":"observe","outcome":{"status":200,"input_tokens":7}}"#);
    assert!(said.contains("counter"), "{said}");
}

#[test]
fn bench_times_every_isolation_and_inspect_looks_inside() {
    let (_folder, dir) = policy();
    let said: Json =
        serde_json::from_str(&good(&weir(&dir, &["bench", "seen.wasm", "--seconds", "1", "--json"]))).unwrap();
    let names: Vec<&str> = said["modes"].as_array().unwrap().iter().map(|m| m["isolation"].as_str().unwrap()).collect();
    assert_eq!(names, ["request", "tenant", "shared"]);
    for mode in said["modes"].as_array().unwrap() {
        let ns = |key: &str| mode[key].as_u64().unwrap();
        assert!(0 < ns("min_ns") && ns("min_ns") <= ns("median_ns") && ns("median_ns") <= ns("p99_ns"), "{mode}");
    }
    assert_eq!(said["memory_bytes"], 65_536);
    fs::write(dir.join("seen.schema.json"), r#"{"type":"object"}"#).unwrap();
    let said: Json = serde_json::from_str(&good(&weir(&dir, &["inspect", "seen.wasm", "--json"]))).unwrap();
    let wasm = fs::read(dir.join("seen.wasm")).unwrap();
    assert_eq!(said["blake3"], blake3::hash(&wasm).to_hex().as_str());
    assert_eq!(said["settings_schema"]["schema"]["type"], "object");
    let grants: Vec<&Json> = said["imports"].as_array().unwrap().iter().map(|i| &i["grant"]).collect();
    assert!(grants.contains(&&Json::from("counters")) && grants.contains(&&Json::Null), "{grants:?}");
    let total: u64 = said["bytes"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(total, wasm.len() as u64);
}

#[test]
fn a_signature_holds_until_the_file_changes_and_keys_are_not_written_over() {
    let (_folder, dir) = policy();
    let public = good(&weir(&dir, &["keygen", "-o", "release.key"]));
    let public: PublicKey = public.trim().parse().unwrap();
    let secret = fs::read_to_string(dir.join("release.key")).unwrap();
    assert_eq!(fs::metadata(dir.join("release.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let error = bad(&weir(&dir, &["keygen", "-o", "release.key"]));
    assert!(error.contains("release.key is there already"), "{error}");
    assert_eq!(fs::read_to_string(dir.join("release.key")).unwrap(), secret);

    for _ in 0..2 {
        let said = good(&weir(&dir, &["sign", "seen.wasm", "--key", "release.key"]));
        assert!(
            said.contains("seen.wasm, that there is no seen.toml, and that there is no seen.schema.json"),
            "{said}"
        );
    }
    let signatures = fs::read_to_string(dir.join("seen.wasm.sig")).unwrap();
    assert_eq!(signatures.matches("\ned25519:").count(), 1, "the same key signs once");
    let signed = SignatureFile::read(&signatures).unwrap();
    assert_eq!(signed.signer(&[public]), Ok(public));
    assert_eq!(signed.manifest.component, blake3::hash(&fs::read(dir.join("seen.wasm")).unwrap()));
    let said = good(&weir(&dir, &["inspect", "seen.wasm"]));
    assert!(said.contains(&format!("by {public}")) && said.contains("without seen.toml"), "{said}");
    assert!(!said.contains("not as it is"), "{said}");
    fs::set_permissions(dir.join("release.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(bad(&weir(&dir, &["sign", "seen.wasm", "--key", "release.key"])).contains("chmod 600"));
}

#[test]
fn what_is_signed_is_the_name_the_version_and_every_file_beside_the_plugin() {
    let (_folder, dir) = policy();
    for key in ["one.key", "two.key"] {
        good(&weir(&dir, &["keygen", "-o", key]));
    }
    let sig = dir.join("seen.wasm.sig");
    let sign = |more: &[&str]| good(&weir(&dir, &[&["sign", "seen.wasm", "--key"], more].concat()));
    let read = || {
        let text = fs::read_to_string(&sig).unwrap();
        let file = SignatureFile::read(&text).unwrap();
        (file.manifest.version, file.signers().into_iter().filter(Result::is_ok).count())
    };
    fs::write(dir.join("seen.toml"), "on_failure = \"open\"\n").unwrap();
    assert!(sign(&["one.key", "--version", "7"]).contains("it covers seen.wasm, seen.toml, and that there is no"));
    sign(&["two.key"]);
    assert_eq!(read(), (7, 2), "the same manifest, so the same version and both signatures");
    let inspected =
        || -> Json { serde_json::from_str(&good(&weir(&dir, &["inspect", "seen.wasm", "--json"]))).unwrap() };
    assert_eq!(inspected()["manifest"]["differences"], serde_json::json!([]));
    // Whatever changes, it is no longer what was signed, and what is signed next is newer and signed by one.
    let mut version = 7;
    for (file, text, what) in [
        ("seen.toml", "on_failure = \"closed\"\n", "settings file (NAME.toml) was changed"),
        ("seen.schema.json", "{}", "schema (NAME.schema.json) was added"),
        ("seen.wasm", "", "component (NAME.wasm) was changed"),
    ] {
        match text {
            "" => fs::write(dir.join(file), weir_pack::hostile("good").unwrap()).unwrap(),
            text => fs::write(dir.join(file), text).unwrap(),
        }
        let differences = inspected()["manifest"]["differences"].to_string();
        assert!(differences.contains(what), "{differences}");
        version += 1;
        sign(&["one.key"]);
        assert_eq!(read(), (version, 1), "{file}");
    }
    // Under another name it is another plugin.
    for ending in ["wasm", "wasm.sig", "toml", "schema.json"] {
        fs::copy(dir.join(format!("seen.{ending}")), dir.join(format!("other.{ending}"))).unwrap();
    }
    let said = good(&weir(&dir, &["inspect", "other.wasm"]));
    assert!(said.contains("signed as `seen` and lies here as `other`"), "{said}");
    fs::copy(dir.join("seen.wasm"), dir.join("no name.wasm")).unwrap();
    let error = bad(&weir(&dir, &["sign", "no name.wasm", "--key", "one.key"]));
    assert!(error.contains("not called as a plugin is"), "{error}");
    // A signature of the component alone says nothing of all this.
    let line = fs::read_to_string(&sig).unwrap().lines().last().unwrap().to_owned();
    fs::write(&sig, line).unwrap();
    let said = good(&weir(&dir, &["inspect", "seen.wasm"]));
    assert!(said.contains("of the component alone") && said.contains("weir plugin sign"), "{said}");
}

#[test]
fn conform_tells_who_decides_otherwise() {
    let (_folder, dir) = policy();
    fs::write(dir.join("trap.wasm"), weir_pack::hostile("trap").unwrap()).unwrap();
    let cases = case(&dir, r#"{"cases":[{"name":"passes","hook":"policy","expect":{"decision":"pass"}}]}"#);
    let said = good(&weir(&dir, &["conform", "seen.wasm", "--cases", cases]));
    assert!(said.contains("1 of 1"), "{said}");
    let said = bad(&weir(&dir, &["conform", ".", "--cases", cases]));
    assert!(said.contains("0 of 1") && said.contains("1 of 1") && said.contains("trap.wasm: passes:"), "{said}");
}

#[test]
fn every_tool_has_help_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for tool in ["new", "build", "check", "test", "bench", "inspect", "keygen", "sign", "conform"] {
        let help = good(&weir(folder.path(), &[tool, "--help"]));
        assert!(help.contains(&format!("Example:\n  weir plugin {tool}")), "{help}");
    }
}

#[test]
fn the_cases_of_the_word_policy_are_valid_and_the_text_example_is_held_to_them_if_it_is_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cases = root.join("plugin-sdk/conformance/cases.json");
    let folder = tempfile::tempdir().unwrap();
    // A plugin of another policy decides otherwise, in cases that are all read.
    let (_kept, dir) = policy();
    let file = dir.join("seen.wasm");
    let said = bad(&weir(folder.path(), &["conform", file.to_str().unwrap(), "--cases", cases.to_str().unwrap()]));
    assert!(said.contains("expect.init_error") && said.contains("expect.headers.x-checked-by"), "{said}");
    let example = root.join("plugins/examples/wat/word-policy.wasm");
    if example.is_file() {
        good(&weir(folder.path(), &["conform", example.to_str().unwrap(), "--cases", cases.to_str().unwrap()]));
    }
}
