//! The results as Markdown for people and JSON for programs.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Args, CELLS, Cell, MOCKS, Measured, Subject};
use crate::load::Report;
use crate::units;

/// Writes both files and prints the Markdown.
pub(super) fn write(args: &Args, all: &[Measured]) -> Result<()> {
    let (command, machine) = (command(), machine());
    let text = markdown(&command, &machine, args, all);
    let measured: Vec<_> = all.iter().map(line).collect();
    let machine: Vec<_> = machine.iter().map(|(fact, value)| json!({"fact": fact, "value": value})).collect();
    let whole = json!({"command": command, "machine": machine, "measured": measured});
    fs::create_dir_all(&args.results).with_context(|| format!("cannot make {}", args.results.display()))?;
    let stem = args.results.join(format!("{}-first", units::today()));
    fs::write(stem.with_extension("md"), &text)?;
    fs::write(stem.with_extension("json"), format!("{whole:#}\n"))?;
    println!("{text}\nwritten to {}.md and .json", stem.display());
    Ok(())
}

fn line(measured: &Measured) -> Value {
    json!({
        "repeat": measured.repeat,
        "subject": measured.subject.name(),
        "delay_ms": MOCKS.get(measured.cell.mock).map(|(delay, _)| delay),
        "spaced": MOCKS.get(measured.cell.mock).map(|(_, spaced)| spaced),
        "connections": measured.cell.connections,
        "stream": measured.cell.stream,
        "report": measured.report.json(),
    })
}

/// The command as it can be typed again: without the folder of this program.
fn command() -> String {
    let words = std::env::args().skip(1).fold("weir-bench".to_owned(), |line, word| line + " " + &word);
    format!("cargo run --release -p {}", words.replacen("weir-bench", "weir-bench --", 1))
}

fn machine() -> Vec<(&'static str, String)> {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or_else(|_| "unknown".to_owned(), |cores| cores.to_string());
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc =
        rustc.map_or_else(|_| "unknown".to_owned(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    vec![
        ("cores", cores),
        ("processor", field(&file("/proc/cpuinfo"), "model name")),
        ("memory", field(&file("/proc/meminfo"), "MemTotal")),
        ("kernel", file("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("rustc", rustc),
    ]
}

fn markdown(command: &str, machine: &[(&str, String)], args: &Args, all: &[Measured]) -> String {
    let mut text = format!("# First measurement, {}\n\n```\n{command}\n```\n\n", units::today());
    for (fact, value) in machine {
        let _ok = writeln!(text, "- {fact}: {value}");
    }
    let _ok = write!(
        text,
        "- {} repeats, interleaved; each load {:?} after {:?} of warm-up; medians over the repeats\n\
         - load, mock and gateway share these cores; with 50 connections and no delay they compete for them\n\
         - plugins: {}; spaced events of a stream come {:?} apart, and up to 1 ms more\n\n\
         ## Added latency, one connection, mock without delay\n\n\
         Each subject minus direct within a repeat, in µs: the median (least … most) over the repeats.\n\
         What `direct again` adds is noise: a difference that is not clear of it says nothing.\n\n\
         | load | subject | p50 | p99 | first token p50 | first token p99 |\n|---|---|---|---|---|---|\n",
        args.repeats,
        args.duration,
        args.warmup,
        if args.bare { "not measured".to_owned() } else { args.chain.join(", ") },
        args.gap,
    );
    for cell in CELLS.into_iter().filter(|cell| cell.connections == 1) {
        for subject in [Subject::Control, Subject::Bare, Subject::Plugins] {
            let numbers = [
                added(all, cell, subject, |report| report.latency.map(|latency| latency.p50)),
                added(all, cell, subject, |report| report.latency.map(|latency| latency.p99)),
                added(all, cell, subject, |report| report.first.map(|first| first.p50)),
                added(all, cell, subject, |report| report.first.map(|first| first.p99)),
            ];
            row(&mut text, cell, subject, &numbers);
        }
    }
    text.push_str(
        "\n## Every load\n\nLatencies and CPU in µs, memory in MiB. CPU is the gateway's own, all its threads.\n\n\
         | load | subject | requests/s | p50 | p99 | CPU per request | memory | failed |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for cell in CELLS {
        for subject in Subject::ALL {
            let numbers = [
                median(reports(all, cell, subject).map(|report| report.per_second)),
                median(reports(all, cell, subject).filter_map(|report| report.latency.map(|latency| latency.p50))),
                median(reports(all, cell, subject).filter_map(|report| report.latency.map(|latency| latency.p99))),
                median(reports(all, cell, subject).filter_map(|report| report.cpu_per_request)),
                median(reports(all, cell, subject).filter_map(|report| report.pss_kib).map(mib)),
                failed(all, cell, subject),
            ];
            row(&mut text, cell, subject, &numbers.map(|number| number.map(|number| format!("{number:.1}"))));
        }
    }
    text
}

fn row(text: &mut String, cell: Cell, subject: Subject, numbers: &[Option<String>]) {
    if numbers.iter().all(Option::is_none) {
        return;
    }
    let _ok = write!(text, "| {cell} | {} |", subject.name());
    for number in numbers {
        let _ok = match number {
            Some(number) => write!(text, " {number} |"),
            None => write!(text, " – |"),
        };
    }
    text.push('\n');
}

fn reports(all: &[Measured], cell: Cell, subject: Subject) -> impl Iterator<Item = &Report> {
    let these = all.iter().filter(move |measured| measured.cell == cell && measured.subject == subject);
    these.map(|measured| &measured.report)
}

/// What `subject` has more than the direct load of the same repeat: the median over the repeats, and the extremes.
fn added(all: &[Measured], cell: Cell, subject: Subject, of: fn(&Report) -> Option<f64>) -> Option<String> {
    let number = |subject: Subject, repeat: u32| {
        let of_this =
            |measured: &&Measured| measured.cell == cell && measured.subject == subject && measured.repeat == repeat;
        all.iter().find(of_this).and_then(|measured| of(&measured.report))
    };
    let repeats = all.iter().map(|measured| measured.repeat).max().unwrap_or(0);
    let difference = |repeat| Some(number(subject, repeat)? - number(Subject::Direct, repeat)?);
    let differences: Vec<f64> = (1..=repeats).filter_map(difference).collect();
    let middle = median(differences.iter().copied())?;
    let least = differences.iter().copied().fold(f64::INFINITY, f64::min);
    let most = differences.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(format!("{middle:.1} ({least:.1} … {most:.1})"))
}

/// The middle one, or the mean of the two in the middle.
fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied()?;
    if sorted.len() % 2 == 1 {
        return Some(middle);
    }
    sorted.get(sorted.len() / 2 - 1).map(|below| f64::midpoint(*below, middle))
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// Failures of all repeats together: a median would hide them.
#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn failed(all: &[Measured], cell: Cell, subject: Subject) -> Option<f64> {
    let mut counts = reports(all, cell, subject).map(Report::failed).peekable();
    counts.peek()?;
    Some(counts.sum::<u64>() as f64)
}
