//! Whose model is asked.

use crate::wire::Vendor;

/// Words in names of models on Bedrock, and who made those: the name begins with its maker's, behind an optional region
/// (User Guide, "Supported foundation models").
const MAKERS: [(&str, Vendor); 18] = [
    ("anthropic", Vendor::Anthropic),
    ("claude", Vendor::Anthropic),
    ("amazon.", Vendor::Amazon),
    ("nova", Vendor::Amazon),
    ("titan", Vendor::Amazon),
    ("openai", Vendor::Other),
    ("gpt-oss", Vendor::Other),
    ("xai.", Vendor::Other),
    ("grok", Vendor::Other),
    ("meta.", Vendor::Other),
    ("llama", Vendor::Other),
    ("mistral", Vendor::Other),
    ("cohere", Vendor::Other),
    ("deepseek", Vendor::Other),
    ("ai21", Vendor::Other),
    ("qwen", Vendor::Other),
    ("writer", Vendor::Other),
    ("google", Vendor::Other),
];

/// Whose model a name on Bedrock is, as far as it says so: whose signatures it reads. A name that does not, such as that of an
/// inference profile of the account's own, is taken for one of Anthropic's, whose models alone sign on Bedrock.
#[must_use]
pub fn vendor_of_model(model: &str) -> Vendor {
    let model = model.to_ascii_lowercase();
    MAKERS.iter().find(|(word, _)| model.contains(word)).map_or(Vendor::Anthropic, |(_, vendor)| *vendor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_says_who_made_it() {
        for (model, vendor) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Vendor::Anthropic),
            ("arn:aws:bedrock:us-east-1:1:inference-profile/eu.amazon.nova-2-lite-v1:0", Vendor::Amazon),
            ("amazon.nova-pro-v1:0", Vendor::Amazon),
            ("meta.llama3-3-70b-instruct-v1:0", Vendor::Other),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", Vendor::Anthropic),
        ] {
            assert_eq!(vendor_of_model(model), vendor, "{model}");
        }
    }
}
