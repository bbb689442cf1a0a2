use super::*;

#[test]
fn choices_are_told_in_the_order_in_which_they_begin_and_each_keeps_its_own() {
    let mut all = ByChoice::<Vec<char>>::default();
    for (choice, letter) in [(7, 'a'), (3, 'b'), (7, 'c'), (5, 'd'), (3, 'e'), (7, 'f')] {
        all.change(choice, |of| of.push(letter));
    }
    if let Some(of) = all.get_mut(5) {
        of.push('g');
    }
    let said: Vec<_> = all.iter().map(|(choice, of)| (choice, of.iter().collect::<String>())).collect();
    assert_eq!(said, [(7, "acf".to_owned()), (3, "be".to_owned()), (5, "dg".to_owned())]);
    assert_eq!((all.get(7), all.get(3), all.get(4)), (Some(&vec!['a', 'c', 'f']), Some(&vec!['b', 'e']), None));
    assert!(all.get_mut(0).is_none() && ByChoice::<u8>::default().get(0).is_none());
}

#[test]
fn a_set_has_what_was_added() {
    let mut choices = ChoiceSet::default();
    assert!(!choices.has(0));
    for choice in [2, 0, 2, 9] {
        choices.add(choice);
    }
    assert_eq!([0, 1, 2, 3, 9].map(|choice| choices.has(choice)), [true, false, true, false, true]);
    assert_eq!(choices.iter().count(), 3);
}
