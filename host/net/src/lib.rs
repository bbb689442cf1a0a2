//! What both sides of the gateway have in common below HTTP: a byte stream that is plain or TLS, the block that is read
//! into, what a peer has still to take and whether it takes it, deadlines that hardly ever pass, and bounds on what is held at once.
//!
//! It speaks no protocol and reads no configuration: who uses it says how much, and until when. Nothing here takes a lock;
//! what workers share are atomics.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod lazy_timer;
mod limit;
mod memory;
mod pending_write;
mod read_buffers;
mod transport;
mod write_stall;

pub use lazy_timer::{LazyTimer, Timers};
pub use limit::{ConcurrencyLimit, InFlight};
pub use memory::{ByteShare, ByteTotal};
pub use pending_write::PendingWrite;
pub use read_buffers::{READ, READ_AHEAD, ReadBuffers};
pub use transport::{IdleState, Transport};
pub use write_stall::{LOOKS, WriteStall};
