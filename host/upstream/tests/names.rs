//! Names and their addresses: what waits for a look-up, what does not, and what becomes of connections when a name moves.

use crate::support;

use crate::support::{Peer, ask, eventually, may_retry, poll_once, provider, send, text, was_sent, worker};
use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use weir_upstream::{ConnectionPool, HostNames, Resolver, Upstream};

/// A resolver that answers what it is told, and waits while it is told nothing.
#[derive(Debug, Clone, Default)]
struct Told(Arc<Mutex<Option<Result<Vec<SocketAddr>, io::ErrorKind>>>>);

impl Told {
    fn say(&self, answer: Result<&[SocketAddr], io::ErrorKind>) {
        *self.0.lock().unwrap() = Some(answer.map(<[SocketAddr]>::to_vec));
    }
}

impl Resolver for Told {
    fn look_up(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        loop {
            if let Some(answer) = self.0.lock().unwrap().clone() {
                return answer.map_err(io::Error::from);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// An upstream by name, and names that are being looked up.
fn named(told: &Told, change: impl FnOnce(&mut weir_config::ProviderConfig)) -> (HostNames, Arc<Upstream>) {
    let names = HostNames::new(Arc::new(told.clone()));
    let mut provider = provider("http://api.example");
    change(&mut provider);
    let up = Upstream::new(&provider, None, &names).unwrap();
    let keep = names.clone();
    tokio::task::spawn_local(async move { keep.keep().await });
    (names, up)
}

/// Listens on an address of this machine and answers each request with `name` and the connection's number.
async fn answers(name: &'static str) -> SocketAddr {
    listens(move |number, mut peer| async move {
        while peer.request().await.is_some() {
            peer.ok(&format!("{name}{number}")).await;
        }
    })
    .await
}

async fn listens<F: Future<Output = ()> + 'static>(serve: impl Fn(usize, Peer) -> F + 'static) -> SocketAddr {
    support::raw(serve).await
}

/// An address that neither accepts a connection nor refuses it: what holds it must be kept.
async fn silent() -> (SocketAddr, TcpListener, Vec<tokio::net::TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = vec![];
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), tokio::net::TcpStream::connect(address)).await
    {
        held.push(stream);
    }
    (address, listener, held)
}

async fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[test]
fn a_request_waits_for_the_first_look_up_and_is_then_answered() {
    worker(async {
        let told = Told::default();
        let (_names, up) = named(&told, |_| {});
        let pool = ConnectionPool::new(1);
        assert!(!up.healthy() && up.addresses() == (0, 0));
        let mut asking = Box::pin(ask(&pool, &up, "{}"));
        assert!(poll_once(asking.as_mut()).await.is_none());
        told.say(Ok(&[answers("a").await]));
        assert_eq!(asking.await, "a0");
        assert!(up.healthy() && up.addresses() == (1, 0) && up.trouble().is_empty());
    });
}

#[test]
fn a_look_up_that_takes_longer_than_connecting_may_fails_the_request_and_not_the_upstreams_others() {
    worker(async {
        let told = Told::default();
        let (_names, up) = named(&told, |provider| provider.connect_timeout = Duration::from_millis(50));
        let pool = ConnectionPool::new(1);
        let error = send(&pool, &up, "{}").await.unwrap_err();
        assert_eq!((error.kind(), may_retry(&error), was_sent(&error)), ("unresolved", true, false));
        told.say(Ok(&[answers("a").await]));
        eventually("it is found", || up.healthy()).await;
        assert_eq!(ask(&pool, &up, "{}").await, "a0");
    });
}

#[test]
fn a_name_that_is_not_found_is_said_fails_at_once_and_keeps_the_addresses_it_had() {
    worker(async {
        let told = Told::default();
        told.say(Err(io::ErrorKind::NotFound));
        let (names, up) = named(&told, |_| {});
        let pool = ConnectionPool::new(1);
        assert_eq!(send(&pool, &up, "{}").await.unwrap_err().kind(), "unresolved");
        assert!(!up.healthy() && up.trouble()[0].contains("api.example does not resolve"));
        told.say(Ok(&[answers("a").await]));
        names.refresh();
        eventually("it is found", || up.healthy() && up.trouble().is_empty()).await;
        told.say(Err(io::ErrorKind::NotFound));
        names.refresh();
        eventually("it is said", || !up.trouble().is_empty()).await;
        assert!(up.healthy());
        assert_eq!(ask(&pool, &up, "{}").await, "a0");
    });
}

#[test]
fn upstreams_at_one_host_share_what_is_known_of_it() {
    worker(async {
        let told = Told::default();
        told.say(Ok(&[answers("a").await]));
        let (names, up) = named(&told, |_| {});
        eventually("it is found", || up.healthy()).await;
        *told.0.lock().unwrap() = None;
        // As at a reload: the new one must not wait for a look-up.
        let mut changed = provider("http://api.example/v2");
        changed.retries = 7;
        let after = Upstream::new(&changed, None, &names).unwrap();
        drop(up);
        assert!(after.healthy());
        assert_eq!(ask(&ConnectionPool::new(1), &after, "{}").await, "a0");
    });
}

#[test]
fn a_dead_first_address_costs_the_first_connection_a_quarter_of_a_second_and_the_next_ones_nothing() {
    worker(async {
        let (dead, _listener, _held) = silent().await;
        let told = Told::default();
        told.say(Ok(&[dead, answers("a").await]));
        let (_names, up) = named(&told, |provider| provider.connect_timeout = Duration::from_secs(10));
        let start = std::time::Instant::now();
        assert_eq!(ask(&ConnectionPool::new(1), &up, "{}").await, "a0");
        assert!(start.elapsed() >= Duration::from_millis(250), "the first address was not waited for");
        // Of the next connections none tries the dead one before the other: all are there before it could be passed over.
        let pools: Vec<_> = (0..20).map(|_| ConnectionPool::new(1)).collect();
        let start = std::time::Instant::now();
        for (n, pool) in pools.iter().enumerate() {
            assert_eq!(ask(pool, &up, "{}").await, format!("a{}", n + 1));
        }
        assert!(start.elapsed() < Duration::from_secs(4), "each waited: {:?}", start.elapsed());
    });
}

#[test]
fn addresses_that_refuse_are_counted_passed_over_and_found_again() {
    worker(async {
        let (refuses, told) = (refusing().await, Told::default());
        told.say(Ok(&[refuses, answers("a").await]));
        let (_names, up) = named(&told, |_| {});
        assert_eq!(ask(&ConnectionPool::new(1), &up, "{}").await, "a0");
        assert_eq!(up.addresses(), (2, 1));
    });
}

#[test]
fn when_a_name_moves_no_new_request_goes_to_the_old_address_and_those_under_way_come_to_their_end() {
    worker(async {
        let (go, closed) = (Rc::new(Notify::new()), Rc::new(Cell::new(0)));
        let (gate, count) = (go.clone(), closed.clone());
        let old = listens(move |_, mut peer| {
            let (gate, count) = (gate.clone(), count.clone());
            async move {
                while let Some(request) = peer.request().await {
                    if request.ends_with("slow") {
                        gate.notified().await;
                    }
                    peer.ok("old").await;
                }
                count.set(count.get() + 1);
            }
        })
        .await;
        let told = Told::default();
        told.say(Ok(&[old]));
        let (names, up) = named(&told, |_| {});
        let (pool, slow) = (Rc::new(ConnectionPool::new(1)), Rc::new(ConnectionPool::new(1)));
        assert_eq!(ask(&pool, &up, "{}").await, "old");
        let (p, u) = (slow.clone(), up.clone());
        let under_way = tokio::task::spawn_local(async move { ask(&p, &u, "slow").await });
        eventually("it is under way", || up.stats().open() == 2).await;
        told.say(Ok(&[answers("new").await]));
        names.refresh();
        eventually("the old address is gone", || {
            pool.close_idle();
            closed.get() == 1
        })
        .await;
        for _ in 0..5 {
            assert_eq!(ask(&pool, &up, "{}").await, "new0");
        }
        go.notify_one();
        assert_eq!(under_way.await.unwrap(), "old");
        assert_eq!(ask(&slow, &up, "{}").await, "new1");
        eventually("no connection is left there", || closed.get() == 2).await;
    });
}

#[test]
fn an_address_that_stays_keeps_its_connections() {
    worker(async {
        let (stays, told) = (answers("a").await, Told::default());
        told.say(Ok(&[stays]));
        let (names, up) = named(&told, |_| {});
        let pool = ConnectionPool::new(1);
        assert_eq!(ask(&pool, &up, "{}").await, "a0");
        told.say(Ok(&[refusing().await, stays]));
        names.refresh();
        eventually("the new address is known", || up.addresses().0 == 2).await;
        pool.close_idle();
        assert_eq!(ask(&pool, &up, "{}").await, "a0");
        assert_eq!(up.stats().created(), 1);
    });
}

#[test]
fn a_connection_takes_new_requests_for_so_long_and_no_longer() {
    worker(async {
        let told = Told::default();
        told.say(Ok(&[answers("a").await]));
        let (_names, up) = named(&told, |provider| provider.max_connection_age = Duration::from_millis(200));
        let (pool, start) = (ConnectionPool::new(1), std::time::Instant::now());
        let mut last = String::new();
        while last != "a3" {
            last = ask(&pool, &up, "{}").await;
        }
        // Each of the three before lived for three quarters of the age at least.
        assert!(start.elapsed() >= Duration::from_millis(450), "{:?}", start.elapsed());
        assert!(up.stats().requests() > up.stats().created());
        eventually("an idle one is closed by its age", || {
            pool.close_idle();
            up.stats().open() == 0
        })
        .await;
        let response = send(&pool, &up, "{}").await.unwrap();
        assert_eq!(text(response).await.unwrap(), "a4");
    });
}
