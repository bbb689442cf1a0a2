//! Frames of HTTP/2: the same whatever pieces they arrive in.

use std::time::{Duration, Instant};

use weir_http::frames::{FloodGuard, FrameReader};

use crate::cut::{cut, pieces};
use crate::reference;

/// Any cutting tells of the frames that a plain reader finds in all of it; and an account of them never allows more than it
/// was opened for.
pub fn frames(data: &[u8]) {
    let (lengths, bytes) = cut(data);
    let expected = reference::frames(bytes);
    for lengths in [&[] as &[u8], lengths, &[1]] {
        let mut reader = FrameReader::default();
        let mut told = Vec::new();
        for piece in pieces(lengths, bytes) {
            reader.read(piece, |frame| told.push((frame.kind, frame.flags, frame.stream, frame.length, frame.data)));
        }
        assert_eq!(told, expected, "in pieces of {lengths:?}");
    }
    account(bytes);
}

fn account(bytes: &[u8]) {
    const MOST: u32 = 20;
    let now = Instant::now();
    let mut guard = FloodGuard::new(MOST, now);
    let (mut spent, mut filled) = (0_u32, 0_u32);
    FrameReader::default().read(bytes, |frame| {
        // Frames of odd streams are the client's, others are sent to it.
        if frame.stream % 2 == 0 {
            guard.sent(frame);
        } else if frame.kind == 1 {
            let made_up = guard.request();
            assert!(made_up <= MOST);
            if frame.flags & 1 == 0 { filled += made_up } else { guard.taken_back(made_up) }
        } else if guard.received(frame, || now + Duration::from_millis(999)).is_ok()
            && !matches!(frame.kind, 0 | 6 | 8)
            && !frame.is_ack()
        {
            spent += 1;
        }
    });
    assert!(spent <= MOST + filled, "{spent} frames that bring nothing were let through");
}
