use super::*;

fn place(name: &str) -> PluginSource {
    PluginSource::Tenant("acme".to_owned(), name.to_owned())
}

fn version(version: u64) -> Vouched {
    Vouched { version, manifest: blake3::hash(&version.to_le_bytes()) }
}

fn opened(cache: &Cache) -> SeenVersions {
    let mut seen = SeenVersions::default();
    seen.open(Some(cache), Path::new("/plugins"));
    seen
}

#[test]
fn an_older_version_than_the_newest_is_refused_after_a_restart_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let mut seen = opened(&cache);
    let strict = place("strict");
    seen.check(&strict, version(1)).unwrap();
    seen.remember(Some(&cache), [(&strict, version(7))].into_iter());
    seen.remember(Some(&cache), [(&strict, version(6))].into_iter());
    for seen in [&seen, &opened(&cache)] {
        seen.check(&strict, version(7)).unwrap();
        seen.check(&strict, version(8)).unwrap();
        let error = seen.check(&strict, version(6)).unwrap_err();
        assert!(matches!(error, LoadError::Older { version: 6, newest: 7 }), "{error}");
        let other = Vouched { manifest: blake3::hash(b"other files"), ..version(7) };
        let error = seen.check(&strict, other).unwrap_err();
        assert!(matches!(error, LoadError::SameVersion { version: 7 }), "{error}");
        // Elsewhere it is another plugin.
        seen.check(&PluginSource::All("strict".to_owned()), version(1)).unwrap();
    }
    let mut other = SeenVersions::default();
    other.open(Some(&cache), Path::new("/other"));
    other.check(&strict, version(1)).unwrap();
}

#[test]
fn two_gateways_with_one_folder_and_cache_keep_what_either_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let (mut one, mut two) = (opened(&cache), opened(&cache));
    one.remember(Some(&cache), [(&place("a"), version(5))].into_iter());
    two.remember(Some(&cache), [(&place("a"), version(4)), (&place("b"), version(2))].into_iter());
    let later = opened(&cache);
    assert!(later.check(&place("a"), version(4)).is_err() && later.check(&place("b"), version(1)).is_err());
}

#[test]
fn what_was_changed_is_not_taken_for_nothing_seen() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    opened(&cache).remember(Some(&cache), [(&place("a"), version(5))].into_iter());
    let file = cache.text_path(&blake3::hash(b"/plugins"));
    let kept = std::fs::read(&file).unwrap();
    for damaged in [Vec::new(), b"weir-versions 1\n".to_vec(), kept[..kept.len() - 1].to_vec()] {
        std::fs::write(&file, damaged).unwrap();
        let mut seen = opened(&cache);
        let error = seen.check(&place("a"), version(9)).unwrap_err().to_string();
        assert!(error.contains(file.to_str().unwrap()), "{error}");
        // Nor is it written over.
        seen.remember(Some(&cache), [(&place("a"), version(1))].into_iter());
        assert!(opened(&cache).check(&place("a"), version(9)).is_err());
    }
    std::fs::remove_file(&file).unwrap();
    opened(&cache).check(&place("a"), version(1)).unwrap();
}

#[test]
fn what_is_kept_is_bounded_in_places_and_in_folders() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let mut seen = opened(&cache);
    let places: Vec<PluginSource> = (0..PLACES).map(|n| place(&format!("p{n}"))).collect();
    seen.remember(Some(&cache), places.iter().map(|place| (place, version(1))));
    let error = seen.check(&place("one-more"), version(1)).unwrap_err();
    assert!(matches!(error, LoadError::Versions(_)), "{error}");
    seen.check(&places[0], version(1)).unwrap();
    for n in 0..300 {
        let mut seen = SeenVersions::default();
        seen.open(Some(&cache), Path::new(&format!("/plugins/{n}")));
        seen.remember(Some(&cache), [(&place("a"), version(1))].into_iter());
    }
    let kept = std::fs::read_dir(folder.path().join("cache")).unwrap();
    let kept = kept.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|kind| kind == "kept"));
    assert_eq!(kept.count(), 256);
}
