//! `[limits]`: what one client, and all together, can make Weir hold, and for how long.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::keys::{CountKey, SizeKey, TimeKey, keys};
use crate::table::ConfigTable;
use crate::units::{LONGEST, SHORTEST};

/// What one request or answer may hold.
const ANY: RangeInclusive<u64> = 1..=1 << 30;
/// What all requests together may hold: as much as a machine may have.
const MEMORY: RangeInclusive<u64> = 1..=1 << 44;

keys! {
    /// `[limits]`: what one client, and all together, can make Weir hold, and for how long. None of them may be zero.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Limits(table), with defaults {
        /// `head`: bytes of a request's head; 32 KiB by default, and at least 8 KiB, which the HTTP/1 reader takes for its buffer.
        pub head_bytes: usize = 32 << 10 => "head" SizeKey(8 << 10..=1 << 20);
        /// `headers`: header fields of a request; 100 by default.
        pub headers: usize = 100 => "headers" CountKey(1..=1_000);
        /// `body`: bytes of a request's body; 32 MiB by default.
        pub body_bytes: usize = 32 << 20 => "body" SizeKey(ANY);
        /// `body_ratio`: how many times as large as it was sent a compressed body may become; 100 by default. Its first
        /// MiB may.
        pub body_ratio: usize = 100 => "body_ratio" CountKey(1..=10_000);
        /// `response`: bytes of a whole (not streamed) response; 32 MiB by default.
        pub response_bytes: usize = 32 << 20 => "response" SizeKey(ANY);
        /// `request_memory`: bytes of the bodies of all requests together; 256 MiB by default.
        pub request_memory: usize = 256 << 20 => "request_memory" SizeKey(MEMORY);
        /// `response_memory`: bytes of all whole responses together that clients have not taken yet; 256 MiB by default.
        pub response_memory: usize = 256 << 20 => "response_memory" SizeKey(MEMORY);
        /// `event`: bytes of one event of a stream; 8 MiB by default, for an image comes in one.
        pub event_bytes: usize = 8 << 20 => "event" SizeKey(ANY);
        /// `held`: bytes of text of one choice of a stream that a plugin may hold back; 64 KiB by default.
        pub held_bytes: usize = 64 << 10 => "held" SizeKey(ANY);
        /// `held_events`: bytes of all events of a stream that wait for a plugin; 16 MiB by default, for with `logprobs` an event
        /// of one word has some kilobytes, and there are up to 128 choices.
        pub held_events: usize = 16 << 20 => "held_events" SizeKey(ANY);
        /// Connections of clients at once; 10,000 by default.
        pub connections: usize = 10_000 => "connections" CountKey(1..=1_000_000);
        /// Requests being answered at once; 5,000 by default.
        pub in_flight: usize = 5_000 => "in_flight" CountKey(1..=1_000_000);
        /// `drains`: answers at once that are read to their end for clients that have left; 256 by default.
        pub drains: usize = 256 => "drains" CountKey(1..=1_000_000);
        /// `series`: combinations of labels for which each kind of figure by tenant is kept; 4,000 by default. Those that come
        /// later are counted together.
        pub series: usize = 4_000 => "series" CountKey(1..=1_000_000);
        /// `observe_waiting`: finished requests that wait on one worker for plugins to see them; 4,096 by default.
        pub observe_waiting: usize = 4_096 => "observe_waiting" CountKey(16..=1_000_000);
        /// `observe_memory`: bytes of all of these together, on all workers; 64 MiB by default.
        pub observe_memory: usize = 64 << 20 => "observe_memory" SizeKey(MEMORY);
        /// How long a request's head may take to arrive; 10 s by default.
        pub head_timeout: Duration = Duration::from_secs(10) => "head_timeout" TimeKey(SHORTEST..=LONGEST);
        /// How long a request's body may take to arrive; 30 s by default.
        pub body_timeout: Duration = Duration::from_secs(30) => "body_timeout" TimeKey(SHORTEST..=LONGEST);
        /// How long a connection may lie idle between requests; 75 s by default: longer than load balancers keep theirs, which
        /// would else send a request just when it is closed here.
        pub keep_alive_timeout: Duration = Duration::from_secs(75) => "keep_alive_timeout" TimeKey(SHORTEST..=LONGEST);
        /// How long a client may take no byte that is ready for it; 30 s by default.
        pub write_timeout: Duration = Duration::from_secs(30) => "write_timeout" TimeKey(SHORTEST..=LONGEST);
        /// Concurrent streams of one HTTP/2 connection (RFC 9113 section 5.1.2); 100 by default.
        pub h2_streams: u32 = 100 => "h2_streams" CountKey(1..=10_000);
        /// Further attempts for a hundred requests of one model, where the next one is not known to be well; 20 by
        /// default, 0 to 1,000.
        pub retry_budget: u32 = 20 => "retry_budget" CountKey(0..=1_000);
        /// Frames of one HTTP/2 connection at once that bring no request; 500 by default.
        pub h2_control_frames: u32 = 500 => "h2_control_frames" CountKey(100..=1_000_000);
    }
}

impl Limits {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let limits = Self::of(&table);
        let memory = [
            ("request_memory", limits.request_memory, "body", limits.body_bytes),
            ("response_memory", limits.response_memory, "response", limits.response_bytes),
        ];
        for (all, room, one, longest) in memory.into_iter().filter(|(_, room, _, longest)| longest > room) {
            // What can never fit would be refused as if it could in a moment.
            let what = format!("limits.{one} allows {longest} bytes, and all together may hold {room}");
            let fix = format!("make limits.{all} larger, or limits.{one} smaller");
            table.source.warn(&table.at.child(all, table.at.line), what, fix);
        }
        table.finish();
        limits
    }
}
