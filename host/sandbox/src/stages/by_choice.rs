//! What is known of each choice of a stream.

use std::collections::BTreeMap;

/// Something of each choice, in the order in which they begin. Most streams have one choice, and then nothing is allocated;
/// there may be as many as there are events.
#[derive(Debug, Default)]
pub(super) struct ByChoice<T> {
    first: Option<(u32, T)>,
    others: Vec<(u32, T)>,
    /// Where among the others a choice stands.
    places: BTreeMap<u32, usize>,
}

impl<T: Default> ByChoice<T> {
    /// Changes what is known of a choice, which begins as nothing.
    pub(super) fn change(&mut self, choice: u32, change: impl FnOnce(&mut T)) {
        let (first, of) = self.first.get_or_insert_with(|| (choice, T::default()));
        if *first == choice {
            return change(of);
        }
        let at = *self.places.entry(choice).or_insert(self.others.len());
        if at == self.others.len() {
            self.others.push((choice, T::default()));
        }
        if let Some((_, of)) = self.others.get_mut(at) {
            change(of);
        }
    }
}

impl<T> ByChoice<T> {
    /// Each with what is known of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.first.iter().chain(&self.others).map(|(choice, of)| (*choice, of))
    }

    /// What is known of a choice, if anything is.
    pub(super) fn get(&self, choice: u32) -> Option<&T> {
        match &self.first {
            Some((first, of)) if *first == choice => Some(of),
            _ => self.others.get(*self.places.get(&choice)?).map(|(_, of)| of),
        }
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, choice: u32) -> Option<&mut T> {
        match &mut self.first {
            Some((first, of)) if *first == choice => Some(of),
            _ => self.others.get_mut(*self.places.get(&choice)?).map(|(_, of)| of),
        }
    }
}

/// A set of choices.
pub(super) type ChoiceSet = ByChoice<()>;

impl ChoiceSet {
    /// Takes one in.
    pub(super) fn add(&mut self, choice: u32) {
        self.change(choice, |()| {});
    }

    /// Whether one is in it.
    pub(super) fn has(&self, choice: u32) -> bool {
        self.get(choice).is_some()
    }
}

#[cfg(test)]
mod tests;
