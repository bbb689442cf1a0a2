//! Whether the other end takes anything, while nothing more can be written to it.
//!
//! That a socket cannot be written to does not say so: it can again only once about a third of what the kernel keeps for
//! it was taken, and that may be megabytes. So the kernel is asked whether any of it was.

use std::task::Context;
use std::time::Duration;

use tokio::time::Instant;

use crate::lazy_timer::LazyTimer;
use crate::transport::Transport;

/// So often in the time that a stall may last the kernel is asked; so much later, at most, who stops is found out.
pub const LOOKS: u32 = 4;

/// The time in which nothing can be written. The default is that something can.
#[derive(Debug, Default)]
pub struct WriteStall {
    timer: LazyTimer,
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    /// Nothing is known to have been taken since then.
    since: Instant,
    look_at: Instant,
    /// What was untaken at the latest look.
    untaken: Option<u64>,
}

impl WriteStall {
    /// Something was written, or all of it.
    pub fn end(&mut self) {
        self.begun = None;
    }

    /// Whether nothing can be written now, as far as was told.
    #[must_use]
    pub fn is_going_on(&self) -> bool {
        self.begun.is_some()
    }

    /// Nothing can be written now: whether the other end has taken nothing for `longest`, or up to a [part](LOOKS) of it more.
    /// If not, the task is woken to look again. The kernel is asked at these times alone.
    pub fn has_lasted(&mut self, longest: Duration, stream: &Transport, cx: &mut Context<'_>) -> bool {
        let between = longest / LOOKS;
        let begun = self.begun.get_or_insert_with(|| {
            let since = Instant::now();
            Begun { since, look_at: since + between, untaken: None }
        });
        while self.timer.has_passed(begun.look_at.min(begun.since + longest), cx) {
            let (now, untaken) = (Instant::now(), stream.untaken());
            // The first look has nothing to compare with.
            let is_less = |now: u64| begun.untaken.is_none_or(|before| now < before);
            if untaken.is_some_and(is_less) {
                begun.since = now;
            } else if now >= begun.since + longest {
                return true;
            }
            (begun.untaken, begun.look_at) = (untaken, now + between);
        }
        false
    }
}

#[cfg(test)]
mod tests;
