//! `weir-structure`: holds the shape of the code to what CONTRIBUTING.md says of it.
//!
//! It reads the Rust files of the workspace as text and finds circles of files, crates that name one of the same or a higher
//! rank, types that share a name, imports of everything, rooms for odds and ends, files that documents name and that are
//! not there, and files that no module names. What is known not to be in order yet stands in `known.txt`, which only gets shorter.
//!
//! Run it in the workspace's root. `--arrows` prints every import within a circle, `--imports` every import there is,
//! `--names` the places of the names that types share; `--shrink` takes what is in order now out of the list.

mod check;
mod circles;
mod documents;
mod failed;
mod imports;
mod known;
mod lex;
mod load;
mod lost;
mod modules;
mod ranks;
mod report;
mod resolve;
mod source;
mod syntax;

use failed::Failed;
use report::ReportParts;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (text, is_good) = match run(&arguments) {
        Ok((report, is_good)) => (report, is_good),
        Err(Failed(why)) => (format!("weir-structure: {why}\n"), false),
    };
    let is_written = std::io::stdout().write_all(text.as_bytes()).is_ok();
    if is_good && is_written { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(arguments: &[String]) -> Result<(String, bool), Failed> {
    let (mut shown, mut shrink) = (ReportParts::default(), false);
    for argument in arguments {
        match argument.as_str() {
            "--arrows" => shown.arrows = true,
            "--imports" => shown.imports = true,
            "--names" => shown.names = true,
            "--shrink" => shrink = true,
            other => {
                return Err(Failed(format!("{other}: there are `--arrows`, `--imports`, `--names` and `--shrink`")));
            }
        }
    }
    let files = load::load(Path::new("."))?;
    let mut list = files.get(known::LIST).cloned().unwrap_or_default();
    let found = check::check(&files)?;
    if shrink {
        list = known::Known::read(&list)?.shrunk(&list, &found.as_known());
        std::fs::write(known::LIST, &list).map_err(|error| Failed(format!("{}: {error}", known::LIST)))?;
    }
    let deviation = known::Known::read(&list)?.deviation(&found.as_known());
    Ok((report::report(&found, &deviation, &shown), deviation.is_none() && found.faults.is_empty()))
}
