//! Configurations: any text is one, or is told what is wrong with it and where.

use std::path::Path;

use weir_config::{Hostname, Overrides, diff, glob, listen_address, parse};

/// Any text is a configuration in which nothing differs from itself, or is told its mistakes, each with a line that it has, and
/// with what to do. Variables that it names are set to other parts of it.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let env = |name: &str| name.starts_with('A').then(|| name.to_owned());
    match parse(&text, Path::new("weir.toml"), &env, &Overrides::default()) {
        Ok(loaded) => {
            assert!(diff(&loaded.config, &loaded.config).is_empty());
            assert!(loaded.config.plugins.folder.is_absolute());
        }
        Err(problems) => {
            let lines = u32::try_from(text.split('\n').count()).unwrap();
            assert!(!problems.0.is_empty());
            for problem in &problems.0 {
                assert!((1..=lines).contains(&problem.line), "{problem} of {lines} lines");
                assert!(!problem.what.is_empty() && !problem.fix.is_empty(), "{problem:?}");
            }
        }
    }
    words(&text);
}

/// What is read of a word by itself.
fn words(text: &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let _ = Hostname::read(first);
    let _ = listen_address(first);
    assert_eq!(glob(first, rest), matches(first.as_bytes(), rest.as_bytes()), "{first} and {rest}");
    assert_eq!(glob(rest, rest), matches(rest.as_bytes(), rest.as_bytes()), "{rest}");
}

/// Whether a pattern, in which `*` stands for anything, is all of a text: by what was found for its every beginning.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for byte in pattern {
        let mut next = vec![false; text.len() + 1];
        if *byte == b'*' {
            let first = ends.iter().position(|is_end| *is_end).unwrap_or(text.len() + 1);
            next.iter_mut().skip(first).for_each(|is_end| *is_end = true);
        } else {
            for (at, there) in text.iter().enumerate() {
                next[at + 1] = ends[at] && there == byte;
            }
        }
        ends = next;
    }
    ends[text.len()]
}
