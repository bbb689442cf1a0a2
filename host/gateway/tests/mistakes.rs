//! Mistakes of operators, and what each is told: where it is, and how it is mended. `mistakes/table.txt` has them all.

use crate::support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mistakes/table.txt");

/// What goes before a text that stands alone: nothing is wrong with it.
const BASE: &str = r#"[providers.demo]
kind = "demo"

[models.demo-small]
targets = ["demo/demo-small"]

[tenants.acme]
models = ["*"]

[[tenants.acme.keys]]
id = "acme"
hash = "blake3:0000000000000000000000000000000000000000000000000000000000000000"

"#;

/// The line that a message has to name ends in this mark, which is taken out.
const MARK: &str = "<--";
/// What stands in a text that no message may repeat.
const SECRET: &str = "s3cret";

/// One mistake.
#[derive(Debug, Default)]
struct Mistake {
    name: &'static str,
    /// Variables of the environment, and words behind `weir`; none for `check`.
    command: Option<(Vec<(&'static str, &'static str)>, Vec<&'static str>)>,
    /// Files by name, with their texts.
    files: Vec<(&'static str, String)>,
    /// The file and line that have to be named.
    place: Option<(&'static str, usize)>,
    /// What one line of the message has to hold, all of it: the place too, where it is no line.
    says: Vec<&'static str>,
    /// What the message must not hold.
    never: Vec<&'static str>,
}

/// A table of blocks: `= name`, perhaps `$ weir …` and `@ file`, the text, and `> what is said` as often as need be.
fn table() -> Vec<Mistake> {
    let text: &'static str = Box::leak(fs::read_to_string(TABLE).unwrap().into_boxed_str());
    let mut all: Vec<Mistake> = Vec::new();
    for line in text.lines().skip_while(|line| !line.starts_with("= ")) {
        if let Some(name) = line.strip_prefix("= ") {
            all.push(Mistake { name, ..Mistake::default() });
            continue;
        }
        let mistake = all.last_mut().unwrap();
        if let Some(command) = line.strip_prefix("$ ") {
            let words: Vec<&str> = command.split(' ').collect();
            let begin = words.iter().position(|word| *word == "weir").unwrap();
            let variables = words[..begin].iter().map(|word| word.split_once('=').unwrap()).collect();
            mistake.command = Some((variables, words[begin + 1..].to_vec()));
        } else if let Some(file) = line.strip_prefix("@ ") {
            mistake.files.push((file, String::new()));
        } else if let Some(says) = line.strip_prefix("> ") {
            mistake.says.push(says);
        } else if let Some(never) = line.strip_prefix("! ") {
            mistake.never.push(never);
        } else if mistake.says.is_empty() {
            if mistake.files.is_empty() {
                mistake.files.push(("weir.toml", BASE.to_owned()));
            }
            let (file, text) = mistake.files.last_mut().unwrap();
            let marked = line.strip_suffix(MARK);
            if marked.is_some() {
                assert_eq!(mistake.place, None, "{}: two marks", mistake.name);
                mistake.place = Some((file, text.lines().count() + 1));
            }
            text.push_str(marked.map_or(line, str::trim_end));
            text.push('\n');
        } else {
            assert_eq!(line, "", "{}: what is this?", mistake.name);
        }
    }
    all
}

/// Makes the mistake, and answers what is wrong with what is said of it.
fn try_out(mistake: &Mistake) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("plugins/all")).unwrap();
    for (name, text) in &mistake.files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    if mistake.files.iter().all(|(name, _)| *name != "weir.toml") {
        fs::write(folder.path().join("weir.toml"), BASE).unwrap();
    }
    // The bundled plugins, compiled once.
    let bundled = support::installed();
    std::os::unix::fs::symlink(&bundled, folder.path().join("bundled")).unwrap();
    let (variables, words) = mistake.command.clone().unwrap_or_else(|| (Vec::new(), vec!["check"]));
    let output = Command::new(support::weir())
        .args(&words)
        .current_dir(&folder)
        .env_remove("WEIR_CONFIG")
        .env_remove("WEIR_LOG")
        .env("XDG_CACHE_HOME", cache())
        .envs(variables)
        .output()
        .unwrap();
    let said = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
    if !matches!(output.status.code(), Some(1 | 2)) {
        return Err(format!("it ends with {:?}", output.status));
    }
    if said.contains(SECRET) {
        return Err("it repeats what may be a secret".to_owned());
    }
    if let Some(never) = mistake.never.iter().find(|never| said.contains(**never)) {
        return Err(format!("it says {never:?}:\n{said}"));
    }
    let whole = |text: &str| mistake.says.iter().all(|says| text.contains(says));
    let place = mistake.place.map(|(file, line)| format!("{file}:{line}: "));
    let good = match &place {
        // By its name, or by its whole path.
        Some(place) => {
            said.lines().any(|line| (line.starts_with(place) || line.contains(&format!("/{place}"))) && whole(line))
        }
        // What is said of the command line goes over several lines.
        None => whole(&said),
    };
    if good { Ok(()) } else { Err(format!("wanted {place:?} with {:?}, but it says:\n{said}", mistake.says)) }
}

fn cache() -> PathBuf {
    support::cache().join("mistakes")
}

#[test]
fn each_of_a_hundred_mistakes_is_told_with_its_place_and_what_mends_it() {
    let all = table();
    assert!(all.len() >= 100, "{} mistakes", all.len());
    for mistake in &all {
        let names_a_place = mistake.place.is_some() || mistake.says.len() > 1;
        assert!(names_a_place && !mistake.says.is_empty(), "{}: wants neither place nor mend", mistake.name);
    }
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(mistake) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = try_out(mistake) {
                        wrong.lock().unwrap().push(format!("= {}: {why}", mistake.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}
