use bytes::Bytes;
use proptest::prelude::*;

use super::*;

/// All lines of a stream that arrives in these chunks.
fn read(chunks: &[&[u8]], limit: usize) -> (Vec<JsonLine>, Option<JsonLinesError>) {
    let mut reader = JsonLinesReader::new(limit);
    let (mut lines, mut error) = (Vec::new(), None);
    let mut take = |step: Result<Option<JsonLine>, JsonLinesError>| match step {
        Ok(line) => line.map(|line| lines.push(line)).is_some(),
        Err(why) => {
            error = Some(why);
            false
        }
    };
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk));
        while take(reader.next()) {}
        assert!(reader.buffered() <= limit, "no more than one line is held");
    }
    while take(reader.finish()) {}
    assert_eq!(reader.buffered(), 0);
    if let Some(error) = error {
        reader.push(Bytes::from_static(b"{}\n"));
        assert_eq!((reader.next(), reader.finish(), reader.buffered()), (Err(error), Err(error), 0), "for good");
    }
    (lines, error)
}

fn datas(stream: &[u8]) -> Vec<String> {
    let (lines, error) = read(&[stream], 1 << 20);
    assert_eq!(error, None);
    lines.iter().map(|line| String::from_utf8(line.data().to_vec()).unwrap()).collect()
}

#[test]
fn lines_end_with_lf_or_crlf_and_blank_ones_are_passed_over() {
    assert_eq!(datas(b"{\"a\":1}\n{\"b\":2}\n"), ["{\"a\":1}", "{\"b\":2}"]);
    assert_eq!(datas(b"{\"a\":1}\r\n{\"b\":2}\r\n"), ["{\"a\":1}", "{\"b\":2}"]);
    assert_eq!(datas(b"\n\r\n \t\n{}\n\n\n{}\n\r\n  "), ["{}", "{}"]);
    assert_eq!(datas(b" {} \r\n"), [" {} "]);
    assert_eq!(datas(b"{}\r{}\n"), ["{}\r{}"]);
    assert_eq!(datas(b""), Vec::<String>::new());
}

#[test]
fn a_last_line_without_an_end_is_told_from_the_others() {
    for (stream, whole) in [("{}\n{\"a\"", false), ("{}\n{}", false), ("{}\n{}\r", false), ("{}\n{}\n", true)] {
        let (lines, _) = read(&[stream.as_bytes()], 100);
        assert_eq!(lines.iter().map(JsonLine::is_whole).collect::<Vec<_>>(), [true, whole], "{stream:?}");
    }
    let (mut lines, _) = read(&[b"{}"], 100);
    let closed = lines.remove(0).closed();
    assert_eq!((closed.raw(), closed.data(), closed.is_whole()), (&Bytes::from("{}\n"), Bytes::from("{}"), true));
    let (mut lines, _) = read(&[b"{}\r\n"], 100);
    assert_eq!(lines.remove(0).closed().raw(), "{}\r\n");
}

#[test]
fn lines_within_one_chunk_are_slices_of_it() {
    let chunk = Bytes::from_static(b"{\"a\":1}\n\n{\"b\":2}\r\n{\"c");
    let within = |part: &Bytes| {
        let (outer, inner) = (chunk.as_ptr() as usize, part.as_ptr() as usize);
        inner >= outer && inner + part.len() <= outer + chunk.len()
    };
    let mut reader = JsonLinesReader::new(100);
    reader.push(chunk.clone());
    for text in ["{\"a\":1}", "{\"b\":2}"] {
        let line = reader.next().unwrap().unwrap();
        assert!(within(line.raw()) && within(&line.data()) && line.data() == text);
    }
    assert_eq!((reader.next(), reader.buffered()), (Ok(None), 3));
    reader.push(Bytes::from_static(b"\":3}\n"));
    assert_eq!(reader.next().unwrap().unwrap().data(), "{\"c\":3}");
}

#[test]
fn a_line_over_the_limit_is_refused_for_good_and_one_at_the_limit_passes() {
    let stream = b"{}\n{\"a\":12}\n";
    assert_eq!(read(&[stream], 9).0.len(), 2);
    let (lines, error) = read(&[stream], 8);
    assert_eq!((lines.len(), error), (1, Some(JsonLinesError::TooLarge { limit: 8 })));
    let mut reader = JsonLinesReader::new(8);
    reader.push(Bytes::from_static(b"{\"a\":1234"));
    assert_eq!(reader.next(), Err(JsonLinesError::TooLarge { limit: 8 }));
    assert_eq!(read(&[&[b' '; 100]], 50), (vec![], Some(JsonLinesError::TooLarge { limit: 50 })));
    assert_eq!(read(&[&[b'\n'; 100]], 1), (vec![], None));
}

#[test]
fn data_cannot_break_out_of_its_line() {
    for (data, expected) in [
        ("{}", "{}\n"),
        ("{\n  \"a\": 1\r\n}", "{   \"a\": 1  }\n"),
        ("{\"a\":\"\\n\"}\n", "{\"a\":\"\\n\"} \n"),
        ("\r{}", " {}\n"),
    ] {
        assert_eq!(json_line(data.as_bytes()), expected);
    }
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec!["{}", "{\"a\":\"é\"}", "\n", "\r\n", "\r", " ", "\t", "\n\n", "{", "\\n"]);
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_split_gives_the_same_lines(stream in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8), limit in 1_usize..30) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let bytewise: Vec<_> = stream.chunks(1).collect();
        for limit in [limit, 10_000] {
            let whole = read(&[&stream], limit);
            prop_assert_eq!(&read(&chunks, limit), &whole);
            prop_assert_eq!(&read(&bytewise, limit), &whole);
        }
    }

    #[test]
    fn lines_are_those_of_the_text(stream in stream()) {
        let text = String::from_utf8(stream.clone()).unwrap();
        let theirs: Vec<_> = text.split('\n').filter(|line| !line.trim_matches([' ', '\t', '\r']).is_empty()).collect();
        let theirs: Vec<_> = theirs.iter().map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect();
        prop_assert_eq!(datas(&stream), theirs);
    }

    #[test]
    fn what_was_written_is_read(datas in prop::collection::vec("[ -~é\n\r]{1,12}x", 0..6)) {
        let written: Vec<u8> = datas.iter().flat_map(|data| json_line(data.as_bytes())).collect();
        let (lines, error) = read(&[&written], 1000);
        prop_assert_eq!(error, None);
        let read: Vec<_> = lines.iter().map(|line| String::from_utf8(line.data().to_vec()).unwrap()).collect();
        prop_assert_eq!(read, datas.iter().map(|data| data.replace(['\n', '\r'], " ")).collect::<Vec<_>>());
    }
}
