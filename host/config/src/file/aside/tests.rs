use super::*;

#[test]
fn a_file_system_that_does_not_answer_holds_up_one_reader_and_nobody_else() {
    let path = PathBuf::from("/a file system of this test's own");
    let (release, released) = mpsc::channel::<()>();
    let (reached, ended) = mpsc::channel();
    let held = in_time_of(Duration::from_millis(20), &path, move |_| {
        let _ = released.recv();
        let _ = reached.send(());
        Ok(())
    });
    assert!(matches!(held, Err(FileError::Slow)));
    let again = in_time_of(Duration::from_secs(600), &path, |_| -> Result<(), FileError> { panic!("a second reader") });
    assert!(matches!(again, Err(FileError::Slow)), "at once, for the first one is still at it");
    release.send(()).unwrap();
    ended.recv().unwrap();
    while STUCK.lock().unwrap().contains(&path) {
        std::thread::yield_now();
    }
    assert_eq!(in_time_of(Duration::from_secs(600), &path, |_| Ok(1)).unwrap(), 1, "it answers again");
}

#[test]
fn files_that_do_not_answer_hold_up_those_beside_them_and_no_others() {
    let folder = Path::new("/a folder of this test's own");
    let hold = |name: &str| {
        let (release, released) = mpsc::channel::<()>();
        let held = in_time_of(Duration::from_millis(20), &folder.join(name), move |_| {
            let _ = released.recv();
            Ok(())
        });
        assert!(matches!(held, Err(FileError::Slow)));
        release
    };
    let held: Vec<_> = (0..MOST_STUCK_BESIDE).map(|n| hold(&n.to_string())).collect();
    let beside = in_time_with_file(&folder.join("beside"), |_| -> Result<(), FileError> { panic!("one more reader") });
    assert!(matches!(beside, Err(FileError::Slow)));
    assert_eq!(in_time_with_file(Path::new("/elsewhere/file"), |_| Ok(1)).unwrap(), 1);
    assert_eq!(in_time(folder, |_| Ok(1)).unwrap(), 1, "the folder itself");
    drop(held);
    while stuck().iter().any(|path| path.starts_with(folder)) {
        std::thread::yield_now();
    }
    assert_eq!(in_time_with_file(&folder.join("beside"), |_| Ok(1)).unwrap(), 1);
}
