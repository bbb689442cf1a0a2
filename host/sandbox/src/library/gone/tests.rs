use super::*;

fn files(names: &[&str]) -> HashSet<Hash> {
    names.iter().map(|name| blake3::hash(name.as_bytes())).collect()
}

#[test]
fn a_file_is_gone_when_it_has_served_no_more_for_its_time_and_not_if_it_comes_back_before() {
    let (mut gone, now) = (Gone::default(), Instant::now());
    let at = |seconds| now + Duration::from_secs(seconds);
    let minute = Duration::from_secs(60);
    gone.loaded(files(&["a", "b", "c"]), at(0));
    assert!(gone.is_empty());
    gone.loaded(files(&["a"]), at(10));
    assert!(gone.over(at(69), minute).is_empty());
    gone.loaded(files(&["a", "c"]), at(69));
    assert_eq!(gone.over(at(70), minute), Vec::from_iter(files(&["b"])));
    assert!(gone.over(at(1_000), minute).is_empty() && gone.is_empty(), "c is back");
    gone.loaded(files(&[]), at(2_000));
    assert_eq!(gone.over(at(2_060), minute).len(), 2);
}
