use super::*;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

fn frame(rest: &[u8]) -> Needs {
    Needs::of_frame(&[&MAGIC, rest].concat())
}

fn head(kind: u8, size: usize) -> BlockHead {
    let [a, b, c, _] = (u32::try_from(size).unwrap() << 3 | u32::from(kind) << 1).to_le_bytes();
    BlockHead::read([a, b, c]).unwrap()
}

#[test]
fn a_window_is_what_the_head_of_a_frame_says() {
    let cases: [(&[u8], usize); 9] = [
        // A byte of exponent and mantissa.
        (&[0x00, 0x00], 1 << 10),
        (&[0x00, 0x68], 8 << 20),
        (&[0x00, 0x69], 9 << 20),
        (&[0x00, 0x07], (1 << 10) + 7 * 128),
        // One segment, of which the content is so long, behind the id of a dictionary or none.
        (&[0x20, 200], 200),
        (&[0x60, 0, 1], 512),
        (&[0xa0, 1, 0, 1, 0], 65_537),
        (&[0xe0, 0, 0, 0, 1, 0, 0, 0, 0], 1 << 24),
        (&[0x22, 9, 9, 77], 77),
    ];
    for (rest, window) in cases {
        assert_eq!(frame(rest).window, window, "{rest:02x?}");
        assert_eq!(head_length(rest[0]), rest.len() - 1, "{rest:02x?}");
    }
    assert_eq!(frame(&[]).window, usize::MAX, "what is cut promises nothing");
}

#[test]
fn the_ring_grows_with_what_was_decoded_and_ends_with_the_window() {
    let mut needs = frame(&[0x00, 0x50]);
    assert_eq!((needs.window, needs.bytes()), (1 << 20, TABLES));
    let block = head(1, BLOCK);
    assert_eq!((block.content(), head(0, 7).content(), head(2, 9).content()), (1, 7, 9));
    let mut rings = Vec::new();
    for _ in 0..100 {
        needs = needs.behind(block, b"x");
        rings.push(needs.ring);
    }
    assert_eq!(rings[..4], [256 << 10, 512 << 10, 512 << 10, 1 << 20]);
    // A window, and a block more.
    assert_eq!(rings[99], 2 << 20);
    assert_eq!(needs.bytes(), TABLES + (2 << 20));
    // A small frame has a small ring, whatever its blocks could be.
    assert_eq!(frame(&[0x20, 200]).behind(head(2, 50), &[0; 50]).ring, 256);
}

#[test]
fn literals_and_sequences_are_what_a_block_announces() {
    let cases: [(&[u8], Option<(usize, usize)>); 13] = [
        // Raw literals: a length of 5, 12 and 20 bits.
        (&[5 << 3, 1, 2, 3, 4, 5, 0], Some((5, 0))),
        (&[1 << 4 | 4, 0, 1, 127], Some((1, 127))),
        (&[1 << 4 | 12, 0, 0, 1, 128, 5], Some((1, 5))),
        // One that is repeated.
        (&[1 | 31 << 3, 9, 129, 2], Some((31, 258))),
        (&[1 | 12 | 0xf0, 0xff, 0xff, 9, 255, 1, 2], Some((0xf_ffff, 0x7f00 + 513))),
        // Compressed: both lengths with 10, 14 and 18 bits.
        (&[2 | 3 << 4, 2 << 6, 0, 7, 7, 9], Some((3, 9))),
        (&[3 | 4 | 3 << 4, 2 << 6, 0, 7, 7, 9], Some((3, 9))),
        (&[2 | 8 | 3 << 4, 0, 4, 0, 7, 9], Some((3, 9))),
        (&[2 | 12 | 3 << 4, 0, 1 << 6, 0, 0, 7, 9], Some((3, 9))),
        // Cut short.
        (&[], None),
        (&[5 << 3, 1], None),
        (&[0, 255, 1], None),
        (&[2], None),
    ];
    for (content, expected) in cases {
        assert_eq!(sections(content), expected, "{content:?}");
    }
    let needs = frame(&[0x00, 0x50]).behind(head(2, 6), &[5 << 3, 1, 2, 3, 4, 5, 7]);
    assert_eq!((needs.content, needs.literals, needs.sequences), (7, 5, 7 * SEQUENCE));
    // A buffer that grows becomes twice as large.
    let more = needs.behind(head(2, 8), &[6 << 3, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((more.content, more.literals, more.sequences), (14, 10, 7 * SEQUENCE));
}

#[test]
fn what_is_no_block_is_none() {
    for head in [[6, 0, 0], [0xff, 0xff, 0xff], [0b10, 0, 0x11]] {
        assert_eq!(BlockHead::read(head), None, "{head:?}");
    }
    assert!(BlockHead::read([1, 0, 0]).unwrap().is_last);
}
