use super::PathStyle;
use crate::{Dialect, WireFormat};

#[test]
fn azure_has_the_deployment_in_the_path_and_the_version_behind_it() {
    let style = PathStyle::Deployments { api_version: "2024-10-21".into() };
    for streaming in [false, true] {
        assert_eq!(
            style.chat(WireFormat::Chat, "my gpt/4", streaming),
            "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21"
        );
    }
    assert_eq!(style.embed(Dialect::OpenAi, "e"), "/openai/deployments/e/embeddings?api-version=2024-10-21");
}

#[test]
fn everybody_else_has_the_paths_of_the_wire() {
    let own = PathStyle::default();
    assert_eq!(own.chat(WireFormat::Chat, "m", true), "/chat/completions");
    assert_eq!(own.chat(WireFormat::Converse, "a:0", true), "/model/a%3A0/converse-stream");
    assert_eq!(own.embed(Dialect::OpenAi, "m"), "/embeddings");
}
