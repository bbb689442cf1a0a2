use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::load::Quantiles;
use crate::mock::ReplyShape;
use crate::peers;
use crate::plan::{BenchStep, LoadCell, Pacing};

/// A report of one number: a rate of a hundredth of it, twice of it as p99, half of it as CPU.
pub(crate) fn report(p50: f64) -> LoadReport {
    let quantiles = Quantiles { mean: p50, p50, p90: p50, p99: 2.0 * p50, p999: 3.0 * p50, max: 4.0 * p50 };
    LoadReport {
        requests: 10,
        failures: BTreeMap::new(),
        seconds: 1.0,
        per_second: p50 / 100.0,
        latency: Some(quantiles),
        first: None,
        gaps: None,
        open: None,
        cpu_per_request: Some(p50 / 2.0),
        mock_cpu_per_request: Some(10.0),
        load_cpu_per_request: Some(5.0),
        memory: vec![(0.0, 2_048), (1.0, 1_024)],
        check: None,
    }
}

/// Results of one cell with these subjects: of each its p50 repeat by repeat.
pub(crate) fn results(subjects: Vec<(Subject, &[f64])>) -> Results {
    let cell = LoadCell {
        name: "whole".to_owned(),
        title: "Whole replies".to_owned(),
        users: 50,
        stream: false,
        rate: None,
        shape: ReplyShape::default(),
        differences: true,
    };
    let mut trials = Vec::new();
    for (subject, (_, numbers)) in subjects.iter().enumerate() {
        for (repeat, number) in (1..).zip(*numbers) {
            trials.push(BenchTrial {
                step: BenchStep { repeat, cell: 0, subject },
                idle: None,
                outcome: Ok(report(*number)),
            });
        }
    }
    let plan = BenchPlan {
        cells: vec![cell],
        subjects: subjects.into_iter().map(|(subject, _)| subject).collect(),
        skipped: Vec::new(),
        tools: PathBuf::new(),
        pace: Pacing { duration: Duration::from_secs(1), ..Pacing::brief(3) },
    };
    Results { plan, trials }
}

pub(crate) fn peer(name: &str) -> Subject {
    Subject::Peer(peers::by_command_line(&format!("name={name},command=none")).unwrap())
}

pub(crate) fn weir() -> Subject {
    let (weir, guided, plugins, cache) = Default::default();
    let args = crate::weir::WeirArgs { weir, guided, plugins, chain: Vec::new(), cache };
    Subject::Weir(crate::weir::Weir::bare(&args))
}

#[test]
fn the_median_of_few_numbers() {
    let median = |numbers: &[f64]| Spread::of(numbers.iter().copied()).map(|spread| spread.median);
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[3.0]), Some(3.0));
    assert_eq!(median(&[9.0, 1.0]), Some(5.0));
    assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
}

#[test]
fn differences_and_ratios_are_taken_within_a_repeat() {
    // The machine slows down from repeat to repeat; what Weir adds stays near 50, and near half of nginx.
    let results = results(vec![
        (Subject::Direct, &[100.0, 200.0, 400.0]),
        (weir(), &[150.0, 249.0, 460.0]),
        (peer("nginx"), &[300.0, 500.0, 900.0]),
    ]);
    assert_eq!(results.added(0, 1, of::p50), Some(Spread { least: 49.0, median: 50.0, most: 60.0 }));
    assert_eq!(results.added(0, 0, of::p50), None);
    assert_eq!(results.beside_nginx(0, 1, of::p50), Some(0.5));
    assert_eq!(results.beside_nginx(0, 2, of::cpu), Some(1.0));
    assert_eq!((results.median(0, 1, of::p50), results.worst(0, 1, of::p50)), (Some(249.0), Some(460.0)));
    assert_eq!((results.sum(0, 1, of::failed), results.sum(0, 1, of::stalls)), (Some(0.0), None));
    assert_eq!(results.median(0, 1, of::mebibytes), Some(2.0));
}

#[test]
fn what_failed_is_no_number_and_its_reason_is_kept_once() {
    let mut results = results(vec![(Subject::Direct, &[100.0]), (weir(), &[150.0, 160.0])]);
    for trial in &mut results.trials {
        if trial.step.subject == 1 {
            trial.outcome = Err("it has ended".to_owned());
        }
    }
    assert_eq!(results.median(0, 1, of::p50), None);
    assert_eq!(results.errors(0, 1), ["it has ended"]);
    assert_eq!(results.measured(0).count(), 2, "a row that says so");
}
