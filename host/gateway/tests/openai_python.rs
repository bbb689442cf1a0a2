//! OpenAI's own Python library against the gateway as it is shipped: what its users see is what they know.

use crate::support;

use crate::support::{Gateway, TENANTS};
use std::process::Command;

/// The whole client's side of the test; it prints `ok` at its end.
const SCRIPT: &str = include_str!("openai_python/client.py");

/// A Python that has the library: `WEIR_TEST_PYTHON`, or the one on the path.
fn python() -> Option<String> {
    let named = std::env::var("WEIR_TEST_PYTHON").ok();
    let candidates = named.into_iter().chain(["python3".to_owned()]);
    candidates.into_iter().find(|python| {
        let found = Command::new(python).args(["-c", "import openai"]).output();
        found.is_ok_and(|output| output.status.success())
    })
}

#[test]
fn the_official_library_lists_asks_streams_and_raises_as_it_does_with_openai() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: no Python with the `openai` package; set WEIR_TEST_PYTHON to one that has it");
        return;
    };
    let installed = support::installed();
    let tight = TENANTS.replace("models = [\"m\"]", "models = [\"m\"]\nrequests_per_minute = 1");
    let gateway = Gateway::start(&format!(
        r#"
[server]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
[providers.demo]
kind = "demo"
[models.m]
targets = ["demo/demo-small"]
[models.other]
targets = ["demo/demo-large"]
{tight}
[plugins]
folder = "{}"
cache = "{}"
[[plugins.chain]]
plugin = "prompt-guard"
config = {{ deny = ["ignore previous instructions"] }}
[[plugins.chain]]
plugin = "redact-pii"
"#,
        installed.display(),
        support::cache().display()
    ));
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .env("BASE", format!("http://{}/v1", gateway.address))
        .env_remove("OPENAI_API_KEY")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim_end().ends_with("ok"), "{out}\n{err}");
}
