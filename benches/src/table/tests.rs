use super::*;
use crate::results::of;
use crate::results::tests::{peer, results, weir};
use crate::subject::Subject;

fn columns() -> [Column; 4] {
    [
        Column::new("requests/s", Number::Median(of::per_second), 1, Better::More),
        Column::new("added p50, ms", Number::Added(of::p50), 2, Better::None).in_ms(),
        Column::new("CPU, µs", Number::Median(of::cpu), 1, Better::Less),
        Column::new("of nginx's CPU", Number::Ratio(of::cpu), 2, Better::None),
    ]
}

#[test]
fn a_table_has_a_row_for_each_subject_and_the_best_gateway_in_bold() {
    let results = results(vec![
        (Subject::Direct, &[1_000.0, 2_000.0]),
        (weir(), &[3_000.0, 4_000.0]),
        (peer("nginx"), &[1_500.0, 2_000.0]),
    ]);
    let mut text = String::new();
    write(&mut text, &results, 0, &columns());
    let rows = [
        "| | requests/s | added p50, ms | CPU, µs | of nginx's CPU |",
        "| direct | 15.0 | – | 750.0 | 0.83 × |",
        "| Weir | **35.0** | 2.00 (2.00 … 2.00) | 1750.0 | 2.00 × |",
        "| nginx | 17.5 | 0.25 (0.00 … 0.50) | **875.0** | 1.00 × |",
        "Ahead of Weir:\n\n- CPU, µs: nginx 875.0, against 1750.0\n",
    ];
    for row in rows {
        assert!(text.contains(row), "{row}\n{text}");
    }
}

#[test]
fn where_no_peer_is_ahead_the_table_says_so_and_a_hair_is_no_lead() {
    let results = results(vec![(weir(), &[100.0]), (peer("other"), &[99.0])]);
    let mut text = String::new();
    write(&mut text, &results, 0, &columns());
    assert!(text.contains("No peer was ahead of Weir here."), "{text}");
}

#[test]
fn who_fails_fast_is_not_ahead() {
    let mut results = results(vec![(weir(), &[100.0]), (peer("other"), &[10.0])]);
    for trial in &mut results.trials {
        if let (1, Ok(report)) = (trial.step.subject, &mut trial.outcome) {
            report.failures.insert(crate::load::LoadFailure::Status(503), 1_000);
        }
    }
    let mut text = String::new();
    write(&mut text, &results, 0, &columns());
    assert!(text.contains("No peer was ahead of Weir here."), "{text}");
    let failed = Column::new("failed", Number::Sum(of::failed), 0, Better::Less);
    assert_eq!(failed.text(&results, 0, 1), "1000");
}

#[test]
fn what_was_not_measured_is_named_with_its_reason_on_one_line() {
    let mut results = results(vec![(weir(), &[100.0]), (peer("other"), &[10.0])]);
    for trial in results.trials.iter_mut().filter(|trial| trial.step.subject == 1) {
        trial.outcome = Err("does not answer\nport taken".to_owned());
    }
    let mut text = String::new();
    write(&mut text, &results, 0, &columns());
    assert!(text.contains("| other | – | – | – | – |"), "{text}");
    assert!(text.contains("Not measured in every repeat: other: does not answer / port taken\n"), "{text}");
}
