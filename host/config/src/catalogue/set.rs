//! Words of the catalogue, and sets of them.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer};

/// One of at most 32 words of the catalogue.
pub trait CatalogWord: Copy + 'static {
    /// Every one of them, in the order of their bits.
    const ALL: &'static [Self];

    /// Its word in the catalogue.
    fn word(self) -> &'static str;

    /// Its place in [`ALL`](Self::ALL), from 0 to 31.
    fn place(self) -> u32;
}

/// Declares an enum of the catalogue with its words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        const _: () = assert!(<$name as CatalogWord>::ALL.len() <= 32);

        impl CatalogWord for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            fn place(self) -> u32 {
                self as u32
            }
        }
    };
}
pub(crate) use words;

/// A set of such words. Copied freely: it is as large as one number.
pub struct CatalogSet<T> {
    bits: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> CatalogSet<T> {
    /// Nothing at all.
    pub const NONE: Self = Self { bits: 0, of: PhantomData };

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// What is in both.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self { bits: self.bits & other.bits, of: PhantomData }
    }
}

impl<T: CatalogWord> CatalogSet<T> {
    /// The same with one more.
    #[must_use]
    pub fn with(self, one: T) -> Self {
        Self { bits: self.bits | 1 << one.place(), of: PhantomData }
    }

    /// Whether it is in it.
    #[must_use]
    pub fn has(self, one: T) -> bool {
        self.bits & (1 << one.place()) != 0
    }

    /// What is in it, in the order of [`CatalogWord::ALL`].
    pub fn iter(self) -> impl Iterator<Item = T> {
        T::ALL.iter().copied().filter(move |one| self.has(*one))
    }
}

impl<T: CatalogWord> FromIterator<T> for CatalogSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(words: I) -> Self {
        words.into_iter().fold(Self::NONE, Self::with)
    }
}

impl<'de, T: CatalogWord + Deserialize<'de>> Deserialize<'de> for CatalogSet<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::<T>::deserialize(from)?.into_iter().collect())
    }
}

impl<T: CatalogWord> fmt::Debug for CatalogSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(T::word)).finish()
    }
}

// By hand, for what is in a set need not be any of these.
impl<T> Clone for CatalogSet<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CatalogSet<T> {}

impl<T> Default for CatalogSet<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T> PartialEq for CatalogSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<T> Eq for CatalogSet<T> {}
