use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::load::Quantiles;

fn args() -> Args {
    Args {
        gateway: PathBuf::new(),
        plugins: PathBuf::new(),
        chain: vec!["one".to_owned()],
        bare: false,
        repeats: 3,
        duration: Duration::from_secs(4),
        warmup: Duration::from_secs(1),
        gap: Duration::from_millis(1),
        workers: 0,
        results: PathBuf::new(),
    }
}

fn measured(repeat: u32, subject: Subject, p50: f64) -> Measured {
    let latency = Some(Quantiles { p50, p90: p50, p99: 2.0 * p50, max: 3.0 * p50 });
    let cpu_per_request = (subject != Subject::Direct).then_some(40.0);
    let (failures, first, pss_kib) = (BTreeMap::new(), None, cpu_per_request.map(|_| 2048));
    let report =
        Report { requests: 10, failures, seconds: 1.0, per_second: 10.0, latency, first, cpu_per_request, pss_kib };
    Measured { repeat, subject, cell: CELLS[0], report }
}

#[test]
fn the_median_of_few_numbers() {
    assert_eq!(median([].into_iter()), None);
    assert_eq!(median([3.0].into_iter()), Some(3.0));
    assert_eq!(median([9.0, 1.0].into_iter()), Some(5.0));
    assert_eq!(median([9.0, 1.0, 2.0].into_iter()), Some(2.0));
}

#[test]
fn added_latency_is_the_median_of_differences_within_a_repeat() {
    // The machine slows down from repeat to repeat; what the gateway adds stays near 50.
    let all: Vec<_> = [(1, 100.0, 150.0), (2, 200.0, 249.0), (3, 400.0, 460.0)]
        .into_iter()
        .flat_map(|(repeat, direct, bare)| {
            [measured(repeat, Subject::Direct, direct), measured(repeat, Subject::Bare, bare)]
        })
        .collect();
    let p50 = |report: &Report| report.latency.map(|latency| latency.p50);
    assert_eq!(added(&all, CELLS[0], Subject::Bare, p50), Some("50.0 (49.0 … 60.0)".to_owned()));
    assert_eq!(added(&all, CELLS[0], Subject::Plugins, p50), None);
    let text = markdown("command", &[("cores", "2".to_owned())], &args(), &all);
    assert!(
        text.contains(
            "| whole, 0.5 KiB, delay 0 ms, 1 connection | gateway | 50.0 (49.0 … 60.0) | 100.0 (98.0 … 120.0) | – | – |"
        ),
        "{text}"
    );
    assert!(text.contains("| gateway | 10.0 | 249.0 | 498.0 | 40.0 | 2.0 | 0.0 |"), "{text}");
    assert!(!text.contains("plugins | "), "{text}");
}
