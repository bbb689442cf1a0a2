use super::*;
use bytes::Bytes;
use proptest::prelude::*;

const CHOICES: u32 = 3;

/// An event of a choice, of one of some kinds; the last one is of none.
fn item(choice: u32, kind: usize) -> Item {
    let (delta, finish) = match kind {
        0 => (r#""content":"a""#, "null"),
        1 => (r#""content":"abcd""#, "null"),
        2 => (r#""content":"""#, "null"),
        3 => (r#""refusal":"ab""#, "null"),
        4 => (r#""tool_calls":[{"index":0,"function":{"arguments":"a"}}]"#, "null"),
        5 => (r#""content":"z""#, "\"stop\""),
        6 => ("", "\"stop\""),
        _ => return Item::opaque(Bytes::from_static(b"ping")),
    };
    let data = format!(r#"{{"choices":[{{"index":{choice},"delta":{{{delta}}},"finish_reason":{finish}}}]}}"#);
    let mut items = Item::read(Bytes::from_static(b"raw"), data.into()).unwrap();
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn change(kind: usize) -> EventChange {
    match kind {
        0..4 => EventChange::Pass,
        4 => EventChange::Hold,
        _ => EventChange::Drop,
    }
}

/// Which event of a choice is the first to be shown again, found by looking at that choice alone.
fn plainly(items: &[Item], changes: &[EventChange], choice: u32, overlap: usize) -> Option<usize> {
    let all: Vec<usize> = (0..items.len()).filter(|at| items[*at].is_of(choice)).collect();
    let mut last = &all[..];
    let text = loop {
        let mut text = OpenText::default();
        match last.iter().position(|at| text.take(items[*at].says()) == TextStep::Other) {
            Some(next) => last = &last[next..],
            None => break text,
        }
    };
    let (mut kept, mut from) = (0, None);
    for at in all.iter().rev().filter(|_| !text.is_over()) {
        if kept >= overlap || !last.contains(at) || !matches!(changes[*at], EventChange::Pass) {
            return from.filter(|_| !matches!(changes[*at], EventChange::Hold));
        }
        kept += items[*at].says().bytes();
        if kept > 0 && !items[*at].says().is_quiet() {
            from = Some(*at);
        }
    }
    from
}

proptest! {
    #[test]
    fn what_is_shown_again_of_a_choice_depends_on_no_other(
        events in prop::collection::vec((0..CHOICES, 0..8usize, 0..6usize), 0..24),
        overlap in 1..12usize,
    ) {
        let items: Vec<Item> = events.iter().map(|(choice, kind, _)| item(*choice, *kind)).collect();
        let changes = || events.iter().map(|(_, _, kind)| change(*kind)).collect::<Vec<_>>();
        let mut wanted: Vec<usize> =
            (0..CHOICES).filter_map(|choice| plainly(&items, &changes(), choice, overlap)).collect();
        wanted.sort_unstable();
        let again = |changes: &[EventChange]| {
            (0..changes.len()).filter(|at| matches!(changes[*at], EventChange::Again)).collect::<Vec<_>>()
        };
        prop_assert_eq!(again(&keep_tail(&items, changes(), overlap)), wanted);
        prop_assert!(again(&keep_tail(&items, changes(), 0)).is_empty());
    }
}
