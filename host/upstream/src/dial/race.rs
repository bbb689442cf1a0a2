//! From addresses to a TCP connection: one after the other, and no longer one at a time (RFC 8305).

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// So long an address is waited for alone before the next one is tried as well (RFC 8305 section 5).
pub(crate) const NEXT_AFTER: Duration = Duration::from_millis(250);

/// Why no address accepted a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreached {
    /// There is none.
    Nowhere,
    /// All that were tried have failed, the last one for this reason.
    Failed(io::ErrorKind),
    /// The time is up.
    TimedOut,
}

/// An attempt that has not ended.
pub(crate) struct Trying<F> {
    /// Which of the addresses.
    pub(crate) index: usize,
    pub(crate) since: Instant,
    pub(crate) opening: Pin<Box<F>>,
}

/// Opens a connection to the first of `addresses` that accepts one until `end`. The next one is tried when those before
/// it have failed or have been silent for [`NEXT_AFTER`]; `failed` hears of each that fails. With the connection come the
/// index of its address and the attempts that were still under way: dropping them ends them.
pub(crate) async fn dial<S, F: Future<Output = io::Result<S>>>(
    addresses: &[SocketAddr],
    end: Instant,
    open: impl Fn(SocketAddr) -> F,
    mut failed: impl FnMut(usize, io::ErrorKind),
) -> Result<(usize, S, Vec<Trying<F>>), Unreached> {
    let mut race = Race { addresses, open, next: 0, trying: Vec::new(), last: Unreached::Nowhere };
    let mut pause = pin!(sleep_until(Instant::now()));
    let mut time = pin!(sleep_until(end));
    let won = poll_fn(|cx| match race.poll(&mut failed, pause.as_mut(), cx) {
        Poll::Pending => time.as_mut().poll(cx).map(|()| Err(Unreached::TimedOut)),
        ended => ended,
    });
    match won.await {
        Ok((index, stream)) => Ok((index, stream, race.trying)),
        Err(why) => {
            race.trying.iter().for_each(|trying| failed(trying.index, io::ErrorKind::TimedOut));
            Err(why)
        }
    }
}

struct Race<'a, O, F> {
    addresses: &'a [SocketAddr],
    open: O,
    /// Which address is the next to be tried.
    next: usize,
    trying: Vec<Trying<F>>,
    last: Unreached,
}

impl<S, O: Fn(SocketAddr) -> F, F: Future<Output = io::Result<S>>> Race<'_, O, F> {
    /// `pause` ends when the next address may be tried beside those that are under way.
    fn poll(
        &mut self,
        failed: &mut impl FnMut(usize, io::ErrorKind),
        mut pause: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(usize, S), Unreached>> {
        loop {
            let mut at = 0;
            while let Some(trying) = self.trying.get_mut(at) {
                match trying.opening.as_mut().poll(cx) {
                    Poll::Pending => at = at.saturating_add(1),
                    Poll::Ready(Ok(stream)) => {
                        let won = self.trying.remove(at);
                        return Poll::Ready(Ok((won.index, stream)));
                    }
                    Poll::Ready(Err(error)) => {
                        let lost = self.trying.remove(at);
                        failed(lost.index, error.kind());
                        self.last = Unreached::Failed(error.kind());
                    }
                }
            }
            let Some(address) = self.addresses.get(self.next) else {
                return if self.trying.is_empty() { Poll::Ready(Err(self.last)) } else { Poll::Pending };
            };
            if !self.trying.is_empty() && pause.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let since = Instant::now();
            self.trying.push(Trying { index: self.next, since, opening: Box::pin((self.open)(*address)) });
            self.next = self.next.saturating_add(1);
            pause.as_mut().reset(since.checked_add(NEXT_AFTER).unwrap_or(since));
        }
    }
}

#[cfg(test)]
mod tests;
