use super::content::LoweredContent;
use super::lift::AnswerLifter;
use super::lowering::{Lowering, ReplyLayout};
use super::*;
use crate::abi::contract::{Candidate, Edit, Piece, PieceKind, Routing, StreamEvent, Text};
use std::sync::Arc;

/// Hands something over to a guest whose allocator goes up from `from`; answers its memory and how often it was asked.
fn hand(given: ReplyLayout, to: u32, from: u32) -> (Vec<u8>, usize) {
    let mut memory = vec![0xee; 4096];
    let (mut parcel, mut free, mut asked) = (Lowering::default(), from, 0);
    let mut next = parcel.begin(&mut memory, to, given).unwrap();
    while next >= 0 {
        let (bytes, align) = (u32::try_from(next & 0xffff_ffff).unwrap(), u32::try_from(next >> 32).unwrap());
        free = free.next_multiple_of(align);
        let at = free;
        free += bytes;
        asked += 1;
        next = parcel.place(&mut memory, at).unwrap();
    }
    assert!(!parcel.under_way());
    (memory, asked)
}

fn number(memory: &[u8], at: usize) -> usize {
    u32::from_le_bytes(memory[at..at + 4].try_into().unwrap()) as usize
}

fn string(memory: &[u8], at: usize) -> &str {
    let (start, length) = (number(memory, at), number(memory, at + 4));
    std::str::from_utf8(&memory[start..start + length]).unwrap()
}

#[test]
fn strings_lie_where_the_canonical_abi_has_them() {
    let (memory, asked) = hand(Arc::<str>::from("acme").gives(), 16, 1000);
    assert_eq!((string(&memory, 16), asked), ("acme", 1));
    let (memory, _) = hand(Some("value".to_owned()).gives(), 16, 1000);
    assert_eq!((memory[16], string(&memory, 20)), (1, "value"));
    let (memory, asked) = hand(None::<String>.gives(), 16, 1000);
    assert_eq!((memory[16], asked), (0, 0));
    let (memory, _) = hand(Err::<bool, _>("why".to_owned()).gives(), 16, 1000);
    assert_eq!((memory[16], string(&memory, 20)), (1, "why"));
    let (memory, _) = hand(Ok::<bool, String>(true).gives(), 16, 1000);
    assert_eq!((memory[16], memory[20]), (0, 1));
    let (memory, _) = hand(Ok::<i64, String>(-7).gives(), 16, 1000);
    assert_eq!((memory[16], i64::from_le_bytes(memory[24..32].try_into().unwrap())), (0, -7));
    let (memory, _) = hand(Err::<i64, _>("why".to_owned()).gives(), 16, 1000);
    assert_eq!((memory[16], string(&memory, 24)), (1, "why"));
}

#[test]
fn lists_lie_where_the_canonical_abi_has_them() {
    let text = |role: &str, text: &str| Text { role: role.into(), text: text.into() };
    let texts: Arc<[Text]> = [text("system", "be brief"), text("user", "")].into();
    let (memory, asked) = hand(texts.gives(), 16, 1001);
    let list = number(&memory, 16);
    assert_eq!((list % 4, number(&memory, 20), asked), (0, 2, 5));
    let found: Vec<&str> = (0..4).map(|n| string(&memory, list + n * 8)).collect();
    assert_eq!(found, ["system", "be brief", "user", ""]);

    let candidate =
        Candidate { provider: "a".into(), model: "b".into(), healthy: true, input_price: 5, output_price: u64::MAX };
    let (memory, _) =
        hand(ReplyLayout::Plain(LoweredContent::Candidates([candidate.clone(), candidate].into())), 16, 1001);
    let second = number(&memory, 16) + 40;
    assert_eq!((second % 8, string(&memory, second), string(&memory, second + 8)), (0, "a", "b"));
    assert_eq!((memory[second + 16], memory[second + 24], memory[second + 39]), (1, 5, 255));

    let piece = |pointer: &str, kind, call| Piece {
        pointer: pointer.into(),
        kind,
        role: "user".into(),
        choice: 7,
        call,
        event: 3,
        text: "said".into(),
    };
    let pieces: Arc<[Piece]> = [piece("/a", PieceKind::Text, None), piece("", PieceKind::Other, Some(9))].into();
    let (memory, asked) = hand(pieces.gives(), 16, 1001);
    let list = number(&memory, 16);
    assert_eq!((list % 4, number(&memory, 20), asked), (0, 2, 7));
    // What is between the fields, and the number of a call that there is not, stays what it was.
    let before = number(&[0xee; 4], 0);
    for (at, pointer, kind, tag, call) in [(list, "/a", 0, 0, before), (list + 44, "", 6, 1, 9)] {
        assert_eq!(
            (string(&memory, at), string(&memory, at + 12), string(&memory, at + 36)),
            (pointer, "user", "said")
        );
        assert_eq!((memory[at + 8], number(&memory, at + 20)), (kind, 7));
        assert_eq!((memory[at + 24], number(&memory, at + 28), number(&memory, at + 32)), (tag, call, 3));
        assert_eq!((&memory[at + 9..at + 12], &memory[at + 25..at + 28]), (&[0xee; 3][..], &[0xee; 3][..]));
    }

    let event = |choice, text: &str| StreamEvent { choice, text: text.into() };
    let (memory, _) = hand(ReplyLayout::Plain(LoweredContent::Events(vec![event(0, "x"), event(9, "yz")])), 16, 1001);
    let list = number(&memory, 16);
    assert_eq!((number(&memory, list + 12), string(&memory, list + 16)), (9, "yz"));

    let (memory, asked) = hand(Vec::<String>::new().gives(), 16, 1001);
    assert_eq!((number(&memory, 20), asked), (0, 1));
}

#[test]
fn an_allocator_that_lies_is_found_out() {
    for (at, why) in [(4095, "beyond end"), (u32::MAX, "beyond end"), (1, "not aligned")] {
        let mut memory = vec![0; 4096];
        let mut parcel = Lowering::default();
        parcel.begin(&mut memory, 16, vec![("a".to_owned(), "b".to_owned())].gives()).unwrap();
        let refused = parcel.place(&mut memory, at).unwrap_err().to_string();
        assert!(refused.contains(why) || refused.contains("not aligned"), "{at}: {refused}");
    }
    let mut memory = vec![0; 64];
    let mut parcel = Lowering::default();
    assert!(parcel.begin(&mut memory, 6, Arc::<str>::from("a").gives()).is_err());
    assert!(parcel.begin(&mut memory, 4096, Ok::<(), String>(()).gives()).is_err());
    assert!(Lowering::default().place(&mut memory, 0).is_err());
}

/// A memory with an answer in it.
fn answer_of(parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut memory = vec![0; 256];
    for (at, bytes) in parts {
        memory[*at..*at + bytes.len()].copy_from_slice(bytes);
    }
    memory
}

#[test]
fn answers_are_read_and_whatever_breaks_the_contract_is_refused() {
    let word = |n: u32| n.to_le_bytes();
    let read = |memory: &[u8]| AnswerLifter::new(memory, CARRY).verdict(8);
    assert_eq!(read(&answer_of(&[])).unwrap(), Ok(()));
    let refusal: [(usize, &[u8]); 8] = [
        (8, &[1]),
        (12, &451_u16.to_le_bytes()),
        (16, &word(100)),
        (20, &word(4)),
        (24, &word(104)),
        (28, &word(2)),
        (100, b"code"),
        (104, b"no"),
    ];
    let memory = answer_of(&refusal);
    let said = read(&memory).unwrap().unwrap_err();
    assert_eq!((said.status, &*said.code, &*said.message), (451, "code", "no"));
    for (what, change) in [
        ("a third case", (8, vec![2])),
        ("a text outside", (20, word(200).to_vec())),
        ("a text outside by far", (16, word(u32::MAX).to_vec())),
        ("no UTF-8", (100, vec![0xff])),
    ] {
        let mut broken = memory.clone();
        broken[change.0..change.0 + change.1.len()].copy_from_slice(&change.1);
        assert!(read(&broken).is_err(), "{what}");
    }
    assert!(AnswerLifter::new(&memory, CARRY).verdict(9).is_err(), "a crooked pointer");
    assert!(AnswerLifter::new(&memory, CARRY).verdict(255).is_err(), "a pointer to the end");
    assert!(AnswerLifter::new(&memory, 5).verdict(8).is_err(), "more than one answer may carry");
}

#[test]
fn an_answer_that_reaches_past_the_end_is_none_whichever_case_it_is() {
    let memory = answer_of(&[]);
    let end = u32::try_from(memory.len()).unwrap();
    let all = |at: u32| {
        let reader = || AnswerLifter::new(&memory, CARRY);
        [
            reader().verdict(at).is_ok(),
            reader().routing(at).is_ok(),
            reader().edits(at).is_ok(),
            reader().started(at).is_ok(),
        ]
    };
    for (left, wanted) in [
        (24, [true; 4]),
        (20, [false, false, false, true]),
        (12, [false, false, false, true]),
        (8, [false; 4]),
        (4, [false; 4]),
    ] {
        assert_eq!(all(end - left), wanted, "{left} bytes before the end");
    }
}

#[test]
fn what_the_host_answers_has_room_whichever_case_it_is() {
    let given: [(fn() -> ReplyLayout, u32); 8] = [
        (|| None::<String>.gives(), 12),
        (|| Ok::<(), String>(()).gives(), 12),
        (|| Ok::<bool, String>(true).gives(), 12),
        (|| Some("value".to_owned()).gives(), 12),
        (|| Ok::<i64, String>(7).gives(), 16),
        (|| Err::<i64, _>("why".to_owned()).gives(), 16),
        (|| Arc::<str>::from("acme").gives(), 8),
        (|| Vec::<String>::new().gives(), 8),
    ];
    for (given, size) in given {
        let mut memory = vec![0; 4096];
        let aligned = if size == 16 { 8 } else { 4 };
        assert!(Lowering::default().begin(&mut memory, 4096 - size, given()).is_ok(), "{size} bytes");
        let short = Lowering::default().begin(&mut memory, 4096 - size + aligned, given());
        assert!(short.is_err() && memory.iter().rev().take(4).all(|byte| *byte == 0), "{size} bytes are too many");
    }
}

#[test]
fn lists_in_answers_are_read() {
    let word = |n: u32| n.to_le_bytes();
    let memory = answer_of(&[
        (12, &word(40)),
        (16, &word(3)),
        (52, &[1]),
        (56, &word(100)),
        (60, &word(2)),
        (64, &[4]),
        (100, b"ok"),
    ]);
    let edits = AnswerLifter::new(&memory, CARRY).edits(8).unwrap().unwrap();
    assert_eq!(edits, [Edit::Pass, Edit::Text("ok".to_owned()), Edit::Hold]);

    let memory = answer_of(&[
        (12, &[1]),
        (16, &word(40)),
        (20, &word(1)),
        (40, &word(7)),
        (44, &word(60)),
        (48, &word(1)),
        (60, &word(100)),
        (64, &word(2)),
        (68, &word(102)),
        (72, &word(1)),
        (100, b"/a1"),
    ]);
    let routing = AnswerLifter::new(&memory, CARRY).routing(8).unwrap().unwrap();
    let Routing::Order(choices) = routing else { panic!("{routing:?}") };
    assert_eq!(
        (choices[0].candidate, &*choices[0].overrides[0].pointer, &*choices[0].overrides[0].value),
        (7, "/a", "1")
    );
    let many = answer_of(&[(12, &word(40)), (16, &word(u32::MAX))]);
    assert!(AnswerLifter::new(&many, CARRY).edits(8).is_err());
}
