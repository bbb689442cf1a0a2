#![allow(clippy::unwrap_used)]
use super::PendingWrite;
use bytes::Bytes;

fn text(pending: &PendingWrite) -> String {
    pending.slices().iter().map(|slice| String::from_utf8_lossy(slice).into_owned()).collect()
}

#[test]
fn what_is_left_is_what_did_not_go_out_however_often_some_of_it_does() {
    let (head, body) = (b"head", Bytes::from_static(b"body"));
    for first in 0..8 {
        let mut pending = PendingWrite::behind(head, body.clone(), first).unwrap();
        assert_eq!(text(&pending), "headbody"[first..]);
        for second in 0..=8 - first {
            let mut pending = PendingWrite::behind(head, body.clone(), first).unwrap();
            pending.advance(second);
            assert_eq!(text(&pending), "headbody"[first + second..]);
            assert_eq!(pending.is_empty(), first + second == 8);
        }
        pending.advance(usize::MAX);
        assert!(pending.is_empty(), "more than there is can not go out");
    }
    assert!(PendingWrite::behind(head, body, 8).is_none());
}
