use super::*;

fn median(times: &[u64]) -> Option<u64> {
    let histogram = Histogram::default();
    times.iter().for_each(|ns| histogram.add(*ns));
    assert_eq!(histogram.times().len(), times.len() as u64);
    histogram.times().median_ns()
}

#[test]
fn a_time_is_counted_between_the_bounds_of_its_bucket_and_buckets_are_no_wider_than_a_sixteenth() {
    for power in 0..37 {
        for ns in [(1 << power) - 1, 1 << power, (1 << power) + 1, (3 << power) / 2] {
            let bucket = bucket(ns);
            let (from, to) = (floor(bucket), floor(bucket + 1));
            assert!((from..to).contains(&ns), "{ns} in {from}..{to}");
            assert!((to - from) * 16 <= from.max(16), "{from}..{to}");
        }
    }
    assert_eq!((bucket(1 << 37), bucket(u64::MAX)), (BUCKETS - 1, BUCKETS - 1));
}

#[test]
fn the_median_is_accurate_to_a_sixteenth() {
    for ns in [100, 999, 20_000, 30_000, 47_123, 1_000_000, 50_000_000] {
        let read = median(&[ns; 101]).unwrap();
        assert!(read.abs_diff(ns) * 16 <= ns, "{read} for {ns}");
    }
    assert_eq!(median(&[]), None);
}

#[test]
fn a_few_times_that_are_much_longer_do_not_move_the_median() {
    let mut times = vec![30_000; 90];
    let alone = median(&times).unwrap();
    times.extend([50_000_000; 10]);
    let (mean, with) = (times.iter().sum::<u64>() / 100, median(&times).unwrap());
    assert!(mean > 5_000_000 && with.abs_diff(alone) < 2_000, "{mean} {alone} {with}");
}

#[test]
fn what_was_counted_since_a_moment_leaves_out_what_was_before() {
    let histogram = Histogram::default();
    (0..100).for_each(|_| histogram.add(1_000_000));
    let before = histogram.times();
    (0..3).for_each(|_| histogram.add(1_000));
    let since = histogram.times().since(&before);
    assert_eq!(since.len(), 3);
    assert!((900..1_100).contains(&since.median_ns().unwrap()), "{since:?}");
    assert_eq!(histogram.times().since(&HistogramSnapshot::default()), histogram.times());
}
