//! Keys of the file: what they are read into, and what is told of them.
//!
//! [`keys!`] makes of a table of keys everything that there is to them: the struct, its defaults, how it is read, and what is
//! told when two configurations differ. So a key stands once, and its difference cannot be forgotten.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::table::ConfigTable;
use crate::told::{Tell, ToldTable};
use crate::units::{show_duration, show_size};

/// A kind of key: how one is read, and what is told of its value. One stands beside each key in [`keys!`].
pub(crate) trait ConfigKey<T> {
    /// What a table says under the key; `default` where it says nothing, or nothing that can be taken.
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: T) -> T;

    /// Tells what the key says.
    fn tell(value: &T, key: &str, told: &mut ToldTable);
}

/// Makes of a table of keys a struct, how it is read (`of`), and what is told of it.
///
/// A field is written `name: Type = default => "key" Kind(…);`, where `Kind` is a [`ConfigKey`]; one that no key of its own
/// stands behind is `name: Type = value;`. Behind the struct's name come the table and what else reading it needs; each
/// field may refer to these and to those before it. `, with defaults` makes the values the struct's `Default` as well.
macro_rules! keys {
    (@value $table:ident, $value:expr) => { $value };
    (@value $table:ident, $value:expr, $key:literal $kind:ident($($bound:tt)*)) => {
        $crate::keys::ConfigKey::read($kind($($bound)*), $table, $key, $value)
    };
    (@defaults $name:ident {
        $(
            $(#[$doc:meta])*
            $field_vis:vis $field:ident: $type:ty = $value:expr $(=> $key:literal $kind:ident($($bound:tt)*))?;
        )*
    }) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $value,)* }
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident($($given:tt)*), with defaults { $($fields:tt)* }
    ) => {
        keys! {
            $(#[$meta])*
            $vis struct $name($($given)*) { $($fields)* }
        }
        keys! { @defaults $name { $($fields)* } }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident($table:ident $(, $given:ident: $given_type:ty)*) {
            $(
                $(#[$doc:meta])*
                $field_vis:vis $field:ident: $type:ty = $value:expr $(=> $key:literal $kind:ident($($bound:tt)*))?;
            )*
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$doc])* $field_vis $field: $type,)*
        }

        impl $name {
            /// Reads every key, whatever else the table holds.
            pub(crate) fn of($table: &$crate::table::ConfigTable<'_> $(, $given: $given_type)*) -> Self {
                $(let $field: $type = keys!(@value $table, $value $(, $key $kind($($bound)*))?);)*
                Self { $($field,)* }
            }
        }

        impl $crate::told::Tell for $name {
            fn tell(&self, told: &mut $crate::told::ToldTable) {
                use $crate::keys::ConfigKey as _;
                $($($kind::tell(&self.$field, $key, told);)?)*
            }
        }
    };
}
pub(crate) use keys;

/// A number within a range.
pub(crate) struct CountKey<N>(pub(crate) RangeInclusive<N>);

impl<N: Copy + PartialOrd + Display + TryFrom<i64>> ConfigKey<N> for CountKey<N> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: N) -> N {
        table.whole(key, default, self.0)
    }

    fn tell(value: &N, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

/// A size in bytes within a range.
pub(crate) struct SizeKey(pub(crate) RangeInclusive<u64>);

impl ConfigKey<usize> for SizeKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: usize) -> usize {
        table.size(key, default, self.0)
    }

    fn tell(value: &usize, key: &str, told: &mut ToldTable) {
        told.open(key, show_bytes(*value));
    }
}

impl ConfigKey<u64> for SizeKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: u64) -> u64 {
        table.value(key).and_then(|value| value.size(self.0)).unwrap_or(default)
    }

    fn tell(value: &u64, key: &str, told: &mut ToldTable) {
        told.open(key, show_size(*value));
    }
}

/// A size in memory, the short way.
pub(crate) fn show_bytes(bytes: usize) -> String {
    show_size(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// A duration within a range.
pub(crate) struct TimeKey(pub(crate) RangeInclusive<Duration>);

impl ConfigKey<Duration> for TimeKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Duration) -> Duration {
        table.duration(key, default, self.0)
    }

    fn tell(value: &Duration, key: &str, told: &mut ToldTable) {
        told.open(key, show_duration(*value));
    }
}

/// True or false.
pub(crate) struct FlagKey();

impl ConfigKey<bool> for FlagKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: bool) -> bool {
        table.flag(key, default)
    }

    fn tell(value: &bool, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

/// A limit that may be left out: none means unlimited.
pub(crate) struct LimitKey();

impl ConfigKey<Option<u32>> for LimitKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<u32>) -> Option<u32> {
        table.limit(key).or(default)
    }

    fn tell(value: &Option<u32>, key: &str, told: &mut ToldTable) {
        told.open(key, value.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string()));
    }
}

/// What is one of a few words in the file.
pub(crate) trait OneOfWords: Copy + PartialEq + 'static {
    /// Every word, and what it stands for.
    const WORDS: &'static [(&'static str, Self)];

    /// The word for it.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, one)| *one == self).map_or("", |(word, _)| word)
    }
}

/// One of a few words.
pub(crate) struct WordKey();

impl<T: OneOfWords> ConfigKey<T> for WordKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: T) -> T {
        table.choice(key, default, T::WORDS)
    }

    fn tell(value: &T, key: &str, told: &mut ToldTable) {
        told.open(key, value.word());
    }
}

/// A table within this one.
pub(crate) struct TableKey<T>(pub(crate) fn(ConfigTable<'_>) -> T);

impl<T: Tell> ConfigKey<T> for TableKey<T> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, _: T) -> T {
        (self.0)(table.table(key))
    }

    fn tell(value: &T, key: &str, told: &mut ToldTable) {
        told.within(key, value);
    }
}

/// Further keys of the same table, which stand together in a struct of their own. Its key is not one of the file.
pub(crate) struct FurtherKeys<T>(pub(crate) fn(&ConfigTable<'_>) -> T);

impl<T: Tell> ConfigKey<T> for FurtherKeys<T> {
    fn read(self, table: &ConfigTable<'_>, _: &'static str, _: T) -> T {
        (self.0)(table)
    }

    fn tell(value: &T, _: &str, told: &mut ToldTable) {
        value.tell(told);
    }
}
