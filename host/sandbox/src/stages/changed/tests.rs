use super::{ChangedChoices, Item, MOST};

/// An event of a choice that has tokens.
fn event(choice: u32) -> Item {
    let data = format!(r#"{{"choices":[{{"index":{choice},"delta":{{"content":"a"}},"logprobs":{{"content":[]}}}}]}}"#);
    Item::read(format!("data: {data}\n\n").into(), data.into()).unwrap().remove(0)
}

fn has_tokens(changed: &ChangedChoices, choice: u32) -> bool {
    let item = changed.behind(event(choice));
    let raw = std::str::from_utf8(&item.raw).unwrap();
    assert!(raw.contains(r#""content":"a""#) && raw.ends_with("\n\n"), "{raw}");
    !raw.contains(r#""logprobs":null"#)
}

#[test]
fn tokens_go_of_the_choices_that_were_changed_and_past_a_bound_of_all() {
    let mut changed = ChangedChoices::default();
    assert!(has_tokens(&changed, 0));
    changed.note(Some(1));
    changed.note(None);
    assert!(has_tokens(&changed, 0) && !has_tokens(&changed, 1));
    let most = u32::try_from(MOST).unwrap();
    (1..=most).for_each(|choice| changed.note(Some(choice)));
    assert!(has_tokens(&changed, most + 1) && !has_tokens(&changed, most));
    (0..2 * most).for_each(|choice| changed.note(Some(choice)));
    assert!(!has_tokens(&changed, 3 * most), "all of them");
    assert_eq!(changed.choices.len(), MOST + 1);
}
