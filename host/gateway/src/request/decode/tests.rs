use super::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use std::io::Write as _;
use std::sync::Arc;
use std::task::Waker;
use weir_net::ByteTotal;

const HELLO_BR: &[u8] = include_bytes!("../../../tests/coded/hello.br");
const HELLO_ZST: &[u8] = include_bytes!("../../../tests/coded/hello.zst");
const LONG_BR: &[u8] = include_bytes!("../../../tests/coded/long.br");
const LONG_ZST: &[u8] = include_bytes!("../../../tests/coded/long.zst");
const HELLO: &[u8] = br#"{"model": "m", "messages": [{"role": "user", "content": "hello in a coding"}]}"#;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn bare(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn limits(body_bytes: usize) -> Limits {
    Limits { body_bytes, ..Limits::default() }
}

/// What a body becomes that comes in these pieces, and how often others had a turn meanwhile.
fn decode<'a>(
    coding: Coding,
    limits: &Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Result<Vec<u8>, Refusal>, usize) {
    let total = Arc::new(ByteTotal::default());
    let (got, turns, _) = decode_within(&total, coding, limits, pieces);
    assert_eq!(total.held(), 0, "all is given back");
    (got, turns)
}

/// The same out of a total, and the most that was held of it.
fn decode_within<'a>(
    total: &Arc<ByteTotal>,
    coding: Coding,
    limits: &Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Result<Vec<u8>, Refusal>, usize, usize) {
    let mut pieces = pieces.into_iter().map(|piece| Ok(Some(Bytes::copy_from_slice(piece))));
    let (mut out, mut turns, mut most) = (Vec::new(), 0, 0);
    let mut decoding = match Decoding::new(coding, DecodingBounds::of_request(limits), total.share()) {
        Ok(decoding) => decoding,
        Err(NoDecodingMemory) => return (Err(Refusal::RequestMemory), turns, most),
    };
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        let polled =
            decoding.poll_data(&mut cx, |_| Poll::Ready(pieces.next().unwrap_or(Ok(None)))).map_err(Refusal::from);
        most = most.max(total.held());
        match polled {
            Poll::Pending => turns += 1,
            Poll::Ready(Ok(Some(bytes))) => {
                assert!((1..=PIECE).contains(&bytes.len()));
                out.extend_from_slice(&bytes);
            }
            Poll::Ready(Ok(None)) => {
                assert!(decoding.is_over());
                return (Ok(out), turns, most);
            }
            Poll::Ready(Err(refusal)) => return (Err(refusal), turns, most),
        }
    }
}

fn code(refusal: &Refusal) -> (u16, String) {
    let info = refusal.info();
    (info.status.as_u16(), info.code.to_owned())
}

#[test]
fn every_coding_gives_what_went_into_it_however_it_comes() {
    let limits = limits(1 << 20);
    let long = decode(Coding::Brotli, &limits, [LONG_BR]).0.unwrap();
    assert_eq!(long.len(), 235_941);
    let twice = [gzip(&long[..1000]), gzip(&long[1000..])].concat();
    let cases: [(Coding, &[u8], &[u8]); 11] = [
        (Coding::Gzip, &gzip(HELLO), HELLO),
        (Coding::Gzip, &gzip(&long), &long),
        (Coding::Gzip, &twice, &long),
        (Coding::Deflate, &zlib(HELLO), HELLO),
        (Coding::Deflate, &zlib(&long), &long),
        (Coding::Deflate, &bare(HELLO), HELLO),
        (Coding::Deflate, &bare(&long), &long),
        (Coding::Brotli, HELLO_BR, HELLO),
        (Coding::Zstd, HELLO_ZST, HELLO),
        (Coding::Zstd, LONG_ZST, &long),
        (Coding::Gzip, &gzip(b""), b""),
    ];
    for (coding, coded, plain) in cases {
        for size in [coded.len(), 4096, 100, 1] {
            let got = decode(coding, &limits, coded.chunks(size)).0.unwrap();
            assert!(got == plain, "{coding:?} in pieces of {size}: {} bytes", got.len());
        }
    }
}

#[test]
fn what_is_cut_or_changed_or_followed_by_more_is_refused() {
    let limits = limits(1 << 20);
    let cases: [(Coding, Vec<u8>); 5] = [
        (Coding::Gzip, gzip(HELLO)),
        (Coding::Deflate, zlib(HELLO)),
        (Coding::Deflate, bare(HELLO)),
        (Coding::Brotli, HELLO_BR.to_vec()),
        (Coding::Zstd, HELLO_ZST.to_vec()),
    ];
    for (coding, coded) in cases {
        for end in 0..coded.len() {
            let got = decode(coding, &limits, [&coded[..end]]).0;
            assert_eq!(code(&got.unwrap_err()).0, 400, "{coding:?} cut at {end}");
        }
        let more = [&coded, &b"x"[..]].concat();
        assert_eq!(code(&decode(coding, &limits, [more.as_slice()]).0.unwrap_err()).0, 400, "{coding:?} and more");
        let garbage = decode(coding, &limits, [&b"\xff\xff{\"model\":"[..]]).0.unwrap_err();
        assert!([400, 415].contains(&code(&garbage).0), "{coding:?}: {garbage}");
    }
    // What carries a checksum does not pass with one byte changed: it is refused, or it is the same.
    for (coding, coded) in
        [(Coding::Gzip, gzip(HELLO)), (Coding::Deflate, zlib(HELLO)), (Coding::Zstd, HELLO_ZST.to_vec())]
    {
        for at in 0..coded.len() {
            let mut changed = coded.clone();
            changed[at] ^= 0x55;
            if let Ok(got) = decode(coding, &limits, [changed.as_slice()]).0 {
                assert!(got == HELLO || got.is_empty(), "{coding:?} changed at {at}");
            }
        }
    }
}

#[test]
fn plain_text_that_says_that_it_is_coded_is_of_another_type() {
    let limits = limits(1 << 20);
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
        let refusal = decode(coding, &limits, [HELLO]).0.unwrap_err();
        assert_eq!(code(&refusal), (415, "unsupported_content_encoding".to_owned()), "{coding:?}");
    }
}

#[test]
fn bombs_are_refused_long_before_they_have_gone_off() {
    let large = vec![b' '; 32 << 20];
    let cases: [(Coding, &[u8]); 5] = [
        (Coding::Gzip, &gzip(&large)),
        (Coding::Deflate, &zlib(&large)),
        (Coding::Brotli, include_bytes!("../../../tests/coded/bomb.br")),
        (Coding::Zstd, include_bytes!("../../../tests/coded/bomb.zst")),
        (Coding::Zstd, include_bytes!("../../../tests/coded/repeats.zst")),
    ];
    for (coding, bomb) in cases {
        let by_ratio = decode(coding, &limits(1 << 30), [bomb]).0.unwrap_err();
        assert!(matches!(by_ratio, Refusal::BodyInflated(100)), "{coding:?}: {by_ratio}");
        let wide = Limits { body_ratio: 1_000_000, ..limits(2 << 20) };
        let by_size = decode(coding, &wide, [bomb]).0.unwrap_err();
        assert!(matches!(by_size, Refusal::BodyTooLarge(_)), "{coding:?}: {by_size}");
        assert_eq!((code(&by_ratio), code(&by_size)), (code(&by_size), (413, "request_too_large".to_owned())));
    }
    let window = include_bytes!("../../../tests/coded/window.zst");
    assert!(decode(Coding::Zstd, &limits(1 << 20), [&window[..]]).0.is_err(), "it wants a window of 128 MiB");
    // What grows a little, or a lot from very little, is no bomb.
    let spaces = vec![b' '; ANY_RATIO];
    assert_eq!(decode(Coding::Gzip, &limits(2 << 20), [gzip(&spaces).as_slice()]).0.unwrap().len(), ANY_RATIO);
}

#[test]
fn members_and_frames_without_end_are_refused() {
    let limits = limits(1 << 20);
    let empty = gzip(b"").repeat(2_000);
    assert!(decode(Coding::Gzip, &limits, empty.chunks(4096)).0.is_err());
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0].repeat(2_000);
    assert!(decode(Coding::Zstd, &limits, skipped.chunks(4096)).0.is_err());
}

#[test]
fn a_decoder_works_within_what_all_bodies_may_hold_or_is_refused_and_gives_all_of_it_back() {
    let large: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let cases: [(Coding, Vec<u8>); 8] = [
        (Coding::Gzip, gzip(HELLO)),
        (Coding::Gzip, [gzip(&large), gzip(&large)].concat()),
        (Coding::Deflate, zlib(&large)),
        (Coding::Deflate, bare(&large)),
        (Coding::Brotli, HELLO_BR.to_vec()),
        (Coding::Brotli, LONG_BR.to_vec()),
        (Coding::Zstd, HELLO_ZST.to_vec()),
        (Coding::Zstd, [LONG_ZST, HELLO_ZST, LONG_ZST].concat()),
    ];
    for (coding, coded) in cases {
        let total = Arc::new(ByteTotal::default());
        let within = |room: usize, size: usize| {
            let limits = Limits { request_memory: room, ..limits(4 << 20) };
            let (got, _, most) = decode_within(&total, coding, &limits, coded.chunks(size));
            assert_eq!(total.held(), 0, "{coding:?} in {room}");
            (got, most)
        };
        for size in [coded.len(), 100] {
            let (got, most) = within(1 << 30, size);
            let plain = got.unwrap();
            assert!(most > PIECE, "{coding:?}: {most}");
            // In the middle of a step it may take twice of what it has behind it. With less it is refused, whatever it is then
            // in the middle of.
            for step in 0..=32 {
                let room = most * step / 16;
                match within(room, size) {
                    (Ok(got), held) => assert!(got == plain && held <= room, "{coding:?} in {room}"),
                    (Err(Refusal::RequestMemory), held) => assert!(held <= room && step < 32, "{coding:?} in {room}"),
                    (Err(other), _) => panic!("{coding:?} in {room} of {most}: {other}"),
                }
            }
        }
    }
}

#[test]
fn what_a_window_announces_is_taken_as_it_fills() {
    // A window of 8 MiB, and blocks that each repeat a byte; nothing comes out before it is full.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    let block = [0x02, 0x00, 0x10, b' '];
    let held = |blocks: usize| {
        let total = Arc::new(ByteTotal::default());
        let coded = [&frame[..], &block.repeat(blocks)].concat();
        let (got, _, most) = decode_within(&total, Coding::Zstd, &limits(32 << 20), [coded.as_slice()]);
        assert!(got.is_err(), "it has no end");
        most
    };
    let few = [0, 1, 8, 60].map(held);
    assert!(few[0] < 128 << 10, "{few:?}");
    assert!((256 << 10..512 << 10).contains(&few[1]), "{few:?}");
    assert!((1 << 20..3 << 20).contains(&few[2]), "{few:?}");
    assert!((8 << 20..17 << 20).contains(&few[3]), "{few:?}");
}

#[tokio::test]
async fn others_have_their_turn_while_a_large_body_is_decoded() {
    let large = gzip(&vec![b' '; 64 << 20]);
    let wide = Limits { body_ratio: 1_000_000, ..limits(1 << 30) };
    let (got, turns) = decode(Coding::Gzip, &wide, [large.as_slice()]);
    assert_eq!(got.unwrap().len(), 64 << 20);
    assert!(turns > 0);
}

#[test]
fn one_coding_is_understood_in_any_case_and_two_are_not() {
    let of = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
        }
        Coding::of(&headers)
    };
    let plain: [&[&str]; 5] = [&[], &[""], &["identity"], &["Identity"], &["", " , "]];
    for values in plain {
        assert_eq!(of(values).unwrap(), None, "{values:?}");
    }
    for (name, coding) in [
        ("gzip", Coding::Gzip),
        ("GZip", Coding::Gzip),
        ("x-gzip", Coding::Gzip),
        (" deflate ,", Coding::Deflate),
        ("BR", Coding::Brotli),
        ("zstd", Coding::Zstd),
    ] {
        assert_eq!(of(&[name]).unwrap(), Some(coding), "{name}");
    }
    let refused: [&[&str]; 7] = [
        &["compress"],
        &["gzip, gzip"],
        &["gzip", "gzip"],
        &["identity", "gzip"],
        &["gzip;q=1"],
        &["gzip br"],
        &["aes128gcm"],
    ];
    for values in refused {
        assert_eq!(
            code(&of(values).unwrap_err().into()),
            (415, "unsupported_content_encoding".to_owned()),
            "{values:?}"
        );
    }
}
