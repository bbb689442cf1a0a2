use std::time::Instant;

use super::*;

#[test]
fn times_are_read_after_a_name_that_looks_like_fields() {
    let stat = "7 (a) b (1 2) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 3 4 20 0 1 0 100 1000 10";
    assert_eq!(times(stat), Some([250, 50, 3, 4]));
    assert_eq!(times("7 (a) S 1 2"), None);
    assert_eq!(times(""), None);
}

#[test]
fn pss_is_the_line_of_that_name_and_no_other() {
    assert_eq!(pss("Rss: 9 kB\nPss:             337 kB\nPss_Dirty: 1 kB\n"), Some(337));
    assert_eq!(pss("Rss: 9 kB\n"), None);
}

#[test]
fn this_process_has_memory_and_nobody_has_the_pid_nought() {
    assert!(memory(std::process::id()) > 0);
    assert!(cpu(0).is_err());
}

#[test]
fn cpu_time_is_seen_long_before_a_tick_is_over() {
    let (pid, before) = (std::process::id(), Instant::now());
    let start = cpu(pid).unwrap();
    while cpu(pid).unwrap() == start {
        assert!(before.elapsed() < Duration::from_secs(10), "the clock stands still");
    }
    assert!(own_cpu() > Duration::ZERO);
    // Other tests run beside this one, so no more can be said than that a step is finer than a tick.
    assert_ne!(cpu(pid).unwrap().subsec_nanos() % 10_000_000, 0);
}

#[test]
fn a_tree_begins_with_its_root_and_holds_its_children() {
    let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let tree = tree(std::process::id());
    assert_eq!(tree.first(), Some(&std::process::id()));
    assert!(tree.contains(&child.id()), "{tree:?}");
    assert_eq!(group(child.id()), group(std::process::id()));
    drop(child.stdin.take());
    child.wait().unwrap();
}
