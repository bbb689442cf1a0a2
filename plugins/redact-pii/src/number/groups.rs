//! Groups of digits, as they stand in a text.

/// No phone number has more groups, and no card.
pub(super) const MOST_GROUPS: usize = 8;

/// What stands before a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// It is the first.
    None,
    Space,
    Hyphen,
    /// A dot, a slash or a parenthesis, with or without a space: phone numbers only.
    Other,
}

/// A group of digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) digits: &'a str,
    pub(super) gap: Gap,
    /// Where a match that has this group as its last would end, if one may end here.
    pub(super) end: Option<usize>,
}

/// The groups of a number as far as it could be read. On the stack: every figure of a table is looked at.
pub(super) struct Groups<'a> {
    pub(super) list: [Group<'a>; MOST_GROUPS],
    pub(super) count: usize,
}

impl<'a> Groups<'a> {
    pub(super) fn push(&mut self, group: Group<'a>) {
        if let Some(place) = self.list.get_mut(self.count) {
            *place = group;
            self.count += 1;
        }
    }

    pub(super) fn read(&self) -> &[Group<'a>] {
        self.list.get(..self.count).unwrap_or_default()
    }
}
