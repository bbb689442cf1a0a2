use super::*;

#[test]
fn one_line_in_a_while_says_how_many_it_stands_for() {
    let (line, begun) = (RareLine::new(), *BEGINNING + Duration::from_secs(1_000));
    let at = |seconds: u64| line.now(begun + Duration::from_secs(seconds));
    assert_eq!([at(0), at(1), at(9), at(10), at(11), at(100)], [Some(1), None, None, Some(3), None, Some(2)]);
}
