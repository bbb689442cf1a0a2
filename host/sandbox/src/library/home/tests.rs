use super::*;

const KNOWN: FolderIdentity =
    FolderIdentity { device: 1, inode: 10, mount: Some(100), is_mount: false, is_empty: false };

fn mounts(before: &[u64], now: &[u64]) -> Mounts {
    Mounts { before: before.iter().copied().collect(), now: now.iter().copied().collect() }
}

#[test]
fn what_stands_in_a_folders_place_is_taken_for_it_only_where_somebody_put_it_there() {
    let empty = |folder: FolderIdentity| FolderIdentity { is_empty: true, ..folder };
    let other = FolderIdentity { inode: 11, ..KNOWN };
    let mounted = FolderIdentity { device: 2, inode: 1, mount: Some(200), is_mount: true, ..KNOWN };
    // A folder of the same device mounted on another one's place.
    let bound = FolderIdentity { inode: 12, mount: Some(300), ..KNOWN };
    let gone = Some(NOT_MOUNTED);
    let hollow = Some(HOLLOW);
    for (known, found, before, now, expected, what) in [
        (KNOWN, KNOWN, [100, 1], [100, 1], None, "the same"),
        (KNOWN, empty(KNOWN), [100, 1], [100, 1], None, "the same, emptied"),
        (KNOWN, other, [100, 1], [100, 1], None, "renamed over"),
        (KNOWN, empty(other), [100, 1], [100, 1], hollow, "made anew"),
        (KNOWN, mounted, [100, 1], [100, 200], None, "mounted over"),
        (KNOWN, empty(mounted), [100, 1], [100, 200], hollow, "an empty one mounted over"),
        (mounted, other, [100, 200], [100, 1], gone, "unmounted, and something lies beneath"),
        (mounted, empty(other), [100, 200], [100, 1], gone, "unmounted, and nothing lies beneath"),
        (bound, other, [100, 300], [100, 1], gone, "the same on one device"),
        (bound, KNOWN, [100, 300], [100, 300], None, "a link that leads elsewhere now: both are mounted"),
        (
            mounted,
            FolderIdentity { inode: 2, mount: Some(201), ..mounted },
            [100, 200],
            [100, 201],
            None,
            "mounted anew",
        ),
        (mounted, FolderIdentity { mount: None, ..other }, [100, 200], [100, 1], gone, "no numbers: devices tell"),
    ] {
        assert_eq!(missing(&known, &found, false, &mounts(&before, &now)), expected, "{what}");
    }
    // A kernel gives numbers away again: what comes back may have every one of those that went.
    let same = mounts(&[100, 200], &[100, 200]);
    assert_eq!(missing(&mounted, &mounted, true, &same), None, "it is back");
    assert_eq!(missing(&mounted, &empty(mounted), true, &same), hollow, "something is mounted again, and empty");
}

#[test]
fn a_part_is_missed_if_its_mount_went_and_taken_away_if_it_did_not() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for below in ["all", "tenants/a"] {
        std::fs::create_dir_all(root.join(below)).unwrap();
    }
    let found = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let names = |away: Vec<(String, LoadError)>| away.into_iter().map(|(below, _)| below).collect::<Vec<_>>();
    let here = file::mount_of(root).unwrap().unwrap();
    let gone = u64::MAX;
    let after = |parts: &[(&str, u64)]| Home {
        whole: FolderIdentity::at(root).ok(),
        parts: parts.iter().map(|(below, mount)| ((*below).to_owned(), *mount)).collect(),
        mounts: mounts(&[here, gone], &[here]),
        ..Home::default()
    };
    let all = found(&["all", "tenants", "tenants/a"]);
    // On a mount of its own that is away: what lies beneath shows, or nothing does.
    let mut home = after(&[("all", gone), ("tenants/a", here)]);
    for _ in 0..2 {
        assert_eq!(names(home.look_at_parts(root, &all, |_| true)), ["all"], "and so it stays");
    }
    assert_eq!(
        names(home.look_at_parts(root, &found(&["tenants"]), |_| true)),
        ["all"],
        "its mount point went as well"
    );
    home.parts.insert("all".to_owned(), here);
    assert_eq!(names(home.look_at_parts(root, &all, |_| true)), ["all"], "back, and nothing in it");
    std::fs::write(root.join("all/guard.wasm"), "").unwrap();
    assert_eq!(names(home.look_at_parts(root, &all, |_| true)), Vec::<String>::new(), "back");
    let mut home = after(&[("all", gone)]);
    assert_eq!(names(home.look_at_parts(root, &all, |_| false)), Vec::<String>::new(), "nothing came from it");
    let mut home = after(&[("all", here), ("tenants/a", here)]);
    assert_eq!(names(home.look_at_parts(root, &found(&["all"]), |_| true)), Vec::<String>::new(), "taken away");
}
