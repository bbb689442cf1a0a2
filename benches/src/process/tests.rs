use super::*;

#[test]
fn cpu_is_read_after_a_name_that_looks_like_fields() {
    let stat = "7 (a) b (1 2) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 3 4 20 0 1 0 100 1000 10";
    assert_eq!(cpu(stat).unwrap(), Duration::from_millis(3_070));
    assert_eq!(cpu("7 (a) S 1 2"), None);
    assert_eq!(cpu(""), None);
}

#[test]
fn pss_is_the_line_of_that_name_and_no_other() {
    assert_eq!(pss("Rss: 9 kB\nPss:             337 kB\nPss_Dirty: 1 kB\n"), Some(337));
    assert_eq!(pss("Rss: 9 kB\n"), None);
}

#[test]
fn this_process_has_memory_and_nobody_has_the_pid_nought() {
    assert!(used(std::process::id()).unwrap().pss_kib > 0);
    assert!(used(0).is_err());
}
