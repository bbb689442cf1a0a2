//! What the kernel is told to look after on each connection: it alone knows what was acknowledged, and it wakes nobody
//! while all is well.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use weir_config::ProviderConfig;

/// The shortest time in which more than one lost packet fits between the questions, which TCP asks by whole seconds.
const SHORTEST: Duration = Duration::from_secs(3);
/// So many questions are to stay unanswered before a connection is given up.
const QUESTIONS: u32 = 3;
/// So late the kernel's timers and this process may be, at most, for what follows from them to be counted on.
const LATE: Duration = Duration::from_millis(50);
/// So much earlier than by silence a connection ends by what was sent and not acknowledged: so the one can be told from
/// the other by its time.
const APART: Duration = Duration::from_millis(500);

/// What is asked of the kernel for each connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sockets {
    watch: Option<Watch>,
}

/// When a connection is given up.
///
/// `TCP_USER_TIMEOUT` ends it by what stays unacknowledged (RFC 5482), and stands in for the number of keep-alive's
/// questions as well: were it shorter than silence and all questions together, one lost packet would end a connection
/// that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Watch {
    /// Silence after which the other end is asked whether it is there,
    keep_alive: Duration,
    /// and asked again.
    interval: Duration,
    /// How long what was sent may stay without an acknowledgement.
    user_timeout: Duration,
    /// After so much silence a connection is given up on which everything was acknowledged.
    silence: Duration,
}

impl Watch {
    fn new(keep_alive: Duration, user_timeout: Duration, first_byte: Duration) -> Self {
        let most = user_timeout.min((first_byte / 2).max(SHORTEST));
        let keep_alive = seconds(keep_alive.min(most / 2));
        let rest = most.saturating_sub(keep_alive);
        let interval = seconds(rest / QUESTIONS);
        let questions = u32::try_from(rest.as_secs() / interval.as_secs().max(1)).unwrap_or(u32::MAX).max(1);
        let silence = keep_alive.saturating_add(interval.saturating_mul(questions));
        Self { keep_alive, interval, user_timeout: most.min(silence.saturating_sub(APART)), silence }
    }
}

/// Whole seconds, as the kernel takes them: no more than the time, and at least one.
fn seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs().max(1))
}

impl Sockets {
    pub(crate) fn of(provider: &ProviderConfig) -> Self {
        let first_byte = provider.first_byte(true);
        Self { watch: Some(Watch::new(provider.tcp_keep_alive, provider.tcp_user_timeout, first_byte)) }
    }

    /// Connects to one address.
    pub(crate) async fn open(self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_nodelay(true)?;
        if let Some(watch) = self.watch {
            let options = socket2::SockRef::from(&socket);
            let params = socket2::TcpKeepalive::new().with_time(watch.keep_alive).with_interval(watch.interval);
            options.set_tcp_keepalive(&params.with_retries(QUESTIONS))?;
            options.set_tcp_user_timeout(Some(watch.user_timeout))?;
        }
        socket.connect(address).await
    }

    /// Whether a connection that was found dead so long after something was put on it has not delivered it. If that was the
    /// last thing: had all of it been acknowledged, the kernel would have listened for longer. If others followed, it was
    /// not acknowledged in the time that the first of what was not had.
    pub(crate) fn is_undelivered(self, after: Duration, is_last: bool) -> bool {
        let within = |watch: Watch| if is_last { watch.silence } else { watch.user_timeout.saturating_add(LATE) };
        self.watch.is_some_and(|watch| after < within(watch))
    }
}

/// Whether this is how the kernel says that nobody is at the other end any more: it has waited in vain, or was told on
/// the way why (RFC 1122 section 4.2.3.9).
pub(crate) fn is_dead(why: io::ErrorKind) -> bool {
    matches!(
        why,
        io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

#[cfg(test)]
mod tests;
