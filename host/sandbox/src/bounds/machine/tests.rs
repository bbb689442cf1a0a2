use super::*;

#[test]
fn the_groups_of_a_process_and_those_around_them_are_asked_for_their_bounds() {
    let files = |own: &str| -> Vec<String> { bounds(own).iter().map(|file| file.display().to_string()).collect() };
    let two = ["/sys/fs/cgroup/a.slice/b.service/memory.max", "/sys/fs/cgroup/a.slice/memory.max"];
    assert_eq!(files("0::/a.slice/b.service\n"), [two.as_slice(), &["/sys/fs/cgroup/memory.max"]].concat());
    assert_eq!(files("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
    let one = ["/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    assert_eq!(files("8:cpu:/box\n7:hugetlb,memory:/box\n"), one);
    assert!(files("nonsense\n\n1:name=x\n").is_empty());
}

#[test]
fn a_bound_is_a_number_and_none_is_none() {
    assert_eq!((bound("536870912\n"), bound("max\n"), bound("")), (Some(512 << 20), None, None));
}

#[test]
fn plugins_have_a_quarter_of_what_there_is_within_bounds() {
    let usual = u64::try_from(usual()).unwrap();
    assert!(usual >= USUAL[0] && usual <= USUAL[1].min(memory().unwrap() / 4).max(USUAL[0]));
}
