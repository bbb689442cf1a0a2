use super::*;

#[test]
fn what_used_all_its_time_is_not_tried_again_and_all_else_is_after_a_while_or_at_once_where_there_was_no_room() {
    let (now, before) = (Instant::now(), Instant::now().checked_sub(AGAIN).unwrap());
    for (why, at_once, later) in [
        (LoadError::Start(Fault::Deadline), false, false),
        (LoadError::Start(Fault::Full), true, true),
        (LoadError::Start(Fault::Trap("unreachable".to_owned())), false, true),
        (LoadError::Settings("settings.deny: must be a list".to_owned()), false, true),
    ] {
        assert_eq!((may_be_tried_again(&why, now), may_be_tried_again(&why, before)), (at_once, later), "{why}");
    }
}
