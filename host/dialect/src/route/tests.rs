use super::*;

#[test]
fn a_path_takes_the_methods_that_it_names_and_no_others() {
    let all = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
    for (path, wanted) in [
        ("/v1/chat/completions", ApiCall::Ask(DialectCall::OPENAI_CHAT)),
        ("/v1/embeddings", ApiCall::Ask(DialectCall::OPENAI_EMBED)),
        ("/v1/models", ApiCall::Models),
    ] {
        let found = ApiPath::find(path).unwrap();
        assert_eq!(found.dialect, Dialect::OpenAi);
        for method in &all {
            let named = found.methods.split(", ").any(|name| name == method.as_str());
            assert_eq!(found.call(method), named.then_some(wanted), "{method} {path}");
        }
    }
}

#[test]
fn paths_match_exactly() {
    for path in
        ["", "/", "/v1", "/v1/models/", "/v1//models", "/V1/models", "/v1/chat/completions/x", "/chat/completions"]
    {
        assert_eq!(ApiPath::find(path), None, "{path}");
    }
}
