use super::*;

/// A thread that watches a folder, and was told of one file in it that it is being written.
fn watching(folder: &Path, reported: &Path) -> Thread {
    let watched = WatchedFiles::Plugins { folder: folder.to_owned() };
    let seen = prints(&watched);
    let (pending, took, events) = (Arc::default(), Cell::default(), Arc::default());
    Thread { watched, seen, reported: BTreeSet::from([reported.to_owned()]), pending, kernel: None, took, events }
}

#[test]
fn a_file_that_was_being_written_and_is_again_what_it_was_is_told_to_lie_still() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.toml");
    std::fs::write(&file, "config = {}").unwrap();
    let mut thread = watching(folder.path(), &file);
    thread.tell_news();
    let told = thread.events.take().expect("it is events");
    assert!(told.changed.is_empty() && told.looked.all_moving().next().is_none());
    thread.tell_news();
    assert!(thread.events.take().is_none(), "once");
}
