use super::WriteStall;
use crate::transport::Transport;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::Instant;

const LONGEST: Duration = Duration::from_millis(200);

/// Two ends of a connection, of which the near one takes nothing more.
async fn full() -> (Transport, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = socket.listen(1).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap());
    let (near, far) = tokio::join!(near, listener.accept());
    let (near, far) = (Transport::Plain(near.unwrap()), far.unwrap().0);
    near.set_nodelay().unwrap();
    let piece = vec![0; 1 << 20];
    // What is written at first may still be on its way to the far end, and make room for more.
    let mut stuck = 0;
    while stuck < 10 {
        match near.try_write(&piece, &[]).unwrap() {
            0 => stuck += 1,
            _ => stuck = 0,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (near, far)
}

/// Until the other end has taken nothing for [`LONGEST`].
async fn lasts(near: &Transport, stall: &mut WriteStall) {
    poll_fn(|cx| if stall.has_lasted(LONGEST, near, cx) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[tokio::test]
async fn who_takes_nothing_is_found_out_and_not_before_the_time() {
    let (near, far) = full().await;
    assert!(near.untaken().unwrap() > 0);
    let (start, mut stall) = (Instant::now(), WriteStall::default());
    assert!(!stall.is_going_on());
    lasts(&near, &mut stall).await;
    assert!(start.elapsed() >= LONGEST && stall.is_going_on());
    drop(far);
}

#[tokio::test]
async fn who_takes_something_now_and_then_is_waited_for_and_no_longer() {
    let (near, mut far) = full().await;
    let (mut stall, mut some) = (WriteStall::default(), vec![0; 32 << 10]);
    let untaken = near.untaken().unwrap();
    for _ in 0..6 {
        // Less than the time passes before each, and more than it in all.
        let waits = tokio::time::timeout(LONGEST / 2, lasts(&near, &mut stall)).await;
        assert!(waits.is_err(), "given up");
        far.read_exact(&mut some).await.unwrap();
    }
    assert!(near.untaken().unwrap() < untaken);
    assert_eq!(near.try_write(b"x", b"").unwrap(), 0, "it can be written to: nothing was tried");
    lasts(&near, &mut stall).await;
    stall.end();
    assert!(!stall.is_going_on());
}
