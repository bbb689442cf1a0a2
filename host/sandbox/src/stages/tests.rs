use super::changed::ChangedChoices;
use super::edits::{EventChange, Sorted, apply};
use super::held::{HeldBounds, HeldEvents, MOST, Past, run};
use super::item::{Item, WaitReason};
use super::turn::CallReason;
use bytes::Bytes;

/// An event of a choice that has this delta; its raw bytes are its name.
fn event(name: &str, choice: u32, delta: &str) -> Item {
    let data = format!(r#"{{"choices":[{{"index":{choice},"delta":{{{delta}}}}}]}}"#);
    let mut items = Item::read(Bytes::copy_from_slice(name.as_bytes()), data.into()).unwrap();
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn text(name: &str, choice: u32) -> Item {
    event(name, choice, r#""content":"a""#)
}

fn call(name: &str, choice: u32) -> Item {
    event(name, choice, r#""tool_calls":[{"index":0,"function":{"arguments":"a"}}]"#)
}

fn names(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| std::str::from_utf8(&item.raw).unwrap()).collect()
}

fn held(items: Vec<Item>) -> HeldEvents {
    let mut held = HeldEvents::default();
    held.extend(items.into_iter().map(|item| item.wait(WaitReason::Held)));
    held
}

#[test]
fn what_is_behind_a_held_event_waits_if_it_is_of_the_same_choice_and_says_something() {
    let items = || {
        let quiet = event("quiet", 0, r#""content":"""#);
        vec![text("a", 0), Item::opaque(Bytes::from_static(b"ping")), text("b", 1), quiet, call("c", 0), text("d", 1)]
    };
    let hold = || vec![EventChange::Hold];
    let Sorted { passed, held } = apply(items(), hold(), CallReason::More, false, &mut ChangedChoices::default());
    assert_eq!((names(&passed), names(&held)), (vec!["ping", "b", "quiet", "d"], vec!["a", "c"]));
    let Sorted { passed, held } = apply(items(), hold(), CallReason::Ended, false, &mut ChangedChoices::default());
    assert_eq!((passed.len(), held.len()), (6, 0));
}

#[test]
fn what_a_plugin_has_not_seen_it_cannot_hold() {
    let items = || vec![call("a", 0), Item::beside(Bytes::from_static(b"b"), Bytes::new()), text("c", 0)];
    let hold = || vec![EventChange::Hold, EventChange::Hold, EventChange::Hold];
    let Sorted { passed, held } = apply(items(), hold(), CallReason::More, false, &mut ChangedChoices::default());
    assert_eq!((names(&passed), names(&held)), (vec!["a", "b"], vec!["c"]));
    let Sorted { passed, held } = apply(items(), hold(), CallReason::More, true, &mut ChangedChoices::default());
    assert_eq!((names(&passed), names(&held)), (vec!["b"], vec!["a", "c"]));
}

#[test]
fn a_text_that_is_over_is_taken_apart_from_what_is_behind_it() {
    let mut all = held(vec![text("a", 0), text("x", 1), text("b", 0), call("c", 0), call("d", 0), text("e", 0)]);
    let (choice, behind) = all.take_behind_end().unwrap();
    assert_eq!((choice, names(&behind)), (0, vec!["c", "d", "e"]));
    assert_eq!(run(&behind), 2);
    assert!(all.take_behind_end().is_none());
    assert_eq!(names(&all.take(0)), ["a", "b"]);
    assert_eq!(names(&all.take_all()), ["x"]);
}

#[test]
fn a_text_is_ended_by_the_next_event_of_its_choice_that_says_something_else() {
    let all = held(vec![text("a", 0), text("b", 1)]);
    let quiet = || event("quiet", 0, r#""content":"""#);
    assert_eq!(all.ended_by(&[quiet(), text("c", 0), call("d", 0)]), Vec::<u32>::new());
    assert_eq!(all.ended_by(&[quiet(), call("c", 0)]), [0]);
    assert_eq!(all.ended_by(&[event("c", 1, ""), event("d", 0, r#""role":"assistant""#)]), Vec::<u32>::new());
    assert_eq!(all.ended_by(&[event("c", 1, r#""refusal":"a""#), event("d", 0, r#""reasoning":"a""#)]), [0, 1]);
    let waiting = held(vec![text("a", 0), quiet()]);
    assert_eq!(
        waiting.ended_by(&[text("c", 0)]),
        Vec::<u32>::new(),
        "what says nothing is no end of what waits before it"
    );
    assert_eq!(all.ended_by(&[]), Vec::<u32>::new());
}

#[test]
fn no_more_than_so_many_events_wait_and_going_through_them_does_not_take_longer_with_more_choices() {
    let all = |count: usize| held((0..count).map(|n| text("a", u32::try_from(n).unwrap())).collect());
    let bounds = HeldBounds { text: usize::MAX, events: usize::MAX };
    assert_eq!(all(MOST).past(bounds), None);
    let mut many = all(MOST + 1);
    assert_eq!(many.past(bounds), Some(Past::Count(MOST + 1)));
    assert_eq!(many.ended_by(&[call("c", 1), text("d", 2), call("e", 3)]), [1, 3]);
    assert!(many.take_behind_end().is_none());
    let items = many.take_all();
    let holds = items.iter().map(|_| EventChange::Hold).collect();
    assert_eq!(apply(items, holds, CallReason::More, false, &mut ChangedChoices::default()).held.len(), MOST + 1);
}

#[test]
fn text_past_its_bound_is_that_of_one_choice_behind_its_first_event_and_held() {
    let bounds = |text| HeldBounds { text, events: usize::MAX };
    let two = || held(vec![text("aa", 1), text("bb", 0), text("cc", 1), text("dd", 0), text("ee", 1)]);
    assert_eq!(two().past(bounds(2)), None);
    assert_eq!(two().past(bounds(1)), Some(Past::Text(1, 2)));
    assert_eq!(two().past(HeldBounds { text: 1, events: 9 }), Some(Past::Events(10)));
    let mut waiting = HeldEvents::default();
    waiting.extend(vec![text("aa", 0), text("bb", 0), text("cc", 0)]);
    assert_eq!(waiting.past(bounds(1)), None, "what only waits for its window is shown, and no fault");
}
