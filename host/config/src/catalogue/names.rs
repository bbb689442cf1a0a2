//! The names that one model goes by at many providers.

/// What stands before the vendor in Bedrock's names of models that several regions share.
const REGIONS: [&str; 9] = ["us-gov.", "global.", "apac.", "us.", "eu.", "jp.", "au.", "ca.", "sa."];

/// Vendors, as Bedrock writes them before a model's name.
const VENDORS: [&str; 16] = [
    "ai21.",
    "amazon.",
    "anthropic.",
    "cohere.",
    "deepseek.",
    "google.",
    "meta.",
    "minimax.",
    "mistral.",
    "moonshot.",
    "moonshotai.",
    "nvidia.",
    "openai.",
    "qwen.",
    "writer.",
    "zai.",
];

/// What routers put behind a name to say how it is served.
const ROUTES: [&str; 5] = [":exacto", ":floor", ":free", ":nitro", "@default"];

/// The names to look a model up by, the whole one first, then less and less of it: without what stands before it, then without
/// each thing that stands behind it. At least one and at most ten, all of them in lower case and with `-` in place of dots.
#[must_use]
pub fn model_names(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let mut names = vec![plain(&name)];
    let mut rest = without_what_is_before(&name);
    while names.len() < 10 {
        let next = plain(rest);
        if names.last() != Some(&next) {
            names.push(next);
        }
        let Some(shorter) = without_last(rest).filter(|shorter| !shorter.is_empty()) else { break };
        rest = shorter;
    }
    names
}

fn plain(name: &str) -> String {
    name.replace('.', "-")
}

fn without_what_is_before(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = REGIONS.iter().find_map(|region| name.strip_prefix(region)).unwrap_or(name);
    VENDORS.iter().find_map(|vendor| name.strip_prefix(vendor)).unwrap_or(name)
}

/// The name without the last of what providers put behind it; none if it ends in nothing of the kind.
fn without_last(name: &str) -> Option<&str> {
    let route = ROUTES.iter().find_map(|route| name.strip_suffix(route));
    if let Some(rest) = route.or_else(|| name.strip_suffix("-latest")) {
        return Some(rest);
    }
    let (rest, last) = name.rsplit_once(['-', '@'])?;
    if is_digits(last, 8) || is_version(last) {
        return Some(rest);
    }
    // A date with dashes in it.
    let (rest, day) = name.rsplit_once('-')?;
    let (rest, month) = rest.rsplit_once('-')?;
    let (rest, year) = rest.rsplit_once('-')?;
    (is_digits(day, 2) && is_digits(month, 2) && is_digits(year, 4)).then_some(rest)
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

/// Bedrock's `v1` and `v1:0`, or Google's `001`.
fn is_version(text: &str) -> bool {
    let is_googles = is_digits(text, 3) && text.starts_with('0');
    let number = text.strip_prefix('v').map(|rest| rest.split_once(':').unwrap_or((rest, "0")));
    let is_number = |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    is_googles || number.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::model_names;

    #[test]
    fn a_name_is_looked_up_whole_then_without_what_is_before_it_then_without_what_is_behind_it() {
        for (name, names) in [
            ("gpt-4o", &["gpt-4o"][..]),
            ("gpt-4.1-mini-2025-04-14", &["gpt-4-1-mini-2025-04-14", "gpt-4-1-mini"]),
            (
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                &[
                    "us-anthropic-claude-sonnet-4-5-20250929-v1:0",
                    "claude-sonnet-4-5-20250929-v1:0",
                    "claude-sonnet-4-5-20250929",
                    "claude-sonnet-4-5",
                ],
            ),
            ("anthropic/claude-sonnet-4.5", &["anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"]),
            ("claude-haiku-4-5@20251001", &["claude-haiku-4-5@20251001", "claude-haiku-4-5"]),
            (
                "models/gemini-2.0-flash-001",
                &["models/gemini-2-0-flash-001", "gemini-2-0-flash-001", "gemini-2-0-flash"],
            ),
            ("amazon.nova-lite-v1:0", &["amazon-nova-lite-v1:0", "nova-lite-v1:0", "nova-lite"]),
            ("accounts/fireworks/models/Kimi-K2", &["accounts/fireworks/models/kimi-k2", "kimi-k2"]),
            ("mistral-large-latest", &["mistral-large-latest", "mistral-large"]),
            ("qwen/qwen3-32b:free", &["qwen/qwen3-32b:free", "qwen3-32b:free", "qwen3-32b"]),
            ("llama3.1:8b", &["llama3-1:8b"]),
            ("mistral-large-2411", &["mistral-large-2411"]),
            ("v1", &["v1"]),
            ("-20250101", &["-20250101"]),
            ("", &[""]),
        ] {
            assert_eq!(model_names(name), names, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_has_one_to_ten_names_none_twice_in_a_row(name in ".{0,200}") {
            let names = model_names(&name);
            prop_assert!((1..=10).contains(&names.len()));
            prop_assert!(names.windows(2).all(|two| two[0] != two[1]));
        }
    }
}
