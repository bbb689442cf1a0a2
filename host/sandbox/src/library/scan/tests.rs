use super::*;

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
    let found: Vec<String> = by_place(root).unwrap().iter().map(ToString::to_string).collect();
    let expected = ["all/a.wasm", "all/b.wasm", "tenants/t1/x.wasm", "tenants/t1/y.wasm", "tenants/t2/z.wasm"];
    assert_eq!(found, expected);
}

#[test]
fn folders_that_are_not_there_hold_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(by_place(folder.path()).unwrap(), []);
    assert_eq!(by_place(&folder.path().join("absent")).unwrap(), []);
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error_and_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("all"), b"a file").unwrap();
    assert!(by_place(folder.path()).is_err());
}
