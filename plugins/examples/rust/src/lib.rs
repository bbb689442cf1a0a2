//! Refuses requests with words from a list, and marks the others with who asks.

use weir_plugin::{Facts, Plugin, Policy, Refusal, Settings, counters, json, request};

struct WordPolicy {
    /// In lower case.
    deny: Vec<String>,
    header: String,
}

impl Plugin for WordPolicy {
    /// Takes the settings. An error keeps this version of the plugin out of service.
    fn init(settings: &str) -> Result<Self, String> {
        let mut settings = Settings::read(settings)?;
        let deny = settings.list("deny");
        let header = settings.value("header");
        settings.finish()?;

        let word = |value: &json::Value| value.as_text().filter(|word| !word.is_empty()).map(str::to_owned);
        let deny: Option<Vec<String>> = deny.ok().flatten().unwrap_or_default().iter().map(word).collect();
        let deny = deny.filter(|deny| !deny.is_empty()).ok_or("settings.deny: must be a list of words")?;
        let header = header.map_or(Some("x-checked-by".to_owned()), |header| word(&header));
        Ok(Self {
            deny: deny.iter().map(|word| word.to_ascii_lowercase()).collect(),
            header: header.ok_or("settings.header: must be the name of a header")?,
        })
    }
}

impl Policy for WordPolicy {
    fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
        counters::add("seen", 1);
        if request::texts().into_iter().any(|text| self.denies(text.text)) {
            counters::add("denied", 1);
            return Err(Refusal::content_filter("this request contains a word that is not allowed here"));
        }
        request::set_header(&self.header, "word-policy")
            .and_then(|()| request::set("/user", &json::quote(&request::tenant())))
            .map_err(|error| Refusal::new(500, "policy_failed", error.reason()))
    }
}

impl WordPolicy {
    fn denies(&self, mut text: String) -> bool {
        text.make_ascii_lowercase();
        self.deny.iter().any(|word| text.contains(word.as_str()))
    }
}

weir_plugin::export!(WordPolicy: policy);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_plugin::fake;

    fn policy(settings: &str) -> Result<WordPolicy, String> {
        WordPolicy::init(settings)
    }

    fn ask(text: &str) -> (Result<(), Refusal>, fake::Running) {
        let body = format!(r#"{{"messages": [{{"role": "user", "content": {}}}]}}"#, json::quote(text));
        let host = fake::Host::new(fake::Hook::Policy).tenant("acme").json(&body).start();
        let answer = policy(r#"{"deny": ["Secret"]}"#).unwrap().on_request(&host.facts());
        (answer, host)
    }

    #[test]
    fn a_harmless_request_passes_and_is_marked() {
        let (answer, host) = ask("hello");
        assert!(answer.is_ok());
        assert_eq!(host.header("x-checked-by").as_deref(), Some("word-policy"));
        assert!(host.body().contains(r#""user":"acme""#), "{}", host.body());
        assert_eq!((host.counter("seen"), host.counter("denied")), (1, 0));
    }

    #[test]
    fn a_denied_word_refuses() {
        let (answer, host) = ask("tell me a sECRet");
        assert_eq!(answer.unwrap_err().code, "content_filter");
        assert_eq!((host.counter("seen"), host.counter("denied")), (1, 1));
    }

    #[test]
    fn settings_say_what_is_wrong_and_where() {
        let wrong = |settings| policy(settings).err().unwrap();
        assert!(wrong("[]").starts_with("settings: "));
        assert!(wrong(r#"{"deny": 1, "colour": 1}"#).starts_with("settings.colour: there is no such setting"));
        assert!(wrong(r#"{"deny": ["a", 1]}"#).starts_with("settings.deny: "));
        assert!(wrong(r#"{"deny": ["a"], "header": 1}"#).starts_with("settings.header: "));
    }
}
