use std::path::Path;
use std::time::Instant;

use super::*;
use crate::process;

#[test]
fn the_address_is_the_first_one_behind_the_word() {
    let table = [
        ("gateway  http://127.0.0.1:8080", "gateway", Some("http://127.0.0.1:8080")),
        ("12:00 gateway at http://127.0.0.1:81/v1, admin http://127.0.0.1:82", "gateway", Some("http://127.0.0.1:81")),
        ("gateway http://127.0.0.1:81 admin http://127.0.0.1:82", "admin", Some("http://127.0.0.1:82")),
        ("http://127.0.0.1:81 gateway", "gateway", None),
        ("gateway http://127.0.0.1:99999", "gateway", None),
        ("gateway http://10.0.0.1:80", "gateway", None),
    ];
    for (line, word, expected) in table {
        assert_eq!(url_after(line, word).as_deref(), expected, "{line}");
    }
}

#[test]
fn a_dropped_child_is_gone() {
    let process_groups = ProcessGroups::default();
    let child = process_groups.start(&mut Command::new("cat")).unwrap();
    let pid = child.pid;
    assert!(process::cpu(pid).is_ok());
    drop(child);
    assert!(process::cpu(pid).is_err());
    assert!(process_groups.lock().running.is_empty());
}

/// Between looks at other processes: to look without a pause would take the cores from those that are waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Waits until a process is no more, or only waits to be reaped by somebody else.
fn ends(pid: u32) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    let stat = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    while Instant::now() < until {
        if stat().rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X'])) {
            return true;
        }
        thread::sleep(LOOK_AGAIN);
    }
    false
}

/// A shell that starts a child of its own, says its number, and ignores what it is asked.
fn stubborn(process_groups: &ProcessGroups, start: &str) -> (ChildProcess, u32) {
    let script = format!("trap '' TERM; {start} sleep 600 & echo $!; wait");
    let running = process_groups.start(Command::new("sh").args(["-c", &script])).unwrap();
    let grandchild = running.lines.recv_timeout(Duration::from_secs(20)).unwrap();
    (running, grandchild.parse().unwrap())
}

#[test]
fn grandchildren_end_with_the_child_although_both_ignore_being_asked() {
    let (running, grandchild) = stubborn(&ProcessGroups::default(), "");
    assert!(process::cpu(grandchild).is_ok());
    drop(running);
    assert!(ends(grandchild));
}

#[test]
fn a_grandchild_that_left_for_a_session_of_its_own_ends_too() {
    let (running, grandchild) = stubborn(&ProcessGroups::default(), "setsid");
    let leader = i32::try_from(running.pid).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while process::group(grandchild) == Some(leader) && Instant::now() < until {
        thread::sleep(LOOK_AGAIN);
    }
    drop(running);
    assert!(ends(grandchild));
}

#[test]
fn stopping_all_leaves_nobody() {
    let process_groups = ProcessGroups::default();
    let children = [stubborn(&process_groups, ""), stubborn(&process_groups, "")];
    process_groups.stop_all();
    assert!(children.iter().all(|(_, grandchild)| ends(*grandchild)));
    assert!(process_groups.lock().running.is_empty());
}

#[test]
fn what_a_killed_runner_left_is_ended_by_its_guard() {
    let (running, grandchild) = stubborn(&ProcessGroups::default(), "");
    watch(format!("+{}\n", running.pid).as_bytes(), Path::new("/no such folder"));
    assert!(ends(grandchild) && ends(running.pid));
}

#[test]
fn the_guard_finds_those_that_it_was_not_told_of_and_removes_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let process_groups = ProcessGroups::default();
    process_groups.lock().scratch = Some(folder.path().to_owned());
    let (running, grandchild) = stubborn(&process_groups, "setsid");
    watch(&b""[..], folder.path());
    assert!(ends(grandchild) && ends(running.pid));
    assert!(!folder.path().exists());
}

#[test]
fn a_child_that_prints_nothing_and_ends_is_an_error_at_once() {
    let child = ProcessGroups::default().start(&mut Command::new("true")).unwrap();
    assert!(child.url_after("gateway", Duration::from_secs(60)).is_err());
}
