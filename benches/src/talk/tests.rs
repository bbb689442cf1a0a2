use bytes::Bytes;

use super::*;
use crate::mock;
use crate::provider::{Act, FakeProvider, Request, answer};
use crate::stamp::RequestStamp;

const PATIENCE: Duration = Duration::from_secs(30);

fn hear(script: impl Fn(&Request) -> Vec<Act> + Send + Sync + 'static, stream: bool, manner: Manner) -> Heard {
    let provider = FakeProvider::start(script).unwrap();
    let body = body("m", stream, RequestStamp { run: 1, number: 2 }, 100);
    let head = head(provider.address, "k", body.len());
    let talk =
        Talk { to: provider.address, head: &head, body: &body, stream, http2: false, manner, patience: PATIENCE };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(talk.hear())
}

fn send(bytes: &'static [u8]) -> Act {
    Act::Send(Bytes::from_static(bytes))
}

#[test]
fn an_answer_is_whole_by_its_framing_and_a_stream_by_its_end_too() {
    for manner in [Manner::Patient, Manner::Slow { piece: 7, pause: Duration::ZERO }] {
        let whole = hear(|_| vec![Act::Send(answer::whole("yes"))], false, manner);
        assert_eq!((whole.status, whole.ended), (Some(200), TalkEnd::Whole));
        assert!(String::from_utf8(whole.body).unwrap().contains("\"yes\""));
        let stream = |end: Bytes| {
            move |_: &Request| {
                vec![Act::Send(answer::stream_head()), Act::Send(answer::event("yes")), Act::Send(end.clone())]
            }
        };
        assert_eq!(hear(stream(answer::stream_end()), true, manner).ended, TalkEnd::Whole);
        assert_eq!(hear(stream(answer::last_chunk()), true, manner).ended, TalkEnd::LooksWhole);
    }
}

#[test]
fn what_breaks_off_is_cut_and_what_never_began_is_silent() {
    let half = |_: &Request| vec![send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), Act::Close];
    let cut = hear(half, false, Manner::Patient);
    assert_eq!((cut.status, cut.ended, cut.bytes), (Some(200), TalkEnd::Cut, 4));
    let silent = hear(|_| vec![Act::Close], false, Manner::Patient);
    assert_eq!((silent.status, silent.ended), (None, TalkEnd::Silent));
    assert_eq!(hear(|_| vec![send(b"220 mail\r\n\r\n"), Act::Hang], false, Manner::Patient).ended, TalkEnd::NotHttp);
}

#[test]
fn who_leaves_has_seen_as_much_as_it_says() {
    let after = Manner::LeavesAfter(Duration::from_millis(20));
    let nothing = hear(|_| vec![Act::Hang], true, after);
    assert_eq!((nothing.status, nothing.ended), (None, TalkEnd::Left));
    let head = |_: &Request| vec![Act::Send(answer::stream_head()), Act::Send(answer::event("a")), Act::Hang];
    let some = hear(head, true, Manner::LeavesAt(150));
    assert_eq!((some.status, some.ended), (Some(200), TalkEnd::Left));
    let upload = hear(|_| vec![Act::Hang], true, Manner::LeavesInUpload(3));
    assert_eq!((upload.status, upload.ended), (None, TalkEnd::Left));
    let long = |_: &Request| vec![Act::Send(answer::whole(&"x".repeat(16 << 20)))];
    let full = hear(long, false, Manner::LeavesFull);
    assert_eq!((full.status, full.ended), (Some(200), TalkEnd::Left));
    assert!(full.bytes < 1 << 20);
}

#[test]
fn the_upstream_and_the_number_of_an_answer_are_read() {
    let stamp = String::from_utf8(RequestStamp { run: 3, number: 4 }.text().to_vec()).unwrap();
    let said = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Weir-Upstream: a/b\r\ncontent-length: {}\r\n\r\n{stamp}",
        stamp.len()
    );
    let said = Bytes::from(said);
    let heard = hear(move |_| vec![Act::Send(said.clone())], false, Manner::Patient);
    assert_eq!((heard.upstream.as_deref(), heard.stamp()), (Some("a/b"), Some(RequestStamp { run: 3, number: 4 })));
}

#[test]
fn the_same_is_seen_over_http2() {
    let shape = mock::ReplyShape { delay: Duration::ZERO, gap: Duration::ZERO, tokens: 24, reply_bytes: 4 << 20 };
    let listen = "127.0.0.1:0".parse().unwrap();
    let (to, _) = mock::start(&mock::MockArgs { listen, threads: 1, shape, until_stdin_ends: false }).unwrap();
    let hear = |stream, manner| {
        let body = body("m", stream, RequestStamp { run: 1, number: 2 }, 100);
        let head = head(to, "k", body.len());
        let talk = Talk { to, head: &head, body: &body, stream, http2: true, manner, patience: PATIENCE };
        tokio::runtime::LocalRuntime::new().unwrap().block_on(talk.hear())
    };
    let whole = hear(false, Manner::Patient);
    assert_eq!((whole.status, whole.ended, whole.bytes), (Some(200), TalkEnd::Whole, 4 << 20));
    let stream = hear(true, Manner::Slow { piece: 1, pause: Duration::from_millis(1) });
    assert_eq!((stream.status, stream.ended), (Some(200), TalkEnd::Whole));
    for manner in [Manner::LeavesAt(1_000), Manner::LeavesFull] {
        let left = hear(false, manner);
        assert_eq!((left.status, left.ended), (Some(200), TalkEnd::Left), "{manner:?}");
        assert!(left.bytes < 4 << 20, "{manner:?}");
    }
}
