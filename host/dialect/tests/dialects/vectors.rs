//! Vectors of texts: asked for in OpenAI's wire or Google's, made by anybody.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::canon::{
    AnswerContext, DecodeFault, EmbedVector, FieldLosses, JsonText, RawJson, TargetQuirks, TargetRules,
};
use weir_dialect::chat::{decode_embed, decode_embed_answer, encode_embed, encode_embed_answer};
use weir_dialect::translate::EmbedPair;
use weir_dialect::{Vendor, WireFormat, cohere};
use weir_recorded::{Spec, of_endpoint, recording};

use crate::support::hold;

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: Arc::from(model),
        max_output: None,
        vendor: Vendor::Other,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn raw(value: &Value) -> RawJson {
    RawJson::parse(value.to_string().into()).unwrap()
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn asked(provider: WireFormat, body: &Value) -> Result<(Value, Vec<String>), DecodeFault> {
    let pair = EmbedPair::new(WireFormat::Chat, provider).unwrap();
    let mut losses = FieldLosses::default();
    let written = pair.request(&body.to_string().into(), &rules("their-model"), &mut losses)?;
    Ok((json_of(&written), losses.iter().map(str::to_owned).collect()))
}

fn told(provider: WireFormat, asked: &Value, body: &Value) -> Result<Value, DecodeFault> {
    let pair = EmbedPair::new(WireFormat::Chat, provider).unwrap();
    let request = Bytes::from(asked.to_string());
    let context = AnswerContext { model: Arc::from("m"), id: 7, now: 1, include_usage: true, request };
    let told = json_of(&pair.answer(&body.to_string().into(), &context, &mut FieldLosses::default())?);
    if let Some(spec) = Spec::openai()
        && asked.get("encoding_format").is_none()
    {
        spec.answer("/embeddings", &told).unwrap_or_else(|faults| panic!("{told}: {faults:?}"));
    }
    Ok(told)
}

#[test]
fn recorded_requests_in_openais_wire_are_read_and_written_as_they_were() {
    hold("embeddings request", of_endpoint("embeddings"), |recording| {
        let Some(body) = recording.request_json() else { return Ok(()) };
        let request = decode_embed(&raw(&body)).map_err(|fault| fault.to_string())?;
        let mut losses = FieldLosses::default();
        let written = json_of(&encode_embed(&request, &rules(&request.model), &mut losses));
        assert!(losses.is_empty(), "{losses:?}");
        if written == body { Ok(()) } else { Err(format!("{written}\nwas {body}")) }
    });
}

#[test]
fn recorded_answers_in_openais_wire_are_read_and_say_the_same_again() {
    hold("embeddings answer", of_endpoint("embeddings").filter(|one| one.status == 200), |recording| {
        let body = recording.response_json().unwrap();
        let answer = decode_embed_answer(&raw(&body)).map_err(|fault| fault.to_string())?;
        assert_eq!(answer.vectors.len(), body["data"].as_array().unwrap().len());
        assert!(!answer.vectors.is_empty() && answer.vectors.iter().all(|vector| vector.to_floats().is_some()));
        let base64 = Some(JsonText::of("base64"));
        let told = encode_embed_answer(&answer, "m", base64.as_ref(), 1, &mut FieldLosses::default());
        let again = decode_embed_answer(&RawJson::parse(told).unwrap()).unwrap();
        for (one, other) in answer.vectors.iter().zip(&again.vectors) {
            assert_eq!(one.to_base64(), other.to_base64());
        }
        Ok(())
    });
}

#[test]
fn every_recorded_request_for_texts_becomes_one_that_each_provider_takes() {
    hold("embeddings elsewhere", of_endpoint("embeddings"), |recording| {
        let Some(body) = recording.request_json() else { return Ok(()) };
        for provider in [WireFormat::CohereChat, WireFormat::OllamaChat, WireFormat::GenerateContent] {
            let is_text = |input: &Value| input.is_string() || input[0].is_string();
            let (written, _) = match asked(provider, &body) {
                Ok(written) => written,
                Err(_) if !is_text(&body["input"]) => return Ok(()),
                Err(fault) => return Err(fault.to_string()),
            };
            let found = match provider {
                WireFormat::CohereChat => Spec::cohere().map(|spec| spec.request("/v2/embed", &written)),
                WireFormat::GenerateContent => Spec::gemini().map(|spec| spec.request("batchEmbedContents", &written)),
                _ => None,
            };
            if let Some(Err(faults)) = found {
                return Err(format!("{provider:?}: {faults:?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn a_request_has_each_providers_words() {
    let body = json!({"model": "m", "input": ["a", "b"], "dimensions": 64, "input_type": "query", "user": "u"});
    assert_eq!(
        asked(WireFormat::CohereChat, &body).unwrap(),
        (
            json!({"model": "their-model", "input_type": "search_query", "texts": ["a", "b"],
                "embedding_types": ["float"], "output_dimension": 64}),
            vec!["user".to_owned()]
        )
    );
    assert_eq!(
        asked(WireFormat::OllamaChat, &body).unwrap(),
        (
            json!({"model": "their-model", "input": ["a", "b"], "dimensions": 64}),
            vec!["input_type".to_owned(), "user".to_owned()]
        )
    );
    let part = |text: &str| {
        json!({"model": "models/their-model", "content": {"parts": [{"text": text}]}, "outputDimensionality": 64,
            "taskType": "RETRIEVAL_QUERY"})
    };
    assert_eq!(
        asked(WireFormat::GenerateContent, &body).unwrap(),
        (json!({"requests": [part("a"), part("b")]}), vec!["user".to_owned()])
    );
    // What nobody says is to be found.
    let plain = asked(WireFormat::CohereChat, &json!({"model": "m", "input": "a"})).unwrap().0;
    assert_eq!((&plain["input_type"], &plain["texts"]), (&json!("search_document"), &json!(["a"])));
}

#[test]
fn tokens_are_of_one_model_alone() {
    for input in [json!([1, 2, 3]), json!([[1, 2], [3]])] {
        let body = json!({"model": "m", "input": input});
        for provider in [WireFormat::CohereChat, WireFormat::OllamaChat, WireFormat::GenerateContent] {
            assert_eq!(asked(provider, &body), Err(DecodeFault::Field { field: "input", due: "text" }), "{provider:?}");
        }
    }
    for input in [json!([]), json!(7), json!(null), json!([{"a": 1}])] {
        assert!(asked(WireFormat::CohereChat, &json!({"model": "m", "input": input})).is_err());
    }
}

#[test]
fn vectors_come_back_in_openais_form_with_what_was_used() {
    let two = json!({"model": "m", "input": ["a", "b"]});
    let numbers = json!([[0.5, -1.0], [0.25, 2.0]]);
    let answers = [
        (
            WireFormat::CohereChat,
            json!({"id": "1", "texts": ["a", "b"], "embeddings": {"float": numbers.clone()},
                "meta": {"billed_units": {"input_tokens": 9}}}),
        ),
        (
            WireFormat::OllamaChat,
            json!({"model": "m", "embeddings": numbers, "total_duration": 1, "prompt_eval_count": 9}),
        ),
        (
            WireFormat::GenerateContent,
            json!({"embeddings": [{"values": [0.5, -1.0]}, {"values": [0.25, 2.0]}], "usageMetadata": {"promptTokenCount": 9}}),
        ),
    ];
    for (provider, answer) in answers {
        let told = told(provider, &two, &answer).unwrap();
        assert_eq!((&told["object"], &told["model"]), (&json!("list"), &json!("m")), "{provider:?}");
        assert_eq!(told["usage"], json!({"prompt_tokens": 9, "total_tokens": 9}), "{provider:?}");
        assert_eq!((&told["data"][0]["embedding"], &told["data"][1]["index"]), (&json!([0.5, -1.0]), &json!(1)));
        assert!(self::told(provider, &json!({"model": "m", "input": "a"}), &answer).is_err(), "one for two");
    }
}

#[test]
fn vectors_are_in_base64_for_whoever_asks_so() {
    let asked = json!({"model": "m", "input": "ab", "encoding_format": "base64"});
    let told = told(WireFormat::OllamaChat, &asked, &json!({"embeddings": [[0.5, -1, 4.623822e-05]]})).unwrap();
    let vector = EmbedVector::Base64(JsonText::of(told["data"][0]["embedding"].as_str().unwrap()));
    assert_eq!(vector.to_floats().unwrap().bytes(), "[0.5,-1,0.00004623822]");
    // Nobody has counted: libraries demand a number, and it is one of the text's length.
    assert_eq!(told["usage"]["prompt_tokens"], 1);
}

#[test]
fn what_cohere_was_recorded_to_answer_is_read() {
    hold("cohere embed", of_endpoint("cohere-embed-v2"), |recording| {
        let answer = cohere::decode_embed_answer(&raw(&recording.response_json().unwrap()));
        match (answer, recording.status) {
            (Ok(answer), 200) => {
                assert_eq!(answer.vectors.len(), 1);
                assert!(answer.vectors[0].to_base64().is_some() && answer.usage.unwrap().input.is_some());
                Ok(())
            }
            (Err(_), 404) => Ok(()),
            (other, status) => Err(format!("{status}: {other:?}")),
        }
    });
    let Some(one) = recording("cohere", "pydantic.test_embeddings.TestCohere.test_embed_error") else { return };
    let failure = weir_dialect::errors::read(one.status, None, &one.response().into());
    assert!(failure.message.text().starts_with("model 'nonexistent' not found"));
}

#[test]
fn a_client_of_googles_is_answered_by_anybody() {
    let pair = EmbedPair::new(WireFormat::GenerateContent, WireFormat::CohereChat).unwrap();
    let body = Bytes::from(json!({"content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_QUERY"}).to_string());
    let written = json_of(&pair.request(&body, &rules("embed-v4.0"), &mut FieldLosses::default()).unwrap());
    assert_eq!((&written["texts"], &written["input_type"]), (&json!(["a"]), &json!("search_query")));
    let context = AnswerContext { model: Arc::from("m"), id: 7, now: 1, include_usage: true, request: body };
    let answer = json!({"id": "1", "embeddings": {"float": [[1, 2]]}}).to_string().into();
    let told = json_of(&pair.answer(&answer, &context, &mut FieldLosses::default()).unwrap());
    assert_eq!(told, json!({"embedding": {"values": [1, 2]}}));
}

#[test]
fn who_has_no_vectors_is_in_no_pair() {
    assert_eq!(EmbedPair::new(WireFormat::Chat, WireFormat::Messages), None);
    assert_eq!(EmbedPair::new(WireFormat::Chat, WireFormat::Converse), None);
    assert_eq!(EmbedPair::new(WireFormat::Messages, WireFormat::CohereChat), None);
}
