use super::*;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

fn refusal(path: &Path) -> String {
    read(path, 1 << 20).unwrap_err().to_string()
}

#[test]
fn regular_files_and_links_to_them_are_read_to_their_bound() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, b"content").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(read(&file, 7).unwrap(), b"content");
    assert_eq!(read(&link, 7).unwrap(), b"content");
    assert!(matches!(read(&file, 6), Err(FileError::TooLong(6))));
    // A terabyte of nothing: refused by its length, without a byte of it being read.
    fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(refusal(&file), "is more than 1 MiB long");
}

#[test]
fn what_is_no_regular_file_is_never_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _listening = UnixListener::bind(at("socket")).unwrap();
    let start = Instant::now();
    for (path, what) in [
        (at("pipe"), "cannot be read: it is a pipe, not a regular file"),
        (at("socket"), "cannot be read: it is a socket, not a regular file"),
        (PathBuf::from("/dev/zero"), "cannot be read: it is a device, not a regular file"),
        (folder.path().to_owned(), "cannot be read: it is a folder, not a regular file"),
    ] {
        assert_eq!(refusal(&path), what);
        let link = at("link");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(refusal(&link), what, "through a link");
    }
    assert!(refusal(&at("nothing")).starts_with("cannot be read: "));
    assert!(read(&at("nothing"), 1).unwrap_err().is_missing());
    assert!(start.elapsed() < DEADLINE, "none of them was waited for");
}

#[test]
fn bytes_that_are_no_text_name_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"one\ntwo\n\xff").unwrap();
    assert!(matches!(read_text(&file, 100), Err(FileError::NotUtf8(3))));
}

#[test]
fn links_lead_as_far_as_the_folder_that_they_may_not_lead_out_of() {
    let folder = tempfile::tempdir().unwrap();
    let (home, other) = (folder.path().join("home"), folder.path().join("home-of-others"));
    for folder in [&home, &other, &home.join("..v1"), &home.join("empty")] {
        fs::create_dir(folder).unwrap();
    }
    for file in [home.join("own"), home.join("..v1/data"), other.join("theirs")] {
        fs::write(&file, file.to_str().unwrap()).unwrap();
    }
    let link = |to: &Path, at: &str| std::os::unix::fs::symlink(to, home.join(at)).unwrap();
    link(Path::new("..v1"), "..data");
    for (to, at) in [("..data/data", "kubernetes"), ("../home/own", "back"), ("own", "plain"), ("plain", "twice")] {
        link(Path::new(to), at);
    }
    link(&home.join("own"), "absolute");
    link(&other, "others");
    for (to, at) in [
        ("../home-of-others/theirs", "relative"),
        ("others/theirs", "through"),
        ("relative", "again"),
        ("/proc/self/cwd/../../../../../../../../etc/hostname", "proc"),
        ("/dev/zero", "device"),
        ("..", "around"),
    ] {
        link(Path::new(to), at);
    }
    link(&other.join("theirs"), "straight");
    let at = |name: &str| FileSpot::within(home.clone(), name);
    for name in ["own", "kubernetes", "back", "plain", "twice", "absolute"] {
        assert!(read(at(name), 1 << 20).unwrap().starts_with(home.to_str().unwrap().as_bytes()), "{name}");
    }
    for name in ["relative", "through", "again", "straight", "proc", "device", "around"] {
        assert!(matches!(read(at(name), 1 << 20), Err(FileError::Outside)), "{name}");
    }
    assert!(matches!(read(at("empty"), 1), Err(FileError::Irregular("a folder"))));
    assert!(read(at("nothing"), 1).unwrap_err().is_absent());
    link(Path::new("../nowhere"), "dangling");
    assert!(!read(at("dangling"), 1).unwrap_err().is_absent());
    // The folder's own name may be a link: whoever may write in it does not write that.
    let linked = folder.path().join("linked");
    std::os::unix::fs::symlink(&home, &linked).unwrap();
    assert!(read(FileSpot::within(linked.clone(), "kubernetes"), 1 << 20).is_ok());
    assert!(matches!(read(FileSpot::within(linked, "relative"), 1 << 20), Err(FileError::Outside)));
}

#[test]
fn what_is_known_is_not_read_again_unless_it_was_written_since_or_shortly_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"one").unwrap();
    let looked = Looked::default();
    let identity = |known| match read_new(&file, 10, &looked, known).unwrap() {
        FileContent::New(_, identity) => identity,
        FileContent::Same => known,
    };
    assert!(identity(None).is_none(), "just written: the same stamp may come to stand for something else");
    let deadline = Instant::now() + std::time::Duration::from_secs(60);
    let known = loop {
        if let Some(known) = identity(None) {
            break known;
        }
        assert!(Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert!(matches!(read_new(&file, 10, &looked, Some(known)).unwrap(), FileContent::Same));
    // As long as it was, with its time set back: that is seen by the time of the change of the inode.
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, b"two").unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    let FileContent::New(bytes, identity) = read_new(&file, 10, &looked, Some(known)).unwrap() else {
        panic!("not read")
    };
    assert_eq!((&*bytes, identity), (b"two".as_slice(), None));
}

#[test]
fn a_file_that_has_changed_since_it_lay_still_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("file"), folder.path().join("other"));
    fs::write(&file, b"whole").unwrap();
    let mut looked = Looked::default();
    looked.still(file.clone(), Stamp::of(&file).unwrap());
    assert_eq!(read_still(&file, 100, &looked).unwrap(), b"whole");
    fs::write(&file, b"").unwrap();
    assert!(matches!(read_still(&file, 100, &looked), Err(FileError::Moving)));
    fs::write(&other, b"whole").unwrap();
    assert_eq!(read_still(&other, 100, &looked).unwrap(), b"whole", "of which nothing is known");
    looked.moving(other.clone());
    assert!(matches!(read_still(&other, 100, &looked), Err(FileError::Moving)));
    assert_eq!(looked.all_moving().collect::<Vec<_>>(), [other.as_path()]);
}

#[test]
fn a_list_tells_folders_from_files_and_from_what_is_neither() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), b"four").unwrap();
    fs::create_dir(at("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
    std::os::unix::fs::symlink(at("folder"), at("linked")).unwrap();
    let mut found = list(folder.path(), 5).unwrap();
    found.sort();
    assert_eq!(found.iter().map(|entry| entry.bytes).collect::<Vec<_>>(), [0, 4, 0, 0, 0]);
    let found: Vec<_> = found.iter().map(|entry| (entry.name.to_str().unwrap(), entry.kind)).collect();
    let expected = [
        ("dangling", EntryKind::Other),
        ("file", EntryKind::File),
        ("folder", EntryKind::Folder),
        ("linked", EntryKind::Folder),
        ("pipe", EntryKind::Other),
    ];
    assert_eq!(found, expected);
    assert!(list(&at("nowhere"), 5).unwrap_err().is_missing());
}

#[test]
fn a_list_ends_at_its_bound_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..5 {
        fs::write(folder.path().join(n.to_string()), b"").unwrap();
    }
    assert_eq!(list(folder.path(), 5).unwrap().len(), 5);
    assert!(matches!(list(folder.path(), 4), Err(FileError::TooMany(4))));
    assert!(stamps(folder.path(), 5, |_| true).is_some_and(|found| found.len() == 5));
    assert!(stamps(folder.path(), 4, |_| true).is_none(), "whatever of it is wanted");
}

#[test]
fn nothing_at_all_is_told_from_a_link_that_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
    let error = |name: &str| read(&at(name), 1).unwrap_err();
    assert!(error("nothing").is_absent() && error("nothing").is_missing());
    assert!(!error("dangling").is_absent() && error("dangling").is_missing());
    assert!(list(&at("nothing"), 1).unwrap_err().is_absent());
    assert_eq!((kind(&at("nothing")), kind(&at("dangling"))), (None, Some(EntryKind::Other)));
}
