//! Where, and by which command, something was measured.

use std::fs;
use std::process::Command;

use crate::units;

/// The command as it can be typed again: without the folder of this program.
pub(super) fn command() -> String {
    let quoted =
        |word: String| match word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.,/:+=".contains(letter)) {
            true => word,
            false => format!("'{}'", word.replace('\'', r"'\''")),
        };
    let words = std::env::args().skip(1).map(quoted).fold(String::new(), |line, word| line + " " + &word);
    format!("cargo run --release -p weir-bench --{words}")
}

pub(super) fn facts() -> Vec<(&'static str, String)> {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc =
        rustc.map_or_else(|_| "unknown".to_owned(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    vec![
        ("cores", units::cores().to_string()),
        ("processor", field(&file("/proc/cpuinfo"), "model name")),
        ("memory", field(&file("/proc/meminfo"), "MemTotal")),
        ("kernel", file("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("rustc", rustc),
    ]
}
