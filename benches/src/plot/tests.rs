use super::*;
use crate::results::tests::{peer, results, weir};
use crate::subject::Subject;

/// Whether every element is closed, by counting.
fn balanced(svg: &str) -> bool {
    let opened = svg.matches('<').count() - svg.matches("</").count();
    opened == svg.matches("/>").count() + svg.matches("</").count()
}

#[test]
fn lines_have_a_legend_axes_and_the_ceiling() {
    let results = results(vec![
        (Subject::Direct, &[80_000.0]),
        (Subject::Again, &[1.0]),
        (weir(), &[70_000.0]),
        (peer("a<b"), &[1_000.0]),
    ]);
    let svg = lines(&results);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && balanced(&svg), "{svg}");
    for text in ["requests per second", "users (", "ceiling", "direct (800)", "Weir (700)", "a&lt;b (10)"] {
        assert!(svg.contains(text), "{text}\n{svg}");
    }
    assert!(!svg.contains("direct again") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn bars_show_gateways_only_and_cut_those_that_would_hide_the_others() {
    let results = results(vec![
        (Subject::Direct, &[60.0]),
        (weir(), &[80.0]),
        (peer("nginx"), &[60.0]),
        (peer("slow"), &[10_000.0]),
    ]);
    let svg = bars(&results);
    assert!(balanced(&svg), "{svg}");
    for text in ["Whole replies", ">40.0<", ">30.0<", ">5,000 (bar cut)<", "CPU per request, µs"] {
        assert!(svg.contains(text), "{text}\n{svg}");
    }
    assert!(!svg.contains(">direct<") && !svg.contains("NaN"), "{svg}");
}

#[test]
fn axes_end_on_a_round_number_in_at_most_ten_steps() {
    for (most, expected) in
        [(16_666.7, (18_000.0, 2_000.0)), (50.0, (50.0, 5.0)), (0.7, (0.7, 0.1)), (833.0, (900.0, 100.0))]
    {
        let (end, step) = axis(most);
        assert!((end - expected.0).abs() < 1e-9 && (step - expected.1).abs() < 1e-9, "{most}: {end}, {step}");
    }
    assert_eq!(
        [thousands(0.0), thousands(999.6), thousands(1_234_567.0), thousands(0.5)],
        ["0", "1,000", "1,234,567", "0.5"]
    );
}
