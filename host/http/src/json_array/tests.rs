use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[derive(Debug, PartialEq, Eq)]
struct Read {
    elements: Vec<Bytes>,
    error: Option<JsonArrayError>,
    alone: bool,
    whole: bool,
}

/// All elements of a stream that arrives in these chunks, and how it ended.
fn read(chunks: &[&[u8]], limit: usize) -> Read {
    let mut reader = JsonArrayReader::new(limit);
    let (mut elements, mut error) = (Vec::new(), None);
    let mut take = |step: Result<Option<Bytes>, JsonArrayError>| match step {
        Ok(element) => element.map(|element| elements.push(element)).is_some(),
        Err(why) => {
            error = Some(why);
            false
        }
    };
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk));
        while take(reader.next()) {}
        assert!(reader.buffered() <= limit, "no more than one element is held");
    }
    while take(reader.finish()) {}
    assert_eq!(reader.buffered(), 0);
    if let Some(error) = error {
        reader.push(Bytes::from_static(b"[{}]"));
        assert_eq!((reader.next(), reader.finish(), reader.buffered()), (Err(error), Err(error), 0), "for good");
    }
    Read { elements, error, alone: reader.is_alone(), whole: reader.is_whole() }
}

fn elements(stream: &str) -> Vec<String> {
    let read = read(&[stream.as_bytes()], 1 << 20);
    assert_eq!((read.error, read.whole, read.alone), (None, true, false), "{stream:?}");
    read.elements.iter().map(|element| String::from_utf8(element.to_vec()).unwrap()).collect()
}

#[test]
fn elements_are_given_out_as_they_stand_and_white_space_around_them_is_not() {
    assert_eq!(elements("[]"), Vec::<String>::new());
    assert_eq!(elements("\r\n [\t\n] \n"), Vec::<String>::new());
    assert_eq!(elements("[{}]"), ["{}"]);
    assert_eq!(elements("[{\n  \"a\": 1\n}\n,\r\n{\"b\":[{}]}\n]"), ["{\n  \"a\": 1\n}", "{\"b\":[{}]}"]);
    assert_eq!(elements(" [ {\"a\":\"}]\\\"{\"} , {} ] "), ["{\"a\":\"}]\\\"{\"}", "{}"]);
    assert_eq!(elements(r#"[{"a\\":"\\"},{"é":"\ud83d"}]"#), [r#"{"a\\":"\\"}"#, r#"{"é":"\ud83d"}"#]);
}

#[test]
fn an_object_in_the_place_of_the_array_is_one_element_and_told() {
    for stream in [" {\"error\":{\"code\":400}}\n", "{\"error\":{\"code\":400}}"] {
        let read = read(&[stream.as_bytes()], 100);
        assert_eq!(read.elements, [&b"{\"error\":{\"code\":400}}"[..]]);
        assert_eq!((read.error, read.alone, read.whole), (None, true, true));
    }
    let behind = read(&[b"{} {}"], 100);
    assert_eq!((behind.elements.len(), behind.error), (1, Some(JsonArrayError::NotArray { at: 3 })));
    let cut = read(&[b"{\"error\":"], 100);
    assert_eq!((cut.error, cut.alone, cut.whole), (Some(JsonArrayError::Cut), true, false));
}

#[test]
fn elements_within_one_chunk_are_slices_of_it() {
    let chunk = Bytes::from_static(b"[{\"a\":1},{\"b\":2},{\"c");
    let within = |part: &Bytes| {
        let (outer, inner) = (chunk.as_ptr() as usize, part.as_ptr() as usize);
        inner >= outer && inner + part.len() <= outer + chunk.len()
    };
    let mut reader = JsonArrayReader::new(100);
    reader.push(chunk.clone());
    for text in ["{\"a\":1}", "{\"b\":2}"] {
        let element = reader.next().unwrap().unwrap();
        assert!(within(&element) && element == text);
    }
    assert_eq!((reader.next(), reader.buffered()), (Ok(None), 3));
    reader.push(Bytes::from_static(b"\":3}"));
    assert_eq!(reader.next(), Ok(Some(Bytes::from_static(b"{\"c\":3}"))));
}

#[test]
fn an_element_is_given_out_as_soon_as_its_last_byte_is_there() {
    let mut reader = JsonArrayReader::new(100);
    let mut pushed = |byte: u8| {
        reader.push(Bytes::copy_from_slice(&[byte]));
        (reader.next().unwrap().is_some(), reader.is_whole())
    };
    for byte in b" [ {\"a\":[{},\"]\\\"" {
        assert_eq!(pushed(*byte), (false, false));
    }
    for (text, expected) in [("\"]", (false, false)), ("}", (true, false)), (" ,{", (false, false))] {
        text.bytes().for_each(|byte| assert_eq!(pushed(byte), expected, "{text:?}"));
    }
    assert_eq!(
        (pushed(b'}'), pushed(b'\n'), pushed(b']'), pushed(b' ')),
        ((true, false), (false, false), (false, true), (false, true))
    );
}

#[test]
fn a_stream_that_ends_before_its_bracket_was_cut() {
    let stream = b"[{\"a\":\"\\\"\"},\n{\"b\":[1]}]";
    for end in 0..stream.len() {
        let read = read(&[&stream[..end]], 100);
        assert_eq!((read.error, read.whole), (Some(JsonArrayError::Cut), false), "cut at {end}");
        assert_eq!(read.elements.len(), usize::from(end >= 11) + usize::from(end >= 22), "cut at {end}");
    }
    assert!(read(&[stream], 100).whole);
}

#[test]
fn whatever_else_is_refused_where_it_stands() {
    let cases: [(&[u8], u64, usize); 20] = [
        (b"x", 0, 0),
        (b" 1", 1, 0),
        (b"\"a\"", 0, 0),
        (b"null", 0, 0),
        (b"\xef\xbb\xbf[]", 0, 0),
        (b"data: {}", 0, 0),
        (b"]", 0, 0),
        (b"[1]", 1, 0),
        (b"[[{}]]", 1, 0),
        (b"[,{}]", 1, 0),
        (b"[{},]", 4, 1),
        (b"[{}{}]", 3, 1),
        (b"[{},,{}]", 4, 1),
        (b"[{}}", 3, 1),
        (b"[]]", 2, 0),
        (b"[{}] [{}]", 5, 1),
        (b"[{\"a\":}]", 6, 0),
        (b"[{},  {\"a\":[}}, {}]", 12, 1),
        (b"[{\"a\":\"\xff\"}]", 7, 0),
        (b"[{\"a\":\"\n\"}]", 7, 0),
    ];
    for (stream, at, before) in cases {
        let read = read(&[stream], 100);
        let shown = String::from_utf8_lossy(stream);
        assert_eq!((read.error, read.elements.len()), (Some(JsonArrayError::NotArray { at }), before), "{shown:?}");
        assert!(!read.whole);
    }
}

#[test]
fn an_element_over_the_limit_is_refused_for_good_and_one_at_the_limit_passes() {
    let stream = b"[{\"a\":1},   {\"b\":123}]";
    assert_eq!(read(&[stream], 9).elements.len(), 2);
    let refused = read(&[stream], 8);
    assert_eq!((refused.elements.len(), refused.error), (1, Some(JsonArrayError::TooLarge { limit: 8 })));
    let mut reader = JsonArrayReader::new(8);
    reader.push(Bytes::from_static(b"[{\"a\":\"12345678"));
    assert_eq!(reader.next(), Err(JsonArrayError::TooLarge { limit: 8 }));
    let nested = [&b"[{\"a\":"[..], &[b'['; 1000]].concat();
    assert_eq!(read(&[&nested], 500).error, Some(JsonArrayError::TooLarge { limit: 500 }));
    let deep = [&nested[..], &[b']'; 1000], b"}]"].concat();
    assert_eq!(read(&[&deep], 5000).error, Some(JsonArrayError::NotArray { at: 132 }));
    // White space between elements is none of theirs.
    let blank = [b"[{},", &[b' '; 1000][..], b"{}", &[b'\n'; 1000], b"]"].concat();
    assert_eq!(read(&[&blank], 2).elements.len(), 2);
}

#[test]
fn what_is_written_is_one_array() {
    let mut writer = JsonArrayWriter::default();
    assert_eq!(writer.element(b"{\"a\":1}"), "[{\"a\":1}");
    assert_eq!(writer.element(b"{}"), ",\r\n{}");
    assert_eq!(writer.end(), "\r\n]");
    assert_eq!(JsonArrayWriter::default().end(), "[]");
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        "{}",
        "{\"a\":1}",
        "\"",
        "\\",
        "\\\"",
        "{\"b\":\"]}\"}",
        " ",
        "\n",
        ":",
        "1",
        "é",
        "[{}",
        "{\"c\":[{}]},",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat().into_bytes())
}

fn array() -> impl Strategy<Value = Vec<u8>> {
    let blank = || prop::sample::select(vec!["", "", " ", "\n", "\r\n\t "]);
    let text = prop::sample::select(vec!["", "x", "\\\\", "\\\"", "]}", "{[", "\\u00e9", "ü"]);
    let element = (text, 0..3_u8, blank(), blank());
    (prop::collection::vec(element, 0..5), blank(), blank()).prop_map(|(elements, front, behind)| {
        let element = |(text, kind, front, behind): &(&str, u8, &str, &str)| match kind {
            0 => format!("{front}{{}}{behind}"),
            1 => format!("{front}{{\"{text}\":{front}\"{text}\"{behind}}}{behind}"),
            _ => format!("{front}{{\"a\":[{{\"{text}\":1.5e3}},[]],{behind}\"b\":null}}{behind}"),
        };
        let elements: Vec<_> = elements.iter().map(element).collect();
        format!("{front}[{behind}{}]{behind}", elements.join(",")).into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_split_gives_the_same_elements(stream in prop_oneof![stream(), array()], cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8), limit in 1_usize..60) {
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
    fn what_is_read_is_what_stands_in_the_array(stream in prop_oneof![stream(), array()]) {
        let read = read(&[&stream], 10_000);
        let ours: Option<Vec<Value>> = (read.error.is_none() && !read.alone)
            .then(|| read.elements.iter().map(|element| serde_json::from_slice(element).unwrap()).collect());
        let theirs = serde_json::from_slice::<Vec<Value>>(&stream).ok().filter(|all| all.iter().all(Value::is_object));
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn what_was_written_is_read(stream in array()) {
        let elements = read(&[&stream], 10_000).elements;
        let mut writer = JsonArrayWriter::default();
        let mut written: Vec<u8> = elements.iter().flat_map(|element| writer.element(element)).collect();
        written.extend_from_slice(&writer.end());
        let again = read(&[&written], 10_000);
        prop_assert_eq!((again.elements, again.error, again.whole), (elements, None, true));
    }
}
