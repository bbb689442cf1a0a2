use super::*;

fn hash(of: &str) -> blake3::Hash {
    blake3::hash(of.as_bytes())
}

fn open() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    (folder, cache)
}

#[test]
fn what_is_put_is_got_for_the_same_file_and_the_same_engine_only() {
    let (_folder, cache) = open();
    assert_eq!(cache.get(&hash("a"), 1), None);
    cache.put(&hash("a"), 1, b"code").unwrap();
    assert_eq!(cache.get(&hash("a"), 1).as_deref(), Some(&b"code"[..]));
    assert_eq!(cache.get(&hash("a"), 2), None);
    assert_eq!(cache.get(&hash("b"), 1), None);
    let again = Cache::open(&cache.folder).unwrap();
    assert_eq!(again.get(&hash("a"), 1).as_deref(), Some(&b"code"[..]), "by another process of the same owner");
}

#[test]
fn what_could_not_be_written_and_what_its_writer_left_behind_is_taken_away() {
    let (_folder, cache) = open();
    let leftovers = || {
        let names = fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".tmp")).collect::<Vec<_>>()
    };
    // A folder stands where the entry belongs, so that the last step fails, as every step may on a full disk.
    fs::create_dir_all(cache.path(&hash("a"), 1).join("in the way")).unwrap();
    assert!(cache.put(&hash("a"), 1, b"code").is_err());
    assert_eq!(leftovers(), [""; 0]);
    let device = Path::new("/dev/full");
    assert!(!device.exists() || write(device, &[b"code"]).is_err());

    // No process has such a number; this one is alive.
    let mine = format!("beef-01.{}.tmp", std::process::id());
    for name in ["beef-01.4294967295.tmp", "key.4294967295.tmp", "notes.tmp", &mine] {
        fs::write(cache.folder.join(name), b"half").unwrap();
    }
    Cache::open(&cache.folder).unwrap();
    let mut left = leftovers();
    left.sort();
    assert_eq!(left, [mine.as_str(), "notes.tmp"]);
}

#[test]
fn an_entry_under_another_ones_name_is_not_taken_for_it() {
    let (_folder, cache) = open();
    cache.put(&hash("evil"), 1, b"evil code").unwrap();
    fs::rename(cache.path(&hash("evil"), 1), cache.path(&hash("good"), 1)).unwrap();
    assert_eq!(cache.get(&hash("good"), 1), None);
    assert!(!cache.path(&hash("good"), 1).exists(), "it is thrown away");
}

#[test]
fn an_entry_sealed_with_another_key_is_not_taken() {
    let (_a, ours) = open();
    let (_b, theirs) = open();
    theirs.put(&hash("a"), 1, b"code").unwrap();
    fs::copy(theirs.path(&hash("a"), 1), ours.path(&hash("a"), 1)).unwrap();
    assert_eq!(ours.get(&hash("a"), 1), None);
}

#[test]
fn a_changed_shortened_or_empty_entry_is_not_taken() {
    let (_folder, cache) = open();
    let path = cache.path(&hash("a"), 1);
    for change in [0, 31, 32, 35] {
        cache.put(&hash("a"), 1, b"code").unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes[change] ^= 0x80;
        fs::write(&path, bytes).unwrap();
        assert_eq!(cache.get(&hash("a"), 1), None, "byte {change}");
    }
    for length in [0, 10, 32, 35] {
        cache.put(&hash("a"), 1, b"code").unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..length]).unwrap();
        assert_eq!(cache.get(&hash("a"), 1), None, "{length} bytes");
    }
}

#[test]
fn all_entries_together_have_as_much_room_as_is_said_and_the_newest_is_always_kept() {
    let (_folder, mut cache) = open();
    cache.set_room(1_000);
    for n in 0..100 {
        cache.put(&hash(&format!("{n}")), 1, &[7; 200]).unwrap();
        let entries = fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap());
        let entries = entries.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "code"));
        let used: u64 = entries.map(|entry| entry.metadata().unwrap().len()).sum();
        assert!(used <= 1_000, "{used} bytes after {n}");
        assert!(cache.get(&hash(&format!("{n}")), 1).is_some());
    }
    cache.put(&hash("large"), 1, &[7; 5_000]).unwrap();
    assert!(cache.get(&hash("large"), 1).is_some(), "what serves is kept, if alone");
}

#[test]
fn folder_entries_and_key_are_the_owners_alone() {
    let (_folder, cache) = open();
    cache.put(&hash("a"), 1, b"code").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cache.folder), 0o700);
    assert_eq!((mode(&cache.folder.join("key")), mode(&cache.path(&hash("a"), 1))), (0o600, 0o600));
}

#[test]
fn a_folder_or_a_key_that_others_may_write_to_is_refused() {
    let (_folder, cache) = open();
    let key = cache.folder.join("key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = Cache::open(&cache.folder).unwrap_err().to_string();
    assert!(refused.contains("key"), "{refused}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    Cache::open(&cache.folder).unwrap();
    fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o770)).unwrap();
    let refused = Cache::open(&cache.folder).unwrap_err().to_string();
    assert!(refused.contains("chmod 700"), "{refused}");
}

#[test]
fn a_key_of_another_length_is_never_used_and_never_overwritten() {
    let (_folder, cache) = open();
    let key = cache.folder.join("key");
    fs::write(&key, b"short").unwrap();
    let refused = Cache::open(&cache.folder).unwrap_err().to_string();
    assert!(refused.contains("32 bytes"), "{refused}");
}

#[test]
fn a_file_that_is_forgotten_takes_its_parts_along_and_nobody_elses() {
    let (_folder, cache) = open();
    for file in ["a", "b"] {
        cache.put(&hash(file), 1, file.as_bytes()).unwrap();
        for part in ["guest", "driver"] {
            cache.put_part((&hash(file), &hash(part)), 1, part.as_bytes()).unwrap();
        }
    }
    cache.forget(&hash("a"));
    let kept = |file: &str| {
        let part = |part: &str| cache.get_part((&hash(file), &hash(part)), 1).is_some();
        (cache.get(&hash(file), 1).is_some(), part("guest"), part("driver"))
    };
    assert_eq!((kept("a"), kept("b")), ((false, false, false), (true, true, true)));
    assert!(cache.folder.join("key").is_file());
}
