//! What is looked for, and what was found.

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Email,
    Phone,
    Card,
    Iban,
}

pub(crate) const KINDS: [(&str, Kind); 4] =
    [("email", Kind::Email), ("phone", Kind::Phone), ("card", Kind::Card), ("iban", Kind::Iban)];

/// What is looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kinds {
    pub(crate) email: bool,
    pub(crate) phone: bool,
    pub(crate) card: bool,
    pub(crate) iban: bool,
}

impl Kinds {
    pub(crate) fn is_empty(self) -> bool {
        !(self.email || self.phone || self.card || self.iban)
    }

    pub(crate) fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Email => self.email = true,
            Kind::Phone => self.phone = true,
            Kind::Card => self.card = true,
            Kind::Iban => self.iban = true,
        }
    }
}

/// One that was found, in bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What is to be said about one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing begins here, whatever follows.
    No,
    /// This is one, whatever follows.
    Is(Found),
    /// It depends on what follows; what is open begins at this byte.
    Open(usize),
}
