use super::*;

fn entries(names: &[&str]) -> Vec<FolderEntry> {
    let entry = |name: &&str| match name.strip_suffix('/') {
        Some(folder) => FolderEntry { name: folder.into(), kind: EntryKind::Folder, bytes: 0 },
        None => FolderEntry { name: name.into(), kind: EntryKind::File, bytes: 1 },
    };
    names.iter().map(entry).collect()
}

/// What is said of what lies in a folder, a line for each.
fn said(room: Room<'_>, names: &[&str]) -> Vec<String> {
    let tenants = BTreeSet::from(["acme", "globex"]);
    let own = [PathBuf::from("/nowhere/weir.toml")];
    let mut strays = Strays::default();
    let known = ScanContext { folder: Path::new("/nowhere"), tenants: &tenants, own: &own };
    match room {
        Room::Tenant(tenant) if !tenants.contains(tenant) => strays.add_nobodys(tenant, &entries(names), &known),
        room => strays.add(room, &entries(names), &known),
    }
    strays.told().iter().map(|stray| format!("{}: {}", stray.place.display(), stray.why)).collect()
}

#[test]
fn what_is_nothing_by_its_name_is_named_with_what_may_be_meant() {
    for (name, hint) in [
        ("pii.WASM", "did you mean `pii.wasm`?"),
        ("pii.Wasm", "did you mean `pii.wasm`?"),
        ("pii.wams", "did you mean `pii.wasm`?"),
        ("pii.wasm.gz", "did you mean `pii.wasm`?"),
        ("pii.wasm ", "did you mean `pii.wasm`?"),
        ("strict.TOML", "did you mean `strict.toml`?"),
        ("strict.tml", "did you mean `strict.toml`?"),
        ("strict.wasm.SIG", "did you mean `strict.wasm.sig`?"),
        ("strict.yaml", "its settings are strict.toml"),
        ("strict.sig", "its signatures are strict.wasm.sig"),
        ("stirct.toml", "is settings of no plugin: there is no stirct.wasm beside it; did you mean `strict.toml`?"),
        (
            "stirct.schema.json",
            "is a schema of no plugin: there is no stirct.wasm beside it; did you mean `strict.schema.json`?",
        ),
        ("stirct.wasm.sig", "is a signature of no plugin"),
        ("elsewhere.toml", "there is no elsewhere.wasm beside it"),
        ("guard.wat", "`weir plugin build` makes a plugin of it"),
        ("deny.txt", "is nothing here by its name"),
        ("guard", "is nothing here by its name"),
        ("deeper/", "nothing in it is looked at"),
    ] {
        for room in [Room::All, Room::Tenant("acme")] {
            let said = said(room, &["strict.wasm", name]);
            assert_eq!(said.len(), 1, "{name}: {said:?}");
            let place = room.path().join(name.trim_end_matches('/'));
            assert!(said[0].starts_with(&format!("{}: ", place.display())) && said[0].contains(hint), "{said:?}");
        }
    }
}

#[test]
fn what_people_keep_beside_plugins_is_left_alone() {
    let kept = [
        "strict.wasm",
        "strict.toml",
        "strict.schema.json",
        "strict.wasm.sig",
        "strict.wasm.sha256",
        ".hidden.WASM",
        ".git/",
        "..data/",
        "README",
        "readme.txt",
        "README.md",
        "LICENSE",
        "LICENSE-MIT.txt",
        "strict.md",
        "strict.toml~",
        "#strict.toml#",
        "strict.toml.swp",
        "strict.wasm.bak",
        "strict.wasm.part",
        "strict.wasm.disabled",
        "4913",
        "plugins.lock",
        "lost+found/",
    ];
    for room in [Room::All, Room::Tenant("acme"), Room::Whole] {
        let names: Vec<&str> =
            kept.iter().copied().filter(|name| *name != "strict.toml" || !matches!(room, Room::Whole)).collect();
        assert_eq!(said(room, &names), [""; 0], "{room:?}");
    }
}

#[test]
fn what_is_called_like_a_note_and_is_a_plugin_in_other_letters_is_named_all_the_same() {
    assert_eq!(said(Room::All, &["notice.WASM"]).len(), 1);
}

#[test]
fn in_the_plugin_folder_itself_settings_and_folders_that_are_none_of_ours_are_named() {
    for (name, hint) in [
        ("strict.toml", "[[plugins.chain]]"),
        ("tenant/", "did you mean `tenants/`?"),
        ("Tenants/", "did you mean `tenants/`?"),
        ("All/", "did you mean `all/`?"),
        ("acme/", "did you mean `tenants/acme/`?"),
    ] {
        let said = said(Room::Whole, &["strict.wasm", "all/", "tenants/", "weir.toml", "sources/", name]);
        assert!(said.len() == 1 && said[0].contains(hint), "{name}: {said:?}");
    }
}

#[test]
fn in_the_folder_of_tenants_whatever_is_no_folder_is_for_nobody() {
    let said = said(Room::Tenants, &["acme/", "x.wasm", "x.toml", "README.md"]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|line| line.starts_with("tenants/x.") && line.contains("is for nobody")), "{said:?}");
}

#[test]
fn a_folder_of_a_tenant_who_is_not_there_is_named_unless_it_is_empty() {
    assert_eq!(said(Room::Tenant("acne"), &["README.md", ".keep"]), [""; 0]);
    let said = said(Room::Tenant("acne"), &["strict.toml"]);
    assert!(said.len() == 1 && said[0].contains("or remove it; did you mean `acme`?"), "{said:?}");
}

#[test]
fn what_is_named_is_bounded_for_each_folder_and_for_all() {
    let names: Vec<String> = (0..40).map(|n| format!("{n:02}.yaml")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = said(Room::All, &names);
    assert_eq!(said.len(), NAMED + 1);
    assert_eq!(said[NAMED], "all: 24 more files in it do nothing");
    let tenants = BTreeSet::new();
    let known = ScanContext { folder: Path::new("/nowhere"), tenants: &tenants, own: &[] };
    let mut strays = Strays::default();
    (0..100).for_each(|_| strays.add(Room::All, &entries(&names), &known));
    assert_eq!(strays.told().len(), NAMED_OF_ALL + 1);
}

#[test]
fn a_name_is_shown_without_anything_that_a_terminal_obeys() {
    let said = said(Room::All, &["esc\u{1b}[31m.yaml"]);
    assert!(said.len() == 1 && !said[0].contains(char::is_control), "{said:?}");
}
