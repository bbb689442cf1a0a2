use super::*;

fn asked(wire: WireFormat, call: DialectCall, named: Option<(&str, bool)>) -> AskedCall<'static> {
    AskedCall { call, wire, named: named.map(|(name, streaming)| (Cow::Owned(name.to_owned()), streaming)) }
}

#[test]
fn a_path_takes_the_methods_that_it_names_and_no_others() {
    let all = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
    let chat = |wire, named| ApiCall::Ask(asked(wire, DialectCall::OPENAI_CHAT, named));
    let count = |wire, named| ApiCall::Count(asked(wire, DialectCall::OPENAI_CHAT, named));
    use WireFormat::{Chat, Converse, GenerateContent, Messages, Responses};
    for (path, wire, wanted) in [
        ("/v1/chat/completions", Chat, chat(Chat, None)),
        ("/v1/embeddings", Chat, ApiCall::Ask(asked(Chat, DialectCall::OPENAI_EMBED, None))),
        ("/v1/responses", Responses, chat(Responses, None)),
        ("/v1/messages", Messages, chat(Messages, None)),
        ("/v1/messages/count_tokens", Messages, count(Messages, None)),
        ("/v1/models", Chat, ApiCall::Models),
        ("/v1/models/gpt-4o", Chat, ApiCall::Model("gpt-4o".into())),
        ("/v1/models/meta/llama%203", Chat, ApiCall::Model("meta/llama 3".into())),
        ("/v1/models/ft:gpt-4o:x", Chat, ApiCall::Model("ft:gpt-4o:x".into())),
        ("/v1/responses/resp_1-a", Responses, ApiCall::Stored("resp_1-a")),
        ("/v1beta/models", GenerateContent, ApiCall::Models),
        ("/v1beta/models/gemini-2.5-pro", GenerateContent, ApiCall::Model("gemini-2.5-pro".into())),
        (
            "/v1beta/models/gemini-2.5-pro:generateContent",
            GenerateContent,
            chat(GenerateContent, Some(("gemini-2.5-pro", false))),
        ),
        ("/v1/models/a:b:streamGenerateContent", GenerateContent, chat(GenerateContent, Some(("a:b", true)))),
        ("/v1beta/models/g:countTokens", GenerateContent, count(GenerateContent, Some(("g", false)))),
        ("/model/eu.nova%3A0/converse", Converse, chat(Converse, Some(("eu.nova:0", false)))),
        (
            "/model/arn%3Aaws%3Abedrock%3A%2Fx/converse-stream",
            Converse,
            chat(Converse, Some(("arn:aws:bedrock:/x", true))),
        ),
    ] {
        let wanted = &wanted;
        let found = ApiPath::find(path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(found.wire, wire, "{path}");
        for method in &all {
            let named = found.methods.split(", ").any(|name| name == method.as_str());
            assert_eq!(found.call(method), named.then_some(wanted), "{method} {path}");
        }
    }
}

#[test]
fn paths_match_exactly() {
    for path in [
        "",
        "/",
        "/v1",
        "/v1/models/",
        "/v1//models",
        "/V1/models",
        "/v1/chat/completions/x",
        "/chat/completions",
        "/v1/models//x",
        "/v1/models/../x",
        "/v1/models/%2e%2e/x",
        "/v1/models/a%",
        "/v1/models/a%zz",
        "/v1/models/%ff",
        "/v1/models/a%0ab",
        "/v1beta/models/",
        "/v1beta/models/:generateContent",
        "/model/x",
        "/model//converse",
        "/model/x/invoke",
        "/model/../converse",
        "/model/converse",
        "/v1/messages/",
        "/v1/messages/x",
        "/v1/responses/",
        "/v1/responses/a/b",
        "/v1/responses/a%2Fb",
        "/v1/responses/..",
    ] {
        assert_eq!(ApiPath::find(path), None, "{path}");
    }
}
