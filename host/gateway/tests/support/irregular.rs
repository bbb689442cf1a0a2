//! What can stand where a file should be.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

/// What it is, and how it is called when it is named.
pub const KINDS: [(&str, &str); 7] = [
    ("pipe", "a pipe"),
    ("socket", "a socket"),
    ("folder", "a folder"),
    ("zero", "a device"),
    ("tty", "a device"),
    ("endless", "more than"),
    ("linked pipe", "a pipe"),
];

/// Puts something that is no file, or an endless one, where a file should be, by renaming it over what is there.
pub fn put(kind: &str, at: &Path) {
    remove(at);
    match kind {
        "pipe" => assert!(Command::new("mkfifo").arg(at).status().unwrap().success()),
        "socket" => drop(UnixListener::bind(at).unwrap()),
        "folder" => fs::create_dir(at).unwrap(),
        "zero" => symlink("/dev/zero", at).unwrap(),
        "tty" => symlink("/dev/tty", at).unwrap(),
        "endless" => fs::File::create(at).unwrap().set_len(1 << 40).unwrap(),
        "linked pipe" => {
            let pipe = at.with_extension("pipe");
            put("pipe", &pipe);
            symlink(pipe, at).unwrap();
        }
        other => panic!("{other}"),
    }
}

pub fn remove(at: &Path) {
    if at.is_dir() && !at.is_symlink() {
        fs::remove_dir_all(at).unwrap();
    } else if at.symlink_metadata().is_ok() {
        fs::remove_file(at).unwrap();
    }
}
