use super::AnswerKind::{Complete, Cut, Error, NoAnswer};
use super::*;

const CHAT: &str = r#"{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"a \"}]\" b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
const EMBEDDING: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}],"usage":{"prompt_tokens":3}}"#;

#[test]
fn an_answer_is_an_object_with_something_in_it() {
    for (operation, body, wanted) in [
        (Operation::Chat, CHAT, Complete),
        (Operation::Embed, EMBEDDING, Complete),
        (Operation::Chat, EMBEDDING, NoAnswer),
        (Operation::Embed, CHAT, NoAnswer),
        (Operation::Chat, "{\"choices\" : [ {} ] }\r\n", Complete),
        (Operation::Chat, "\u{feff}{\"choices\":[{}]}", Complete),
        (Operation::Chat, r#"{"choices":[]}"#, NoAnswer),
        (Operation::Chat, r#"{"choices": [ ] }"#, NoAnswer),
        (Operation::Chat, r#"{"choices":null}"#, NoAnswer),
        (Operation::Chat, r#"{"choices":{"0":{}}}"#, NoAnswer),
        (Operation::Chat, r#"{"detail":{"choices":[{}]}}"#, NoAnswer),
        (Operation::Chat, r#"{"choices":[{}],"choices":[]}"#, NoAnswer),
        (Operation::Embed, r#"{"data":[]}"#, NoAnswer),
        (Operation::Chat, "{}", NoAnswer),
        (Operation::Chat, "", NoAnswer),
        (Operation::Chat, " \n", NoAnswer),
        (Operation::Chat, "<html><body>502</body></html>", NoAnswer),
        (Operation::Chat, "not json", NoAnswer),
        (Operation::Chat, "data: {\"choices\":[{}]}\n\n", NoAnswer),
        (Operation::Chat, "[{\"choices\":[{}]}]", NoAnswer),
        (Operation::Chat, r#"{"choices":[{}]} {"choices":[{}]}"#, NoAnswer),
        (Operation::Chat, r#"{"detail":"Not authenticated"}"#, NoAnswer),
        (Operation::Chat, r#"{"base_resp":{"status_code":1004},"choices":null}"#, NoAnswer),
    ] {
        assert_eq!(judge(operation, body.as_bytes()), wanted, "{body}");
    }
}

#[test]
fn an_error_is_one_beside_choices_too_and_an_empty_one_is_none() {
    for (member, wanted) in [
        (r#""error":{"message":"overloaded"}"#, Error),
        (r#""error":{"message":"","code":502}"#, Error),
        (r#""error":"overloaded""#, Error),
        (r#""error":["overloaded"]"#, Error),
        (r#""error":true"#, Error),
        (r#""err\u006fr":{"message":"x"}"#, Error),
        (r#""object":"error","message":"x""#, Error),
        (r#""object":"err\u006fr","message":"x""#, Error),
        (r#""type":"error""#, Error),
        (r#""error":null"#, Complete),
        (r#""error":false"#, Complete),
        (r#""error":"""#, Complete),
        (r#""error":{ }"#, Complete),
        (r#""error":[]"#, Complete),
        (r#""error":{"message":"","type":"","param":null,"code":0}"#, Complete),
        (r#""x":{"error":{"message":"x"}}"#, Complete),
    ] {
        let beside = format!(r#"{{"choices":[{{"message":{{"content":"\"error\""}}}}],{member}}}"#);
        assert_eq!(judge(Operation::Chat, beside.as_bytes()), wanted, "{beside}");
        let alone = format!("{{{member}}}");
        let wanted = if wanted == Complete { NoAnswer } else { Error };
        assert_eq!(judge(Operation::Chat, alone.as_bytes()), wanted, "{alone}");
    }
}

#[test]
fn choices_are_objects_and_where_all_of_them_failed_they_are_an_error() {
    let good = r#"{"index":1,"message":{"content":"the \"error\""},"finish_reason":"stop","error":null}"#;
    for (choices, wanted) in [
        ("null", NoAnswer),
        (r#""x""#, NoAnswer),
        ("0", NoAnswer),
        ("[]", NoAnswer),
        (good, Complete),
        (r#"{"error":{"code":502,"message":"boom"},"message":null,"finish_reason":"error"}"#, Error),
        (r#"{"message":{"content":"a"},"finish_reason":"error"}"#, Error),
        (r#"{"message":{"content":"a"},"finish_reason":"err\u006fr"}"#, Error),
        (r#"{"message":{"content":"a"},"finish_reason":"stop","error":"boom"}"#, Error),
        (r#"{"message":{"content":"a"},"finish_reason":"stop","\u0065rror":["boom"]}"#, Error),
        (r#"{"error":"boom"},{"finish_reason":"error"}"#, Error),
        (r#"{"error":{"message":"","code":0}}"#, Complete),
        (r#"{"message":{"error":"x","finish_reason":"error"}}"#, Complete),
    ] {
        let body = format!(r#"{{"choices":[{choices}],"usage":{{"prompt_tokens":300}}}}"#);
        assert_eq!(judge(Operation::Chat, body.as_bytes()), wanted, "{body}");
        if wanted == Error {
            // Others that did not are an answer.
            let body = format!(r#"{{"choices":[{choices},{good}]}}"#);
            assert_eq!(judge(Operation::Chat, body.as_bytes()), Complete, "{body}");
        }
    }
    for (body, wanted) in [(r#"{"data":[{"error":"x"}]}"#, Error), (r#"{"data":[null]}"#, NoAnswer)] {
        assert_eq!(judge(Operation::Embed, body.as_bytes()), wanted, "{body}");
    }
}

#[test]
fn an_answer_that_was_cut_anywhere_is_not_complete() {
    for (operation, body) in [(Operation::Chat, CHAT), (Operation::Embed, EMBEDDING)] {
        for at in 1..body.len() {
            assert_eq!(judge(operation, &body.as_bytes()[..at]), Cut, "{}", &body[..at]);
        }
    }
}

#[test]
fn what_an_account_is_refused_for_is_told_by_names_and_not_by_texts() {
    for body in [
        r#"{"error":{"message":"x","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        r#"{"error":{"message":"x","type":"invalid_request_error","code":"billing_hard_limit_reached"}}"#,
        r#"{"error":{"type":"exceeded_current_quota_error","message":"x"}}"#,
        r#"{"object":"error","message":"x","code":"Arrearage"}"#,
        r#"{"\u0065rror":{"c\u006fde":"insufficient\u005fquota"}}"#,
        "\u{feff} [{\"error\":{\"code\":\"insufficient_quota\"}}]\n",
        r#"[{"error":{"code":400}},{"type":"access_terminated"}]"#,
        r#"{"error":[{"code":"insufficient_quota"}]}"#,
        r#"{"detail":{"error":{"code":"insufficient_quota"}}}"#,
        r#"{"errors":[{"message":"x"},{"code":"insufficient_quota"}]}"#,
    ] {
        assert_eq!(blame(body.as_bytes()), AccountBlame::Account, "{body}");
    }
    for body in [
        r#"{"error":{"message":"\"code\":\"insufficient_quota\"","type":"invalid_request_error","code":null}}"#,
        r#"{"error":{"message":"x","type":"requests","code":"rate_limit_exceeded"}}"#,
        r#"{"error":{"x":{"code":"insufficient_quota"}}}"#,
        r#"{"detail":[{"type":"missing","loc":["body"],"input":{"type":"insufficient_quota"}}]}"#,
        r#"{"error":"insufficient_quota"}"#,
        r#"[{"error":{"message":"insufficient_quota"}}]"#,
        "[]",
        "<html>no</html>",
        "caf\u{e9}",
        "",
    ] {
        assert_eq!(blame(body.as_bytes()), AccountBlame::Request, "{body}");
    }
}

#[test]
fn of_what_cannot_be_read_a_name_is_enough_for_a_doubt_and_no_text_says_nothing() {
    let whole = r#"{"error":{"code":"insufficient_quota"}}"#;
    for body in [
        "insufficient_quota",
        r#"{"error":{"code":"insufficient_quota""#,
        "data: {\"error\":{\"code\":\"insufficient_quota\"}}\n\n",
        r#"["insufficient_quota"]"#,
        r#"[[{"code":"insufficient_quota"}]]"#,
        r#"{"error":{"code":"insufficient_quota"}} {}"#,
        r#""{\"code\":\"insufficient_quota\"}""#,
        "<p>invalid_api_key</p>",
    ] {
        assert_eq!(blame(body.as_bytes()), AccountBlame::PerhapsAccount, "{body}");
    }
    let utf16 = |bytes: fn(u16) -> [u8; 2]| whole.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    for body in [&utf16(u16::to_le_bytes)[..], &utf16(u16::to_be_bytes), b"\xff\xfe{\0", b"\x1f\x8b\x08\0", b"\x01"] {
        assert_eq!(blame(body), AccountBlame::Unreadable, "{body:?}");
    }
}
