//! From a provider's URL to a connection that speaks HTTP: names and their addresses, the race among these, TLS, and what
//! the kernel is told to look after.

pub(crate) mod address;
pub(crate) mod connect;
pub(crate) mod name;
pub(crate) mod names;
pub(crate) mod path;
pub(crate) mod public;
pub(crate) mod race;
pub(crate) mod sockets;
pub(crate) mod tls;
pub(crate) mod trouble;
