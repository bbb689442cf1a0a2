//! The files of a run: Markdown for people, JSON for programs, and a plot.

mod machine;

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::plan::LoadCell;
use crate::results::Results;
use crate::units;

/// What a runner has to say about its results.
#[derive(Debug)]
pub(crate) struct ResultsPage {
    /// `ladder` or `compare`: the files' name behind the date.
    pub(crate) kind: &'static str,
    pub(crate) heading: &'static str,
    /// The tables, with their headings.
    pub(crate) tables: String,
    pub(crate) plot: String,
}

impl ResultsPage {
    /// Writes all three files and prints the Markdown.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub(crate) fn write(&self, results: &Results) -> Result<()> {
        let folder = &results.plan.pace.results;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let name = format!("{}-{}", units::today(), self.kind);
        let facts = machine::facts();
        let text = self.markdown(results, &facts, &name);
        let file = |extension| folder.join(&name).with_extension(extension);
        fs::write(file("md"), &text)?;
        fs::write(file("json"), format!("{:#}\n", self.json(results, &facts)))?;
        fs::write(file("svg"), &self.plot)?;
        println!("{text}");
        eprintln!("written to {}.md, .json and .svg", folder.join(&name).display());
        Ok(())
    }

    fn markdown(&self, results: &Results, facts: &[(&'static str, String)], name: &str) -> String {
        let (plan, pace) = (&results.plan, &results.plan.pace);
        let mut text = format!("# {}, {}\n\n```\n{}\n```\n\n", self.heading, units::today(), machine::command());
        for (fact, value) in facts {
            let _ok = writeln!(text, "- {fact}: {value}");
        }
        let _ok = write!(
            text,
            "- repeats: {}, interleaved, each beginning with another subject; each load {} s after {} s of warm-up (long \
             streams longer); every subject freshly started for every load; medians over the repeats, of differences and \
             ratios within a repeat\n\
             - load (threads: {}), mock (threads: {}) and gateway (workers: {}) share the cores\n\
             - requests of {} bytes, whole replies of {} bytes, kept-alive HTTP/1.1\n\
             - CPU is user and system time of the gateway's whole process tree, memory its proportional set size (PSS), \
             the most seen under load\n\
             - failed: requests not answered as they should be; astray: requests that the mock did not see, or saw \
             again; both counted over all repeats\n\n![{}]({name}.svg)\n",
            pace.repeats,
            pace.duration.as_secs_f64(),
            pace.warmup.as_secs_f64(),
            pace.load_threads,
            pace.mock_threads,
            plan.workers(),
            pace.request_bytes,
            pace.reply_bytes,
            self.heading,
        );
        text.push_str(&self.tables);
        text.push_str("\n## Who was measured\n\n| | version | does for each request | settings |\n|---|---|---|---|\n");
        for gateway in plan.subjects.iter().filter_map(|subject| subject.gateway()) {
            let (name, version) = (gateway.name(), gateway.version(&plan.tools));
            let _ok = writeln!(text, "| {name} | {version} | {} | {} |", gateway.does(), gateway.settings());
        }
        if !plan.skipped.is_empty() {
            text.push_str("\n## Who was not\n\n");
            for skipped in &plan.skipped {
                let why = skipped.why.lines().collect::<Vec<_>>().join(" / ");
                let _ok = writeln!(text, "- {}: {why}", skipped.name);
            }
        }
        text
    }

    fn json(&self, results: &Results, facts: &[(&'static str, String)]) -> Value {
        let (plan, pace) = (&results.plan, &results.plan.pace);
        let facts: serde_json::Map<_, _> =
            facts.iter().map(|(fact, value)| ((*fact).to_owned(), json!(value))).collect();
        let subject = |subject: &crate::subject::Subject| {
            let gateway = subject.gateway();
            json!({
                "name": subject.name(),
                "version": subject.version(&plan.tools),
                "does": gateway.map(|gateway| gateway.does()),
                "settings": gateway.map(|gateway| gateway.settings()),
            })
        };
        let trial = |trial: &crate::trial::BenchTrial| {
            json!({
                "repeat": trial.step.repeat,
                "cell": plan.cells.get(trial.step.cell).map(|cell| &cell.name),
                "subject": plan.subjects.get(trial.step.subject).map(crate::subject::Subject::name),
                "idle_pss_kib": trial.idle,
                "report": trial.outcome.as_ref().ok().map(crate::load::LoadReport::json),
                "error": trial.outcome.as_ref().err(),
            })
        };
        json!({
            "kind": self.kind,
            "date": units::today(),
            "command": machine::command(),
            "machine": facts,
            "repeats": pace.repeats,
            "seconds": pace.duration.as_secs_f64(),
            "warmup_seconds": pace.warmup.as_secs_f64(),
            "request_bytes": pace.request_bytes,
            "reply_bytes": pace.reply_bytes,
            "workers": plan.workers(),
            "load_threads": pace.load_threads,
            "mock_threads": pace.mock_threads,
            "subjects": plan.subjects.iter().map(subject).collect::<Vec<_>>(),
            "skipped": plan.skipped.iter().map(|skipped| json!({"name": skipped.name, "why": skipped.why})).collect::<Vec<_>>(),
            "cells": plan.cells.iter().map(cell).collect::<Vec<_>>(),
            "trials": results.trials.iter().map(trial).collect::<Vec<_>>(),
        })
    }
}

fn cell(cell: &LoadCell) -> Value {
    json!({
        "name": cell.name,
        "title": cell.title,
        "users": cell.users,
        "stream": cell.stream,
        "rate": cell.rate,
        "delay_us": micros(cell.shape.delay),
        "gap_us": micros(cell.shape.gap),
        "tokens": cell.shape.tokens,
    })
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
