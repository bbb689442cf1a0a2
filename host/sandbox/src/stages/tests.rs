use super::edits::{Change, Sorted, apply};
use super::held::{Held, run};
use super::item::{Item, Wait};
use super::turn::Turn;
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

fn held(items: Vec<Item>) -> Held {
    let mut held = Held::default();
    held.extend(items.into_iter().map(|item| item.wait(Wait::Held)));
    held
}

#[test]
fn what_is_behind_a_held_event_waits_if_it_is_of_the_same_choice_and_says_something() {
    let items = || {
        let quiet = event("quiet", 0, r#""content":"""#);
        vec![text("a", 0), Item::opaque(Bytes::from_static(b"ping")), text("b", 1), quiet, call("c", 0), text("d", 1)]
    };
    let hold = || vec![Change::Hold];
    let Sorted { passed, held } = apply(items(), hold(), Turn::More, false);
    assert_eq!((names(&passed), names(&held)), (vec!["ping", "b", "quiet", "d"], vec!["a", "c"]));
    let Sorted { passed, held } = apply(items(), hold(), Turn::Ended, false);
    assert_eq!((passed.len(), held.len()), (6, 0));
}

#[test]
fn what_a_plugin_has_not_seen_it_cannot_hold() {
    let items = || vec![call("a", 0), Item::beside(Bytes::from_static(b"b"), Bytes::new()), text("c", 0)];
    let hold = || vec![Change::Hold, Change::Hold, Change::Hold];
    let Sorted { passed, held } = apply(items(), hold(), Turn::More, false);
    assert_eq!((names(&passed), names(&held)), (vec!["a", "b"], vec!["c"]));
    let Sorted { passed, held } = apply(items(), hold(), Turn::More, true);
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
