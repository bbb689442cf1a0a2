//! A schema of settings is a program of whoever wrote it: it takes no memory, no time and no turn from anybody else.

use crate::support;

use crate::guest::policies::{code, problems, refusing};
use crate::guest::{gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, PATIENCE, config, until, with_folders};
use serde_json::{Map, Value, json};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What is still valid: more of the machine is not taken, whatever a schema says.
const ROOM: u64 = 64 << 20;

/// Nine levels of ten branches each, every one of which leads to all of the next level.
fn bomb(word: &str) -> Value {
    let level = |n: usize| match n {
        9 => json!({"type": "string"}),
        n => json!({word: vec![json!({"$ref": format!("#/$defs/l{}", n + 1)}); 10]}),
    };
    let levels: Map<String, Value> = (0..10).map(|n| (format!("l{n}"), level(n))).collect();
    json!({"properties": {"a": {"$ref": "#/$defs/l0"}}, "$defs": levels})
}

/// The schemas, with settings that set them off.
fn bombs() -> Vec<(&'static str, Value, Value)> {
    let one = json!({"a": 1});
    let mut left_over = bomb("anyOf");
    left_over["unevaluatedProperties"] = json!(false);
    left_over["allOf"] = json!([{"$ref": "#/$defs/l0"}]);
    let tree = json!({"anyOf": vec![json!({"properties": {"a": {"$ref": "#"}}, "required": ["b"]}); 10]});
    let deep = (0..40).fold(json!({}), |inner, _| json!({"a": inner}));
    let links: Map<String, Value> =
        (0..4_000).map(|n| (format!("l{n}"), json!({"allOf": [{"$ref": format!("#/$defs/l{}", n + 1)}]}))).collect();
    let patterns: Map<String, Value> = (0..2_000).map(|n| (format!("^({n}|\\p{{L}}){{900}}$"), json!(true))).collect();
    let catastrophe = "^(?=(a+)+$)(((a+)+)+)+$";
    let texts = |n: usize, length: usize| Value::from(vec![json!(format!("{}!", "a".repeat(length))); n]);
    vec![
        ("anyOf", bomb("anyOf"), one.clone()),
        ("allOf", bomb("allOf"), one.clone()),
        ("oneOf", bomb("oneOf"), one.clone()),
        ("what is left over", left_over, one.clone()),
        ("a tree", tree, deep),
        (
            "a ring",
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
            one.clone(),
        ),
        ("a chain", json!({"$ref": "#/$defs/l0", "$defs": links}), one.clone()),
        ("patterns", json!({"patternProperties": patterns}), one.clone()),
        (
            "steps back",
            json!({"properties": {"l": {"items": {"pattern": catastrophe}}}}),
            json!({"l": texts(500, 200)}),
        ),
        (
            "errors",
            json!({"properties": {"l": {"items": {"anyOf": vec![json!({"type": "null"}); 60]}}}}),
            json!({"l": texts(3_000, 20)}),
        ),
        ("a long text", json!({"title": "x".repeat(3 << 20)}), one),
    ]
}

fn toml_of(settings: &Value) -> String {
    fn value(of: &Value) -> String {
        match of {
            Value::Object(inner) => {
                let inner: Vec<String> =
                    inner.iter().map(|(name, inner)| format!("{name} = {}", value(inner))).collect();
                format!("{{ {} }}", inner.join(", "))
            }
            other => other.to_string(),
        }
    }
    format!("config = {}\n", value(settings))
}

#[test]
fn no_schema_takes_memory_or_time_from_others_and_what_served_serves_on() {
    let mut gateway = gateway(Upstream::chat().address, "", &[]);
    let (acme, globex) = (gateway.plugins().join("tenants/acme"), gateway.plugins().join("tenants/globex"));
    install(&acme, "guard", &refusing("kept").build());
    install(&globex, "own", &refusing("first").build());
    until("they apply", || (code(&gateway, ACME) == "kept" && code(&gateway, GLOBEX) == "first").then_some(()));
    // What the others' change below takes by itself.
    let versions = [refusing("second").build(), refusing("first").build()];
    for (version, code) in versions.iter().zip(["second", "first"]) {
        install(&globex, "own", version);
        until("it is changed", || (self::code(&gateway, GLOBEX) == code).then_some(()));
    }
    let before = gateway.most_memory();
    for (n, (what, schema, settings)) in bombs().into_iter().enumerate() {
        fs::write(acme.join("guard.schema.json"), schema.to_string()).unwrap();
        fs::write(acme.join("guard.toml"), toml_of(&settings)).unwrap();
        until(&format!("{what} is named"), || {
            // At once, before a machine without bounds is out of memory.
            assert!(gateway.most_memory() < before + ROOM, "{what}");
            let problems = problems(&gateway);
            (problems.contains("tenants/acme/guard.wasm") && problems.contains("schema")).then_some(())
        });
        assert_eq!(code(&gateway, ACME), "kept", "{what}");
        assert_eq!(gateway.admin_get("/livez").status, 200, "{what}");
        assert!(problems(&gateway).len() < 4_000, "{what}: {}", problems(&gateway).len());
        let (version, expected) = (&versions[n % 2], ["second", "first"][n % 2]);
        install(&globex, "own", version);
        until(&format!("others go live beside {what}"), || (code(&gateway, GLOBEX) == expected).then_some(()));
        fs::remove_file(acme.join("guard.schema.json")).unwrap();
        fs::remove_file(acme.join("guard.toml")).unwrap();
        until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    }
    assert!(gateway.most_memory() < before + ROOM);
    gateway.signal("TERM");
    assert!(gateway.wait().success());
}

/// The component with a schema in a section of its own.
fn with_schema(component: &[u8], schema: impl AsRef<[u8]>) -> Vec<u8> {
    let length = |mut n: usize| {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    };
    let name = weir_sandbox::schema::SECTION;
    let content = [&length(name.len()), name.as_bytes(), schema.as_ref()].concat();
    [component, &[0], &length(content.len()), &content].concat()
}

#[test]
fn a_plugin_whose_schema_is_no_text_does_not_serve_and_says_so() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let acme = gateway.plugins().join("tenants/acme");
    for (n, broken) in [&b"\xff"[..], b"{\"title\": \"\xff\"}", b"{}\xc3", b""].into_iter().enumerate() {
        let (name, plugin) = (format!("own{n}"), refusing(&format!("own{n}")).build());
        install(&acme, &name, &with_schema(&plugin, broken));
        until(&format!("{broken:?} is named"), || {
            let (problems, file) = (problems(&gateway), format!("tenants/acme/{name}.wasm"));
            (problems.contains(&file) && problems.contains("schema that it ships for its settings does not hold"))
                .then_some(())
        });
        install(&acme, &name, &with_schema(&plugin, "{}"));
        until("a good one serves", || (problems(&gateway) == "[]" && code(&gateway, ACME) == name).then_some(()));
        fs::remove_file(acme.join(format!("{name}.wasm"))).unwrap();
        until("it is gone", || code(&gateway, ACME).is_empty().then_some(()));
    }
}

/// Runs a command that must end by itself, soon, and with no more memory than a gigabyte; answers its code and what it
/// complained of.
fn ended(command: &mut Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let most: Option<u64> =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        if start.elapsed() > PATIENCE || most.unwrap_or(0) > 1 << 20 {
            let _ = child.kill();
            panic!("it does not end: {most:?} KiB after {:?}", start.elapsed());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_start_and_a_check_come_to_an_end_whatever_schema_a_plugin_carries() {
    let scratch = tempfile::tempdir().unwrap();
    let (file, acme) = (scratch.path().join("weir.toml"), scratch.path().join("plugins/tenants/acme"));
    fs::write(&file, with_folders(&config(Upstream::chat().address))).unwrap();
    for word in ["anyOf", "allOf", "oneOf"] {
        install(&acme, "guard", &with_schema(&refusing("good").build(), bomb(word).to_string()));
        fs::write(acme.join("guard.toml"), "config = { a = 1 }\n").unwrap();
        let mut check = Command::new(support::weir());
        let (status, said) = ended(check.args(["check", "--config"]).arg(&file).env_remove("WEIR_CONFIG"));
        assert_eq!(status, Some(1), "{word}: {said}");
        assert!(said.contains("guard.wasm: the JSON schema that it ships"), "{word}: {said}");
    }
    let gateway = Gateway::start_file(&file, &[]);
    assert_eq!((code(&gateway, ACME).as_str(), code(&gateway, GLOBEX).as_str()), ("tenant_closed", ""));
    install(&acme, "guard", &with_schema(&refusing("good").build(), "{\"required\": [\"a\"]}"));
    until("it is mended", || (code(&gateway, ACME) == "good").then_some(()));
}
