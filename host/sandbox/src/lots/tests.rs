use super::*;

fn lots(trials: &[(usize, u8)]) -> Lots {
    Lots::of(trials.iter().copied()).unwrap()
}

/// Ids as one worker makes them: the same but for a number that counts up.
fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("019b0a5c-{:04x}-7{:03x}-8a2f-5d0c71e0b3a9", n >> 12, n & 0xfff))
}

/// How many of so many requests see the trial at a place.
fn see(lots: &Lots, place: usize, count: usize) -> usize {
    let sees = |id: &String| lots.draw(hash(id.as_bytes())).is_some_and(|set| lots.sets()[set].contains(&place));
    ids(count).filter(sees).count()
}

#[test]
fn without_a_trial_there_is_nothing_to_draw() {
    assert!(Lots::of(std::iter::empty()).is_none());
}

#[test]
fn a_trial_is_seen_by_its_share_of_the_requests() {
    for percent in [1_u8, 10, 37, 90] {
        let seen = see(&lots(&[(0, percent)]), 0, 20_000);
        let wanted = 200 * usize::from(percent);
        // Five times the error that drawing 20,000 of them makes, at the most.
        assert!(seen.abs_diff(wanted) < 360, "{percent} %: {seen} of 20000");
    }
}

#[test]
fn requests_that_come_in_turn_are_not_sorted_by_their_kind() {
    let lots = lots(&[(0, 20)]);
    for kinds in [2, 5, 20, 50, 100] {
        let mut seen = vec![0; kinds];
        for (n, id) in ids(400 * kinds).enumerate() {
            seen[n % kinds] += usize::from(lots.draw(hash(id.as_bytes())).is_some());
        }
        assert!(seen.iter().all(|seen| (40..=120).contains(seen)), "{kinds} kinds, each 400 times: {seen:?}");
    }
}

#[test]
fn each_of_two_trials_has_its_own_share_and_no_request_sees_both() {
    let lots = lots(&[(1, 10), (4, 50)]);
    assert_eq!(lots.sets(), [vec![1], vec![4]]);
    let (few, many) = (see(&lots, 1, 20_000), see(&lots, 4, 20_000));
    assert!((1_750..=2_250).contains(&few) && (9_600..=10_400).contains(&many), "{few} and {many}");
}

#[test]
fn where_shares_come_to_more_than_a_hundred_each_is_still_what_it_is() {
    let lots = lots(&[(0, 60), (1, 60), (2, 90)]);
    for (place, percent) in [(0, 60), (1, 60), (2, 90)] {
        let owned = lots.of_lot.iter().flatten().filter(|set| lots.sets()[usize::from(**set)].contains(&place)).count();
        assert_eq!(owned, percent, "{place}");
    }
    let many: Vec<(usize, u8)> = (0..500).map(|place| (place, 1 + (place % 90) as u8)).collect();
    assert!(super::Lots::of(many.into_iter()).unwrap().sets().len() <= LOTS);
}

#[test]
fn the_same_id_is_drawn_alike_whoever_asks() {
    let lots = lots(&[(0, 30)]);
    for id in ids(100) {
        assert_eq!(lots.draw(hash(id.as_bytes())), lots.draw(hash(id.as_bytes())));
    }
}
