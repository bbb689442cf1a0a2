//! What is installed is what the sources beside it make.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::Path;

use weir_pack::check::check;
use weir_pack::lock::Lock;
use weir_pack::sources;
use weir_pack::toolchain::Traces;
use weir_pack::workspace::Workspace;

#[test]
fn installed_plugins_match_their_sources() {
    let wrong = check(&Workspace::own().unwrap()).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn installed_plugins_bear_no_trace_of_this_machine() {
    let workspace = Workspace::own().unwrap();
    let traces = Traces::of_this_machine(&workspace).unwrap();
    for name in workspace.plugins().unwrap() {
        assert_eq!(traces.find(&fs::read(workspace.artefact(&name)).unwrap()), None, "{name}");
    }
}

#[test]
fn bundled_plugins_need_no_more_than_they_say() {
    let lock = Lock::read(&Workspace::own().unwrap().lock_file()).unwrap();
    let shape = |name: &str| (lock.plugins[name].exports.join(" "), lock.plugins[name].imports.join(" "));
    let said = |exports: &str, imports: &str| (exports.to_owned(), imports.to_owned());
    assert_eq!(shape("prompt-guard"), said("lifecycle policy", "request"));
    assert_eq!(shape("redact-pii"), said("event lifecycle policy response", "events notes reply request"));
    assert_eq!(shape("route-by-cost"), said("lifecycle router", "request"));
    assert_eq!(shape("usage-tap"), said("lifecycle observe", "counters"));
}

/// A copy of what the check reads, to be spoiled.
fn copy() -> (tempfile::TempDir, Workspace) {
    fn copy_all(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            match path.is_dir() {
                true if path.ends_with("target") => {}
                true => copy_all(&path, &target),
                false => drop(fs::copy(&path, &target).unwrap()),
            }
        }
    }
    let own = Workspace::own().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for part in ["plugins", "plugin-sdk", ".cargo"] {
        copy_all(&own.root().join(part), &folder.path().join(part));
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(own.root().join(file), folder.path().join(file)).unwrap();
    }
    let workspace = Workspace::at(folder.path()).unwrap();
    (folder, workspace)
}

fn append(path: &Path, text: &str) {
    let mut old = fs::read(path).unwrap();
    old.extend_from_slice(text.as_bytes());
    fs::write(path, old).unwrap();
}

#[test]
fn a_changed_source_is_found_and_the_way_out_named() {
    let (_folder, workspace) = copy();
    append(&workspace.root().join("plugins/usage-tap/src/lib.rs"), "\n// changed\n");
    let wrong = check(&workspace).unwrap();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].starts_with("usage-tap: its sources have changed"));
    assert!(wrong[0].ends_with("run `cargo run -p weir-pack -- build usage-tap`"));
}

#[test]
fn a_changed_contract_makes_every_plugin_stale() {
    let (_folder, workspace) = copy();
    append(&workspace.root().join("plugin-sdk/wit/weir-plugin.wit"), "\n");
    assert_eq!(check(&workspace).unwrap().len(), workspace.plugins().unwrap().len());
}

#[test]
fn tests_and_readmes_are_no_sources() {
    let (_folder, workspace) = copy();
    let before = sources::hash(&workspace, "redact-pii").unwrap();
    append(&workspace.root().join("plugins/redact-pii/src/tests.rs"), "// more");
    append(&workspace.root().join("plugins/redact-pii/README.md"), "more");
    append(&workspace.root().join("plugin-sdk/src/fake.rs"), "// more");
    assert_eq!(sources::hash(&workspace, "redact-pii").unwrap(), before);
}

#[test]
fn a_new_version_of_a_dependency_makes_those_stale_that_need_it() {
    let (_folder, workspace) = copy();
    let before = |name: &str| sources::hash(&Workspace::own().unwrap(), name).unwrap();
    let path = workspace.root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).unwrap();
    let at = lock.find("name = \"regex-lite\"\nversion = \"").unwrap();
    let (head, tail) = lock.split_at(at);
    fs::write(&path, format!("{head}{}", tail.replacen("version = \"", "version = \"9", 1))).unwrap();
    assert_ne!(sources::hash(&workspace, "prompt-guard").unwrap(), before("prompt-guard"));
    assert_eq!(sources::hash(&workspace, "usage-tap").unwrap(), before("usage-tap"));
}

#[test]
fn a_file_that_is_not_the_locked_one_is_found() {
    let (_folder, workspace) = copy();
    append(&workspace.artefact("prompt-guard"), "x");
    fs::remove_file(workspace.artefact("redact-pii")).unwrap();
    let wrong = check(&workspace).unwrap();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].starts_with("prompt-guard.wasm: not the file that plugins.lock names"));
    assert!(wrong[1].starts_with("redact-pii.wasm: "));
}

#[test]
fn a_plugin_that_was_never_built_and_one_that_is_gone_are_found() {
    let (_folder, workspace) = copy();
    let plugins = workspace.root().join("plugins");
    fs::rename(plugins.join("usage-tap"), plugins.join("other-tap")).unwrap();
    let wrong = check(&workspace).unwrap();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].starts_with("other-tap: not in plugins.lock"));
    assert!(wrong[1].starts_with("usage-tap: in plugins.lock, but there is no such plugin"));
}
