use super::*;

#[test]
fn a_name_that_is_gone_is_forgotten_in_time_and_its_number_is_nobody_elses() {
    let (names, now) = (TenantNames::default(), Instant::now());
    let (acme, globex) = (names.id("acme"), names.id("globex"));
    let after = |seconds| (now + Duration::from_secs(seconds), Duration::from_secs(60));
    names.let_go(|name| name == "globex", after(0));
    names.let_go(|name| name == "globex", after(59));
    assert_eq!(names.id("acme"), acme, "it may come back");
    names.let_go(|name| name == "globex", after(60));
    assert_eq!(names.numbers(), HashSet::from([globex]));
    let new = names.id("initech");
    let again = names.id("acme");
    assert!(![acme, globex].contains(&new) && ![acme, globex, new].contains(&again));
    assert_eq!(names.id("globex"), globex);
}

#[test]
fn names_that_come_and_go_leave_nothing() {
    let (names, now) = (TenantNames::default(), Instant::now());
    for round in 0..1_600 {
        names.id(&format!("t{round}"));
        names.let_go(|name| name == format!("t{round}"), (now + Duration::from_secs(round), Duration::from_secs(5)));
    }
    assert!(names.numbers().len() < 10);
}
