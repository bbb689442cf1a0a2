use super::*;
use std::sync::atomic::AtomicU64;

type Counts = Table<(&'static str, u32), AtomicU64>;

fn table(limit: usize) -> Counts {
    Table::new(limit, |(kind, _)| (*kind, u32::MAX))
}

fn count(table: &Counts, labels: (&'static str, u32)) {
    table.row(&labels).1.fetch_add(1, Relaxed);
}

fn all(table: &Counts) -> Vec<(&'static str, u32, u64)> {
    let mut rows = Vec::new();
    table.each(|(kind, n), count| rows.push((*kind, *n, count.load(Relaxed))));
    rows
}

#[test]
fn a_row_is_made_when_it_is_used_and_is_the_same_from_then_on() {
    let table = table(10);
    assert_eq!((table.kept(), all(&table)), (0, vec![]));
    let (first, again) = (table.row(&("a", 1)), table.row(&("a", 1)));
    assert!(Arc::ptr_eq(&first, &again));
    count(&table, ("a", 1));
    count(&table, ("b", 1));
    assert_eq!((table.kept(), table.beyond(), all(&table)), (2, 0, vec![("a", 1, 1), ("b", 1, 1)]));
}

#[test]
fn past_the_limit_nothing_is_lost_but_whose_it_was() {
    let table = table(3);
    for n in 0..100 {
        count(&table, (if n % 2 == 0 { "even" } else { "odd" }, n));
    }
    assert_eq!((table.kept(), table.beyond()), (3, 97));
    assert_eq!(
        all(&table),
        [("even", 0, 1), ("odd", 1, 1), ("even", 2, 1), ("odd", u32::MAX, 49), ("even", u32::MAX, 48)]
    );
    count(&table, ("even", 2));
    assert_eq!(all(&table)[2], ("even", 2, 2), "who has a row goes on in it");
}

#[test]
fn labels_that_are_those_of_the_shared_row_share_it_and_take_no_room() {
    let table = table(1);
    [("a", 1), ("a", 2), ("a", u32::MAX), ("b", u32::MAX)].into_iter().for_each(|labels| count(&table, labels));
    assert_eq!((table.kept(), all(&table)), (1, vec![("a", 1, 1), ("a", u32::MAX, 2), ("b", u32::MAX, 1)]));
}

#[test]
fn a_raised_limit_makes_room_and_a_lowered_one_takes_nothing_away() {
    let table = table(1);
    count(&table, ("a", 1));
    count(&table, ("a", 2));
    table.set_limit(2);
    count(&table, ("a", 2));
    table.set_limit(0);
    for n in 1..=3 {
        count(&table, ("a", n));
    }
    assert_eq!(all(&table), [("a", 1, 2), ("a", u32::MAX, 2), ("a", 2, 2)]);
}

#[test]
fn reading_shows_each_row_once_however_many_there_are_and_more_that_come_meanwhile_harm_nothing() {
    let table = table(100_000);
    (0..1_000).for_each(|n| count(&table, ("a", n)));
    let mut seen = 0;
    table.each(|(_, n), _| {
        // Another row while this one is looked at: the table is not held.
        if *n < 1_000 {
            count(&table, ("a", n + 1_000));
        }
        seen += 1;
    });
    assert_eq!((seen, table.kept()), (2_000, 2_000));
}

#[test]
fn threads_that_come_at_once_share_a_row() {
    let table = table(50);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5_000).for_each(|n| count(&table, ("a", n % 100))));
        }
    });
    let rows = all(&table);
    assert_eq!(rows.len(), 51);
    assert_eq!(rows.iter().map(|row| row.2).sum::<u64>(), 20_000);
}

#[test]
fn a_row_is_let_go_when_nobody_has_needed_or_held_it_for_long_enough() {
    let (table, begin, after) = (table(3), Instant::now(), Duration::from_secs(60));
    (0..5).for_each(|n| count(&table, ("a", n)));
    let held = table.row(&("a", 1));
    let mut last = Vec::new();
    let mut let_go = |at: u64| {
        let time = (begin + Duration::from_secs(at), after);
        table.let_go(|(_, n)| *n == 0 || *n == u32::MAX, time, |(_, n), count| last.push((*n, count.load(Relaxed))));
        (table.kept(), std::mem::take(&mut last))
    };
    assert_eq!(let_go(0), (3, vec![]), "unneeded from now on");
    assert_eq!(let_go(59), (3, vec![]));
    assert_eq!(let_go(60), (2, vec![(2, 1)]), "one is needed, one is held");
    held.1.fetch_add(1, Relaxed);
    drop(held);
    assert_eq!(let_go(200), (2, vec![]), "time counts from when nobody holds it");
    assert_eq!(let_go(260), (1, vec![(1, 2)]));
    // There is room again, and what comes back begins at zero, in a place of its own.
    (1..4).for_each(|n| count(&table, ("a", n)));
    assert_eq!(all(&table), [("a", 0, 1), ("a", u32::MAX, 3), ("a", 1, 1), ("a", 2, 1)]);
}

#[test]
fn what_is_needed_again_before_its_time_is_over_goes_on_where_it_was() {
    let (table, begin, after) = (table(3), Instant::now(), Duration::from_secs(60));
    count(&table, ("a", 1));
    for (at, needed) in [(0, false), (50, true), (100, false), (159, false)] {
        table.let_go(|_| needed, (begin + Duration::from_secs(at), after), |_, _| panic!("at {at}"));
    }
    count(&table, ("a", 1));
    assert_eq!(all(&table), [("a", 1, 2)]);
}

#[test]
fn rows_that_are_let_go_while_others_are_read_leave_no_gap_and_show_none_twice() {
    let table = table(1_000);
    (0..500).for_each(|n| count(&table, ("a", n)));
    let mut seen = Vec::new();
    table.each(|(_, n), _| {
        if *n == 10 {
            table.let_go(|(_, n)| n % 2 == 1, (Instant::now(), Duration::ZERO), |_, _| {});
        }
        seen.push(*n);
    });
    let (first, rest): (Vec<u32>, Vec<u32>) = seen.into_iter().partition(|n| *n < 64);
    assert_eq!(first, (0..64).collect::<Vec<_>>(), "these were copied before");
    assert_eq!(rest, (64..500).filter(|n| n % 2 == 1).collect::<Vec<_>>());
}
