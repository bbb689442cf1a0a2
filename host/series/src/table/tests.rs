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
