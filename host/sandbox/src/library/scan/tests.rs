use super::*;
use std::collections::BTreeSet;
use std::fs;

fn placed(root: &Path) -> Placed {
    by_place(&ScanContext { folder: root, tenants: &BTreeSet::new(), own: &[] })
}

fn found(root: &Path) -> Vec<String> {
    let placed = placed(root);
    assert!(placed.unread.is_empty(), "{placed:?}");
    placed.files.iter().map(ToString::to_string).collect()
}

#[test]
fn the_folder_is_read_in_an_order_that_does_not_depend_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for file in [
        "named.wasm",
        "all/b.wasm",
        "all/a.wasm",
        "all/.hidden.wasm",
        "all/a.toml",
        "all/readme.md",
        "all/.wasm",
        "tenants/t2/z.wasm",
        "tenants/t1/y.wasm",
        "tenants/t1/x.wasm",
        "tenants/stray.wasm",
        "tenants/t1/deeper/w.wasm",
        "elsewhere/v.wasm",
    ] {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }
    fs::create_dir(root.join("all/folder.wasm")).unwrap();
    let expected =
        ["all/a.wasm", "all/b.wasm", "all/folder.wasm", "tenants/t1/x.wasm", "tenants/t1/y.wasm", "tenants/t2/z.wasm"];
    assert_eq!(found(root), expected, "what is called a plugin and is none will be said to be none");
}

#[test]
fn folders_that_are_not_there_hold_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(found(folder.path()).is_empty());
    assert!(found(&folder.path().join("absent")).is_empty());
}

#[test]
fn a_tenants_files_are_bounded_in_bytes_together_and_each_counts_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let put = |path: &str, bytes: u64| {
        fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        fs::File::create(at(path)).unwrap().set_len(bytes).unwrap();
    };
    for n in 0..4 {
        put(&format!("all/{n}.wasm"), 60 << 20);
        put(&format!("tenants/good/{n}.wasm"), 60 << 20);
        put(&format!("tenants/large/{n}.wasm"), 60 << 20);
    }
    // Neither is read.
    put("tenants/good/notes.txt", 1 << 40);
    put("tenants/good/endless.wasm", 1 << 40);
    put("all/more.wasm", 60 << 20);
    put("tenants/large/more.json", 20 << 20);
    let placed = placed(folder.path());
    let unread: Vec<String> = placed.unread.iter().map(|(source, why)| format!("{source} {why}")).collect();
    assert_eq!(unread, ["folder tenants/large holds more than 256 MiB"]);
    assert_eq!(placed.files.len(), 10);
}

#[test]
fn a_folder_that_cannot_be_read_is_told_from_an_empty_one_and_keeps_nobody_from_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::write(at("all"), b"a file").unwrap();
    fs::create_dir_all(at("tenants/good")).unwrap();
    fs::write(at("tenants/good/guard.wasm"), b"").unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at("tenants/linked")).unwrap();
    let placed = placed(folder.path());
    let unread: Vec<String> = placed.unread.iter().map(|(source, _)| source.to_string()).collect();
    assert_eq!(unread, ["folder all", "folder tenants/linked"]);
    assert_eq!(placed.files, [PluginSource::Tenant("good".to_owned(), "guard".to_owned())]);
}
