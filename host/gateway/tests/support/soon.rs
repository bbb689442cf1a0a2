//! What comes to hold a moment after it was caused: a client has the last byte of its answer before the gateway has
//! counted it.

use std::time::{Duration, Instant};

/// Long enough for the slowest machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Tries until it holds, or the patience is over: for what happens in another process at a time of its own.
pub fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = holds() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Like `assert_eq!`, for what is counted: looks again, for as long as [`PATIENCE`], until both are equal.
macro_rules! soon_eq {
    ($left:expr, $right:expr $(,)?) => { soon_eq!($left, $right, "for as long as there is patience") };
    ($left:expr, $right:expr, $($message:tt)+) => {{
        let start = std::time::Instant::now();
        while $left != $right && start.elapsed() < crate::support::soon::PATIENCE {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!($left, $right, $($message)+);
    }};
}

/// Like `assert!`, for what is counted: looks again, for as long as [`PATIENCE`], until it holds.
macro_rules! soon {
    ($holds:expr $(,)?) => { soon!($holds, "{}", stringify!($holds)) };
    ($holds:expr, $($message:tt)+) => {{
        let start = std::time::Instant::now();
        // By a function: what is given may be a comparison, and `!` before one reads badly.
        while !std::convert::identity::<bool>($holds) && start.elapsed() < crate::support::soon::PATIENCE {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert!($holds, $($message)+);
    }};
}
