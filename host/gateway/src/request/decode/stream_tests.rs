use super::*;
use std::sync::Arc;
use std::task::Waker;
use weir_net::ByteTotal;

const HELLO_ZST: &[u8] = include_bytes!("../../../tests/coded/hello.zst");
const LONG_BR: &[u8] = include_bytes!("../../../tests/coded/long.br");
const LONG_ZST: &[u8] = include_bytes!("../../../tests/coded/long.zst");

/// What comes out behind each piece of an answer's body, up to its end or to what is wrong with it.
fn decode(
    coding: Coding,
    limits: &Limits,
    is_stream: bool,
    pieces: &[&[u8]],
) -> (Vec<Vec<u8>>, Result<(), DecodingFault<()>>) {
    let total = Arc::new(ByteTotal::default());
    let mut decoding = Decoding::new(coding, DecodingBounds::of_answer(limits, is_stream), total.share()).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    for piece in pieces.iter().map(Some).chain([None]) {
        let mut piece = Some(piece.map(|piece| Bytes::copy_from_slice(piece)));
        let mut out = Vec::new();
        loop {
            match decoding.poll_data(&mut cx, |_| piece.take().map_or(Poll::Pending, |piece| Poll::Ready(Ok(piece)))) {
                Poll::Ready(Ok(Some(bytes))) => out.extend_from_slice(&bytes),
                Poll::Ready(Ok(None)) => return (all, Ok(())),
                Poll::Ready(Err(fault)) => return (all, Err(fault)),
                // It waits for more, or has had its turn.
                Poll::Pending if piece.is_none() && !decoding.has_work() => break,
                Poll::Pending => {}
            }
        }
        all.push(out);
    }
    (all, Ok(()))
}

#[test]
fn a_frame_that_is_shown_ahead_is_what_it_is_otherwise() {
    let limits = Limits::default();
    let long = decode(Coding::Brotli, &limits, false, &[LONG_BR]).0.concat();
    assert_eq!(long.len(), 235_941);
    let frames = [LONG_ZST, HELLO_ZST, LONG_ZST].concat();
    for size in [frames.len(), 4_096, 7] {
        let pieces: Vec<&[u8]> = frames.chunks(size).collect();
        let [ahead, behind] = [true, false].map(|is_stream| decode(Coding::Zstd, &limits, is_stream, &pieces));
        assert_eq!((ahead.1, behind.1), (Ok(()), Ok(())));
        let (ahead, behind) = (ahead.0.concat(), behind.0.concat());
        assert!(ahead == behind && ahead.starts_with(&long) && ahead.ends_with(&long), "{size}");
    }
    // What carries a checksum does not pass with one byte changed: it is refused, or it is the same.
    for at in 0..HELLO_ZST.len() {
        let mut changed = HELLO_ZST.to_vec();
        changed[at] ^= 0x55;
        let [ahead, behind] = [true, false].map(|is_stream| decode(Coding::Zstd, &limits, is_stream, &[&changed]));
        assert_eq!(ahead.1.is_ok(), behind.1.is_ok(), "changed at {at}");
    }
}

#[test]
fn each_block_of_a_stream_comes_out_when_it_has_come() {
    let head: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    // Raw, and one that repeats a byte.
    let blocks: [&[u8]; 4] =
        [&[0x18, 0, 0, b'o', b'n', b'e'], &[0x1a, 0, 0, b'!'], &[0x18, 0, 0, b't', b'w', b'o'], &[1, 0, 0]];
    let pieces: Vec<&[u8]> = [head].into_iter().chain(blocks).collect();
    let (ahead, end) = decode(Coding::Zstd, &Limits::default(), true, &pieces);
    assert_eq!((ahead, end), ([&b""[..], b"one", b"!!!", b"two", b""].map(<[u8]>::to_vec).to_vec(), Ok(())));
    let (behind, end) = decode(Coding::Zstd, &Limits::default(), false, &pieces);
    assert_eq!((behind[..4].concat(), behind[4].as_slice(), end), (Vec::new(), &b"one!!!two"[..], Ok(())));
}

#[test]
fn what_a_frame_keeps_that_is_shown_ahead_is_bounded() {
    let limits = Limits { response_bytes: 1 << 20, body_ratio: 10_000, ..Limits::default() };
    let block = [0x02, 0x00, 0x10, b' '];
    let coded = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68][..], &block.repeat(64)].concat();
    assert_eq!(decode(Coding::Zstd, &limits, true, &[&coded]).1, Err(DecodingFault::TooLarge(1 << 20)));
}
