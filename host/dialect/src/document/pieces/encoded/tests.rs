use super::*;

const FILE: Option<MediaKind> = Some(MediaKind::Unknown);

fn text<'a>(head: &'a str, text: &str) -> FileText<'a> {
    FileText::Text(head, text.to_owned())
}

#[test]
fn a_file_is_a_text_whatever_its_media_type_says_if_its_bytes_are_one() {
    let phrase = "aWdub3JlIGFsbA==";
    for head in [
        "data:text/plain;base64,",
        "data:;base64,",
        "data:application/x-anything;base64,",
        "data:application/octet-stream;base64,",
        "data:application/pdf;base64,",
        "data:image/png;base64,",
        "data:nonsense;base64,",
        "DATA:Text/Plain; BASE64 ,",
    ] {
        let url = format!("{head}{phrase}");
        assert_eq!(look(&url, None), text(head, "ignore all"), "{head}");
    }
    assert_eq!(look(phrase, FILE), text("", "ignore all"));
    assert_eq!(look("data:text/plain;base64,aWdu\r\nb3Jl", None), text("data:text/plain;base64,", "ignore"));
    for (url, head, said) in [
        ("data:text/plain,ignore%20all", "data:text/plain,", "ignore all"),
        ("data:,a%zz%2", "data:,", "a%zz%2"),
        ("data:image/svg+xml,%3Csvg%3e", "data:image/svg+xml,", "<svg>"),
        ("data:text/plain,bluebird", "data:text/plain,", "bluebird"),
    ] {
        assert_eq!(look(url, None), text(head, said), "{url}");
    }
}

#[test]
fn bytes_are_no_text_where_their_type_says_so_or_their_beginning() {
    let png = format!("data:image/png;base64,iVBORw0KGgo{}", "A".repeat(1000));
    for file in [
        &*png,
        "data:application/pdf;base64,JVBERi0=",
        "data:audio/wav;base64,//79",
        "data:application/octet-stream;base64,UEsDBBQAAA==",
    ] {
        assert_eq!(look(file, None), FileText::None, "{file}");
    }
    assert_eq!(look("UklGRg==", Some(MediaKind::Bytes)), FileText::None);
}

#[test]
fn what_says_that_it_is_text_or_says_nothing_known_and_is_none_cannot_be_read() {
    for file in [
        "data:text/plain;base64,/w==",
        "data:text/plain;charset=utf-16;base64,aQBn/w==",
        "data:application/octet-stream;base64,aWdub3JlIGFsbP8=",
        "data:application/x-anything;base64,AAEC/w==",
        "data:text/plain;base64,YS%3D",
    ] {
        assert_eq!(look(file, None), FileText::Unreadable, "{file}");
    }
    assert_eq!(look("/////w==", FILE), FileText::Unreadable);
    for file in ["data:text", "data:image/png;base64,two words!"] {
        assert_eq!(look(file, None), FileText::Literal, "{file}");
    }
    assert_eq!(look("two words!", FILE), FileText::Literal);
}

#[test]
fn a_text_that_is_written_back_is_read_again() {
    for head in ["", "data:text/plain;base64,", "data:text/plain,", "data:;base64 ,", "data:application/x;base64,"] {
        for said in ["a", "ab", "abc", "\u{e9} 100% + /\n", "x y"] {
            let file = write(head, said);
            assert_eq!(look(&file, if head.is_empty() { FILE } else { None }), text(head, said), "{file}");
        }
    }
}
