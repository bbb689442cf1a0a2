use super::*;

#[test]
fn an_eighth_is_kept_from_clients_within_bounds() {
    for (all, clients) in [(0, 0), (24, 0), (64, 40), (192, 168), (1_024, 896), (8_192, 7_168), (1_000_000, 998_976)] {
        assert_eq!(for_clients(all), clients, "{all}");
    }
}

#[test]
fn a_limit_that_cannot_be_reached_is_said() {
    assert_eq!(warning(20_000, 10_000), None);
    let said = warning(1_024, 10_000).unwrap();
    assert!(said.contains("limits.connections is 10000") && said.contains("clients get 896"), "{said}");
}

#[test]
fn spare_descriptors_are_given_back_one_by_one() {
    let mut spare = Spare::default();
    assert!(!spare.give());
    spare.fill();
    assert_eq!((0..100).filter(|_| spare.give()).count(), SPARE);
}
