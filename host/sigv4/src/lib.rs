//! AWS' Signature Version 4, as Bedrock takes it: a request is signed ([`sign`]), and one that somebody signed is checked
//! ([`verify`]), by one canonical form of it.
//!
//! Pure: the time is handed in, and nothing is read or dialled. The service is always `bedrock`, whose paths are encoded twice
//! in the canonical form, as those of every service but S3 are. Queries that carry a signature, and bodies that are signed in
//! chunks, are not taken: no client of Bedrock's makes them.
//!
//! By hand over `ring`, which TLS has in the tree already. The vendor's own crate (`aws-sigv4`) would add sixteen packages to
//! the tree for the half that signs, and has nothing for the half that checks; what is signed here is held against what the
//! vendor's SDK for Python signs (`tests/vectors.json`).
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod canonical;
mod claim;
mod error;
mod identity;
mod key;
mod sign;
mod time;
mod verify;

pub use claim::claimed_key_id;
pub use error::SigV4Error;
pub use identity::SigningIdentity;
pub use sign::sign;
pub use verify::{SKEW, verify};
