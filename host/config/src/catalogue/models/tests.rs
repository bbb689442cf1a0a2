use super::super::names::model_names;
use super::super::set::{CatalogSet, CatalogWord};
use super::{FACTS, MODELS, Modality, ModelAbility, ModelFact, ModelFile, model_fact};

fn file() -> ModelFile {
    toml::from_str(MODELS).unwrap_or_else(|error| panic!("{error}"))
}

fn kinds<T: CatalogWord>(set: CatalogSet<T>) -> Vec<&'static str> {
    set.iter().map(T::word).collect()
}

#[test]
fn every_row_of_the_models_is_read_and_found_by_its_own_name_and_there_are_at_most_400() {
    let rows = file().model;
    assert!((200..=400).contains(&rows.len()), "{}", rows.len());
    assert!(rows.is_sorted_by(|one, next| one.name < next.name));
    assert_eq!(FACTS.len(), rows.len(), "no two are looked up by one name");
    for row in rows {
        let fact = model_fact(&row.name).unwrap();
        assert_eq!(
            (fact.context, fact.output, fact.input, fact.can),
            (row.context, row.output, row.input, row.can),
            "{}",
            row.name
        );
    }
}

#[test]
fn every_row_says_how_much_a_model_takes_and_of_what_kinds() {
    for row in file().model {
        let (name, fact) = (&row.name, model_fact(&row.name).unwrap());
        assert!(fact.context.is_some_and(|context| (500..=20_000_000).contains(&context)), "{name}");
        assert!(fact.output.is_none_or(|output| (1..=10_000_000).contains(&output)), "{name}");
        assert!(fact.input.has(Modality::Text), "{name}");
        assert!(fact.gives.has(Modality::Text) || fact.gives.has(Modality::Embedding), "{name}");
        assert!(!fact.gives.has(Modality::Embedding) || fact.output.is_none(), "{name}: vectors have no tokens");
        let looked_up = model_names(name);
        assert!(!name.contains('/') && **name == *name.to_ascii_lowercase(), "{name}: {looked_up:?}");
    }
}

#[test]
fn a_model_is_found_by_the_names_that_providers_have_for_it() {
    let sonnet = model_fact("claude-sonnet-4-5").unwrap();
    assert_eq!((sonnet.context, sonnet.output), (Some(200_000), Some(64_000)));
    assert_eq!(kinds(sonnet.input), ["text", "image", "pdf"]);
    assert_eq!(kinds(sonnet.gives), ["text"]);
    assert_eq!(kinds(sonnet.can), ["tools", "schema", "reasoning", "cache"]);
    for name in [
        "claude-sonnet-4-5-20250929",
        "anthropic/claude-sonnet-4.5",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-sonnet-4-5@20250929",
        "Claude-Sonnet-4-5-latest",
        "openrouter/anthropic/claude-sonnet-4.5:free",
    ] {
        assert_eq!(model_fact(name), Some(sonnet), "{name}");
    }
    for (name, same) in [
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("publishers/google/models/gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("eu.amazon.nova-lite-v1:0", "nova-lite"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("openai/gpt-4.1", "gpt-4.1"),
        ("mistral-large-latest", "mistral-large"),
        ("text-embedding-3-small", "text-embedding-3-small"),
    ] {
        assert!(model_fact(name).is_some(), "{name}");
        assert_eq!(model_fact(name), model_fact(same), "{name}");
    }
}

#[test]
fn a_version_that_gives_less_than_the_others_is_found_by_its_own_name() {
    let output = |name: &str| model_fact(name).unwrap().output;
    assert_eq!(
        (output("gpt-4o"), output("gpt-4o-2024-05-13"), output("gpt-4o-2024-08-06")),
        (Some(16_384), Some(4_096), Some(16_384))
    );
    assert_eq!(output("openai/gpt-4o-2024-05-13"), Some(4_096));
}

#[test]
fn of_a_name_that_nobody_published_nothing_is_known() {
    for name in
        ["", "m", "chat", "demo-small", "my-finetune", "claude", "gpt", "latest", "claude-sonnet-4-5x", "/", "v1:0"]
    {
        assert_eq!(model_fact(name), None, "{name}");
    }
}

#[test]
fn what_holds_of_either_of_two_models_is_the_lesser_of_both() {
    let fact = |context, output, input: &[Modality], can: &[ModelAbility]| ModelFact {
        context,
        output,
        input: input.iter().copied().collect(),
        gives: CatalogSet::NONE.with(Modality::Text),
        can: can.iter().copied().collect(),
    };
    let one = fact(Some(9), None, &[Modality::Text, Modality::Image], &[ModelAbility::Tools, ModelAbility::Cache]);
    let other = fact(Some(5), Some(3), &[Modality::Text, Modality::Pdf], &[ModelAbility::Cache]);
    let both = fact(Some(5), Some(3), &[Modality::Text], &[ModelAbility::Cache]);
    assert_eq!((one.of_either(other), other.of_either(one), one.of_either(one)), (both, both, one));
}
