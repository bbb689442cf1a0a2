//! `[models.NAME]`: what clients can ask for, and who answers.

use toml::de::DeValue;

use crate::catalogue::models::{ModelFact, model_fact};
use crate::provider;
use crate::table::ConfigTable;
use crate::told::{ToldTable, list};
use crate::value::ConfigValue;
use crate::{names, syntax};

/// A model that clients can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConfig {
    /// What clients send as `model`.
    pub name: String,
    /// Who may answer, in the order in which they are tried; at least one.
    pub targets: Vec<TargetConfig>,
    /// `max_output_tokens`: how long an answer may be, in tokens, 1 to a billion; none leaves it to the catalogue.
    pub max_output_tokens: Option<u32>,
    /// `context_window`: how long a request and its answer may be together, in tokens, 1 to a billion; none leaves it to the
    /// catalogue.
    pub context_window: Option<u32>,
}

/// One who may answer for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetConfig {
    /// Index into [`Config::providers`](crate::Config::providers).
    pub provider: usize,
    /// What the model is called there.
    pub model: String,
    /// What it costs there; zero where the file says nothing.
    pub price: Price,
}

/// What tokens cost, in millionths of a US dollar per million tokens (so also in US dollars per 10^12 tokens).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Price {
    /// Per million tokens of input; at most 10^12.
    pub input_micro: u64,
    /// Per million tokens of output; at most 10^12.
    pub output_micro: u64,
}

/// What a model can be said to take or give.
const MOST_TOKENS: u32 = 1_000_000_000;

/// Reads every `[models.NAME]`. `providers` are the names that targets can use, by their index.
pub(crate) fn read(table: &ConfigTable<'_>, providers: &[&str]) -> Vec<ModelConfig> {
    let mut models = Vec::new();
    for (name, value) in table.named() {
        names::check_model(table.source, &value.at, name);
        let Some(table) = value.table() else { continue };
        if names::parted_by_a_dot(&table, "models", name, &["price"]) {
            continue;
        }
        let price = table.value("price").and_then(|value| read_price(&value)).unwrap_or_default();
        let fix = "give the targets, such as targets = [\"openai/gpt-4o\"]";
        let targets = table.required("targets", fix).map(|value| read_targets(&value, providers, price));
        let tokens = |key: &'static str| table.value(key).and_then(|value| value.whole(1..=MOST_TOKENS));
        let (max_output_tokens, context_window) = (tokens("max_output_tokens"), tokens("context_window"));
        table.finish();
        let (name, targets) = (name.to_owned(), targets.unwrap_or_default());
        models.push(ModelConfig { name, targets, max_output_tokens, context_window });
    }
    models
}

fn read_targets(value: &ConfigValue<'_>, providers: &[&str], price: Price) -> Vec<TargetConfig> {
    let items = value.items().unwrap_or_default();
    if items.is_empty() && value.toml.is_array() {
        value.problem("names no target", "give at least one, such as \"openai/gpt-4o\"");
    }
    let mut targets: Vec<TargetConfig> = Vec::with_capacity(items.len());
    for item in items {
        let target = match item.toml {
            DeValue::String(_) => short_target(&item, providers, price),
            DeValue::Table(_) => long_target(&item, providers, price),
            _ => {
                let fix = "give \"provider/model\" or { provider = …, model = … }";
                item.problem(format!("is {}", crate::value::with_article(item.toml.type_str())), fix);
                None
            }
        };
        let Some(target) = target else { continue };
        if targets.iter().any(|known| known.provider == target.provider && known.model == target.model) {
            item.problem("stands there twice", "remove one; retries go to the same target by themselves");
        }
        targets.push(target);
    }
    targets
}

/// `provider/model`; the first slash parts the two, for models have slashes in their names.
fn short_target(item: &ConfigValue<'_>, providers: &[&str], price: Price) -> Option<TargetConfig> {
    let text = item.text()?;
    let Some((provider, model)) = text.value.split_once('/') else {
        let fix = "write \"provider/model\", such as \"openai/gpt-4o\"";
        item.problem(format!("{} has no provider", text.quote()), fix);
        return None;
    };
    names::check_model(item.source, &item.at, model);
    let provider = provider::find(providers, provider, &text.quote(), item)?;
    Some(TargetConfig { provider, model: model.to_owned(), price })
}

/// `{ provider = "…", model = "…", price = { … } }`.
fn long_target(item: &ConfigValue<'_>, providers: &[&str], price: Price) -> Option<TargetConfig> {
    let table = item.table()?;
    let provider = table.required("provider", "name a provider").and_then(|value| {
        let text = value.text()?;
        provider::find(providers, &text.value, &text.quote(), &value)
    });
    let model = table.required("model", "say what the provider calls the model").and_then(|value| {
        let text = value.text()?;
        names::check_model(value.source, &value.at, &text.value);
        Some(text.value)
    });
    let price = table.value("price").and_then(|value| read_price(&value)).unwrap_or(price);
    table.finish();
    Some(TargetConfig { provider: provider?, model: model?, price })
}

/// `{ input = 2.5, output = 10 }`, in US dollars per million tokens.
fn read_price(value: &ConfigValue<'_>) -> Option<Price> {
    let table = value.table()?;
    let fix = "give US dollars per million tokens, such as { input = 2.5, output = 10 }";
    let input = table.required("input", fix).and_then(|value| micro(&value));
    let output = table.required("output", fix).and_then(|value| micro(&value));
    table.finish();
    Some(Price { input_micro: input?, output_micro: output? })
}

/// US dollars as millionths of one: 0 to a million dollars, at most six decimal places.
fn micro(value: &ConfigValue<'_>) -> Option<u64> {
    const FIX: &str = "give US dollars per million tokens: 0 to 1,000,000, at most six decimal places";
    let dollars = match value.toml {
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n.to_string()),
        DeValue::Float(n) => Some(n.as_str().to_owned()),
        _ => {
            value.problem(format!("is {}", crate::value::with_article(value.toml.type_str())), FIX);
            return None;
        }
    };
    let micro = dollars.and_then(|dollars| dollars.parse::<f64>().ok()).map(|dollars| dollars * 1e6);
    // A double holds every multiple of a millionth up to the bound far better than to a thousandth of one.
    let fits = |micro: &f64| (0.0..=1e12).contains(micro) && (micro - micro.round()).abs() < 1e-3;
    let Some(micro) = micro.filter(fits) else {
        value.problem("is not a price", FIX);
        return None;
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(micro.round() as u64) // 0 to 10^12, as checked above
}

impl ModelConfig {
    /// What is known of it: what the file says, else what holds of each of its targets that the catalogue knows. Looks every
    /// target up, so that nobody asks for each request.
    #[must_use]
    pub fn fact(&self) -> ModelFact {
        let known = self.targets.iter().filter_map(|target| model_fact(&target.model)).reduce(ModelFact::of_either);
        self.with_what_the_file_says(known.unwrap_or_default())
    }

    /// What is known of it where this target answers, who may take more than another.
    #[must_use]
    pub fn fact_at(&self, target: &TargetConfig) -> ModelFact {
        self.with_what_the_file_says(model_fact(&target.model).unwrap_or_default())
    }

    fn with_what_the_file_says(&self, fact: ModelFact) -> ModelFact {
        let (context, output) = (self.context_window.or(fact.context), self.max_output_tokens.or(fact.output));
        ModelFact { context, output, ..fact }
    }

    /// Tells what its keys say; of targets the providers' names.
    pub(crate) fn tell(&self, providers: &[provider::ProviderConfig], told: &mut ToldTable) {
        // All of them, so that one that is added cannot be left out.
        let Self { name: _, targets, max_output_tokens, context_window } = self;
        told.open("targets", list(targets.iter().map(|target| show_target(target, providers))));
        told.open("price", list(targets.iter().map(|target| show_price(target.price))));
        for (key, tokens) in [("max_output_tokens", max_output_tokens), ("context_window", context_window)] {
            told.open(key, tokens.map_or_else(|| "the catalogue's".to_owned(), |tokens| tokens.to_string()));
        }
    }
}

/// The price in US dollars, as the file has it.
fn show_price(price: Price) -> String {
    let Price { input_micro, output_micro } = price;
    let dollars = |micro: u64| {
        let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    format!("{{ input = {}, output = {} }}", dollars(input_micro), dollars(output_micro))
}

/// The target as the short form of the file has it.
fn show_target(target: &TargetConfig, providers: &[provider::ProviderConfig]) -> String {
    let TargetConfig { provider, model, price: _ } = target;
    let provider = providers.get(*provider).map_or("?", |provider| provider.name.as_str());
    syntax::quoted(&format!("{provider}/{model}"))
}
