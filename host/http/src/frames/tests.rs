use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;

fn bytes(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn frame(kind: u8, flags: u8, length: u32) -> Frame {
    Frame { kind, flags, stream: 0, length, data: length }
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, bool) {
    let (mut reader, mut frames) = (FrameReader::default(), vec![]);
    for piece in pieces {
        reader.read(piece, |frame| frames.push(*frame));
    }
    (frames, reader.is_between())
}

#[test]
fn frames_are_told_of_with_their_lengths_however_they_come() {
    let all = [
        bytes(kind::SETTINGS, 0, 0, &[0; 6]),
        bytes(kind::SETTINGS, ACK, 0, &[]),
        bytes(kind::HEADERS, 4, 1, b"head"),
        bytes(kind::DATA, 0, 1, b"data"),
        bytes(kind::DATA, 1, 0x8000_0001, b""),
        bytes(kind::PING, 0, 0, &[0; 8]),
    ]
    .concat();
    let (frames, between) = read([all.as_slice()]);
    let told: Vec<_> = frames.iter().map(|f| (f.kind, f.stream, f.length, f.is_ack())).collect();
    assert_eq!(
        told,
        [(4, 0, 6, false), (4, 0, 0, true), (1, 1, 4, false), (0, 1, 4, false), (0, 1, 0, false), (6, 0, 8, false)]
    );
    assert!(between);
    assert_eq!(read(all.chunks(1)), (frames, true));
    assert!(!read([&all[..all.len() - 1]]).1 && !read([&all[..3]]).1);
}

#[test]
fn padding_is_no_data() {
    for (payload, data) in
        [(&b"\x00abc"[..], 3), (b"\x02abc", 1), (b"\x03abc", 0), (b"\xffabc", 0), (b"\x00", 0), (b"", 0)]
    {
        let padded = bytes(kind::DATA, PADDED, 1, payload);
        let (frames, between) = read([padded.as_slice()]);
        assert_eq!((frames[0].data, between), (data, true), "{payload:?}");
        assert_eq!(read(padded.chunks(1)).0, frames);
    }
}

proptest! {
    #[test]
    fn how_bytes_are_cut_up_changes_nothing(bytes in prop::collection::vec(0_u8..12, 0..200), cut in 1..20_usize) {
        prop_assert_eq!(read(bytes.chunks(cut)), read([bytes.as_slice()]));
    }
}

/// How many of these frames a new connection may send.
fn lasts(frames: impl IntoIterator<Item = Frame>) -> usize {
    let now = Instant::now();
    let mut guard = FloodGuard::new(500, now);
    frames.into_iter().take(100_000).take_while(|frame| guard.received(frame, || now).is_ok()).count()
}

#[test]
fn what_brings_no_request_ends_soon_whatever_it_is() {
    let padding = Frame { data: 0, ..frame(kind::DATA, PADDED, 200) };
    let frames = [
        frame(kind::SETTINGS, 0, 0),
        frame(kind::SETTINGS, ACK, 0),
        frame(kind::PING, 0, 8),
        frame(kind::PING, ACK, 8),
        frame(PRIORITY, 0, 5),
        frame(RST_STREAM, 0, 4),
        frame(kind::WINDOW_UPDATE, 0, 4),
        frame(kind::DATA, 0, 0),
        padding,
        frame(kind::HEADERS, 0, 10),
        frame(CONTINUATION, 0, 0),
        frame(CONTINUATION, 0, 16_000),
        frame(kind::GOAWAY, 0, 8),
        frame(0x10, 0, 5),
        frame(0xff, 0xff, 0),
    ];
    for frame in frames {
        assert_eq!(lasts(std::iter::repeat(frame)), 500, "{frame:?}");
    }
    assert_eq!(lasts(frames.into_iter().cycle()), 500);
    // A long list of settings costs as much as many short ones.
    assert!(lasts(std::iter::repeat(frame(kind::SETTINGS, 0, 16_380))) < 3);
}

#[test]
fn data_and_the_answers_to_what_was_sent_are_free() {
    let now = Instant::now();
    let mut guard = FloodGuard::new(10, now);
    let mut gets = |frame| guard.received(&frame, || now);
    for _ in 0..10_000 {
        assert_eq!(gets(frame(kind::DATA, 0, 1)), Ok(()));
    }
    for _ in 0..10_000 {
        guard.sent(&frame(kind::DATA, 0, 20));
    }
    // All of it at once, long after it was sent.
    for _ in 0..20_000 {
        assert_eq!(guard.received(&frame(kind::WINDOW_UPDATE, 0, 4), || now), Ok(()));
    }
    // In pieces of half a KiB.
    guard.sent(&frame(kind::DATA, 0, 16 << 10));
    for _ in 0..64 {
        assert_eq!(guard.received(&frame(kind::WINDOW_UPDATE, 0, 4), || now), Ok(()));
    }
    for (question, answer) in [(frame(kind::PING, 0, 8), kind::PING), (frame(kind::SETTINGS, 0, 6), kind::SETTINGS)] {
        for _ in 0..1_000 {
            guard.sent(&question);
            assert_eq!(guard.received(&frame(answer, ACK, 0), || now), Ok(()));
        }
    }
    // What we answer gives nothing in return.
    for _ in 0..1_000 {
        guard.sent(&frame(kind::SETTINGS, ACK, 0));
        guard.sent(&frame(kind::PING, ACK, 8));
        guard.sent(&frame(kind::WINDOW_UPDATE, 0, 4));
    }
    let more = (0..1_000).take_while(|_| guard.received(&frame(kind::PING, 0, 8), || now).is_ok()).count();
    assert!(more <= 12, "{more}");
}

#[test]
fn a_request_that_is_taken_back_has_made_up_for_nothing_and_costs_no_more_than_its_frames() {
    let now = Instant::now();
    let mut guard = FloodGuard::new(500, now);
    let begin =
        |guard: &mut FloodGuard| guard.received(&frame(kind::HEADERS, 4, 100), || now).map(|()| guard.request());
    let taken_back = |guard: &mut FloodGuard, made_up| {
        guard.taken_back(made_up);
        guard.received(&frame(3, 0, 4), || now)
    };
    let again_and_again = (0..1_000).take_while(|_| {
        let begun = begin(&mut guard);
        begun.is_ok_and(|made_up| taken_back(&mut guard, made_up).is_ok())
    });
    assert_eq!(again_and_again.count(), 250);
    // Every other one is answered: nobody is cut off for that.
    let mut guard = FloodGuard::new(500, now);
    for _ in 0..10_000 {
        begin(&mut guard).unwrap();
        let made_up = begin(&mut guard).unwrap();
        taken_back(&mut guard, made_up).unwrap();
    }
    // A hundred at once, all of them taken back.
    let mut guard = FloodGuard::new(500, now);
    let all: Vec<_> = (0..100).map(|_| begin(&mut guard).unwrap()).collect();
    all.into_iter().for_each(|made_up| taken_back(&mut guard, made_up).unwrap());
    begin(&mut guard).unwrap();
}

#[test]
fn requests_and_time_make_up_for_it_and_never_for_more_than_the_limit() {
    let start = Instant::now();
    let mut guard = FloodGuard::new(500, start);
    for _ in 0..10_000 {
        guard.request();
        for _ in 0..5 {
            assert_eq!(guard.received(&frame(PRIORITY, 0, 5), || start), Ok(()));
        }
    }
    // A client that pings twice a second for hours, and asks nothing meanwhile.
    let mut now = start;
    for _ in 0..20_000 {
        now += Duration::from_millis(500);
        assert_eq!(guard.received(&frame(kind::PING, 0, 8), || now), Ok(()));
    }
    now += Duration::from_hours(24);
    let more = (0..100_000).take_while(|_| guard.received(&frame(kind::PING, 0, 8), || now).is_ok()).count();
    assert!(more <= 1_000, "{more}");
}

#[test]
fn a_call_for_calm_is_a_frame() {
    let (frames, between) = read([go_away_for_calm(7).as_slice()]);
    assert_eq!((frames[0].kind, frames[0].stream, frames[0].length, between), (kind::GOAWAY, 0, 8, true));
}
