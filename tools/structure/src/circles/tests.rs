use super::*;

fn found(arrows: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut map = Arrows::new();
    for (from, to) in arrows {
        map.entry((*from).to_owned()).or_default().entry((*to).to_owned()).or_default().insert("Name".to_owned());
    }
    let all = |circle: &Circle| circle.files.iter().cloned().collect::<Vec<_>>().join(" ");
    circles(&map).iter().map(|circle| (all(circle), circle.shortest.join(" "))).collect()
}

fn expect(arrows: &[(&str, &str)], circles: &[(&str, &str)]) {
    let circles: Vec<_> = circles.iter().map(|(all, chain)| ((*all).to_owned(), (*chain).to_owned())).collect();
    assert_eq!(found(arrows), circles);
}

#[test]
fn arrows_that_go_one_way_are_no_circle() {
    expect(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], &[]);
}

#[test]
fn two_files_that_import_each_other_are_one() {
    expect(&[("a", "b"), ("b", "a"), ("b", "c")], &[("a b", "a b")]);
}

#[test]
fn a_long_way_around_is_one() {
    expect(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), ("x", "a")], &[("a b c d", "a b c d")]);
}

#[test]
fn circles_that_touch_are_one_and_the_shortest_chain_tells_of_it() {
    let arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "c")];
    expect(&arrows, &[("a b c d", "c d")]);
}

#[test]
fn circles_apart_are_told_apart() {
    expect(&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c")], &[("a b", "a b"), ("c d", "c d")]);
}

#[test]
fn a_chain_can_be_asked_for_from_any_file() {
    let mut map = Arrows::new();
    for (from, to) in [("a", "b"), ("b", "a"), ("b", "c"), ("c", "a")] {
        map.entry(from.to_owned()).or_default().entry(to.to_owned()).or_default();
    }
    assert_eq!(chain(&map, "c"), Some(["c", "a", "b"].map(str::to_owned).to_vec()));
    assert_eq!(chain(&map, "z"), None);
}
