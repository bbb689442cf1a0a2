//! Where, and by which command, something was measured.

use std::fs;
use std::process::Command;

use crate::units;

/// The command as it can be typed again: without the folder of this program.
pub(super) fn command() -> String {
    let words: Vec<_> = std::env::args().skip(1).map(|word| quoted(&word)).collect();
    format!("cargo run --release -p weir-bench -- {}", words.join(" "))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.,/:+=".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

pub(super) fn facts() -> Vec<(&'static str, String)> {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    vec![
        ("cores", units::cores().to_string()),
        ("processor", field(&file("/proc/cpuinfo"), "model name")),
        ("memory", field(&file("/proc/meminfo"), "MemTotal")),
        ("kernel", file("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("rustc", said(Command::new("rustc").arg("--version"))),
        ("commit", said(Command::new("git").args(["describe", "--always", "--dirty"]))),
    ]
}

/// What a program says of itself.
fn said(command: &mut Command) -> String {
    let said = command.output().ok().filter(|out| out.status.success());
    said.map_or_else(|| "unknown".to_owned(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_blanks_or_quotes_is_quoted() {
        assert_eq!(quoted("--peers=nginx,haproxy"), "--peers=nginx,haproxy");
        assert_eq!(quoted("name=a,command=b {port}"), "'name=a,command=b {port}'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn what_cannot_be_asked_is_unknown() {
        assert_eq!(said(&mut Command::new("no program has this name")), "unknown");
    }
}
