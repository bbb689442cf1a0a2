//! What clouds want to know that take no plain key: whose account is asked, where, and who asks.

use super::kind::ProviderKind;
use super::only::{has_control, of_kind, word};
use super::service_account::{ServiceAccount, service_account};
use crate::catalogue::row::AuthStyle;
use crate::keys::{ConfigKey, keys};
use crate::secret::Secret;
use crate::table::ConfigTable;
use crate::told::{Tell as _, ToldTable};

keys! {
    /// What Bedrock and Vertex are told beside a request, or in place of a key.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CloudSettings(table, kind: ProviderKind), with defaults {
        /// The region of AWS, such as `eu-central-1`; empty where none is needed.
        pub region: String = String::new() => "region" RegionKey(kind);
        /// The public part of AWS' credentials, with which requests are signed; none where they are not.
        pub access_key_id: Option<Secret> = None => "access_key_id" AwsKey(kind, "AWS_ACCESS_KEY_ID", true);
        /// Their secret part; there if the public one is.
        pub secret_access_key: Option<Secret> = None => "secret_access_key" AwsKey(kind, "AWS_SECRET_ACCESS_KEY", true);
        /// What belongs to those that are given out for a time.
        pub session_token: Option<Secret> = None => "session_token" AwsKey(kind, "AWS_SESSION_TOKEN", false);
        /// The service account of Google's whose key is exchanged for tokens; none where a token is given.
        pub credentials: Option<ServiceAccount> = None => "credentials" CredentialsKey(kind);
        /// The project of Google's cloud; empty where there is none.
        pub project: String = String::new() => "project" GoogleKey(kind, "GOOGLE_CLOUD_PROJECT", "my-project", project_of(credentials.as_ref()));
        /// The location of Google's cloud, such as `europe-west4` or `global`; likewise.
        pub location: String = String::new() => "location" GoogleKey(kind, "GOOGLE_CLOUD_LOCATION", "europe-west4", None);
    }
}

/// The keys above, in the provider's own table.
pub(super) struct CloudKeys(pub(super) ProviderKind);

impl ConfigKey<CloudSettings> for CloudKeys {
    fn read(self, table: &ConfigTable<'_>, _: &'static str, _: CloudSettings) -> CloudSettings {
        CloudSettings::of(table, self.0)
    }

    fn tell(value: &CloudSettings, _: &str, told: &mut ToldTable) {
        value.tell(told);
    }
}

/// What a provider of AWS is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AwsProof {
    /// A token, or a header that the operator gave.
    Token,
    /// A signature with what the file says.
    File,
    /// A signature with what the environment says.
    Environment,
    /// There is nothing.
    Nothing,
}

fn aws_proof(table: &ConfigTable<'_>) -> AwsProof {
    if has_token(table) {
        AwsProof::Token
    } else if ["access_key_id", "secret_access_key", "session_token"].iter().any(|key| table.has(key)) {
        AwsProof::File
    } else if of_environment(table, "AWS_BEARER_TOKEN_BEDROCK").is_some() {
        AwsProof::Token
    } else if of_environment(table, "AWS_ACCESS_KEY_ID").is_some() {
        AwsProof::Environment
    } else {
        AwsProof::Nothing
    }
}

/// Whether the file has what is sent as it is: then nothing is signed or exchanged.
fn has_token(table: &ConfigTable<'_>) -> bool {
    ["api_key", "api_keys"].iter().any(|key| table.has(key)) || has_authorization(table)
}

/// Whether the operator sends a header `authorization`.
pub(super) fn has_authorization(table: &ConfigTable<'_>) -> bool {
    let headers = table.value("headers");
    let names = headers.iter().filter_map(|headers| headers.toml.as_table()).flat_map(|headers| headers.keys());
    names.into_iter().any(|name| name.get_ref().eq_ignore_ascii_case("authorization"))
}

/// Whether a provider of this kind is shown something else than a key, so that none is looked for.
pub(super) fn needs_no_key(table: &ConfigTable<'_>, auth: AuthStyle) -> bool {
    match auth {
        AuthStyle::Gcp => true,
        AuthStyle::SigV4 => matches!(aws_proof(table), AwsProof::File | AwsProof::Environment),
        _ => false,
    }
}

/// What a variable says, if it says anything.
fn of_environment(table: &ConfigTable<'_>, name: &str) -> Option<String> {
    table.source.env()?(name).filter(|value| !value.is_empty())
}

struct RegionKey(ProviderKind);

impl ConfigKey<String> for RegionKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        const VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        let is_aws = self.0.auth() == AuthStyle::SigV4;
        let value = of_kind(table, key, (self.0, is_aws, "bedrock"));
        let is_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if let Some(text) = value.as_ref().and_then(|value| word(value, REGION)) {
            if !text.bytes().all(is_region)
                && let Some(value) = &value
            {
                let fix = format!("give one such as \"{REGION}\"");
                value.problem(format!("\"{text}\" is not a region's name"), fix);
            }
            return text;
        }
        if !is_aws || value.is_some() {
            return default;
        }
        let found = VARIABLES.iter().find_map(|name| of_environment(table, name));
        if let Some(region) = found.filter(|region| region.bytes().all(is_region)) {
            return region;
        }
        let is_signed = needs_no_key(table, AuthStyle::SigV4);
        if is_signed || !table.has("base_url") {
            let what = "is missing, and the environment has no region's name in AWS_REGION or AWS_DEFAULT_REGION";
            table.source.problem(&table.at_of(key), what, format!("give one such as \"{REGION}\", or set AWS_REGION"));
        }
        default
    }

    fn tell(value: &String, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

/// How a region's name looks.
const REGION: &str = "eu-central-1";

/// One of the parts of AWS' credentials, the variable that has it, and whether signing needs it.
struct AwsKey(ProviderKind, &'static str, bool);

impl ConfigKey<Option<Secret>> for AwsKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Secret>) -> Option<Secret> {
        let Self(kind, variable, is_needed) = self;
        let is_aws = kind.auth() == AuthStyle::SigV4;
        let value = of_kind(table, key, (kind, is_aws, "bedrock"));
        if !is_aws {
            return default;
        }
        let missing = |what: &str| {
            let fix = "give both access_key_id and secret_access_key, or api_key in their place";
            table.source.problem(&table.at_of(key), what, fix);
        };
        match (aws_proof(table), value) {
            (AwsProof::Token, Some(value)) => {
                value.problem("signs nothing where a key or a header is sent in its place", "keep one of the two");
                None
            }
            (AwsProof::File, Some(value)) => {
                let secret = value.secret()?;
                if secret.is_empty() || has_control(secret.expose()) {
                    value.problem("is empty, or holds a control character", "give one line of text");
                }
                Some(secret)
            }
            (AwsProof::File, None) if is_needed => {
                missing("is missing, and requests are signed with it");
                None
            }
            (AwsProof::Environment, _) => {
                let found = of_environment(table, variable).filter(|value| !has_control(value));
                if found.is_none() && is_needed {
                    missing(&format!("is missing, and the environment has nothing to sign with in {variable}"));
                }
                found.map(Secret::new)
            }
            _ => default,
        }
    }

    fn tell(value: &Option<Secret>, key: &str, told: &mut ToldTable) {
        if let Some(secret) = value {
            told.hidden(key, secret.expose());
        }
    }
}

struct CredentialsKey(ProviderKind);

impl ConfigKey<Option<ServiceAccount>> for CredentialsKey {
    fn read(
        self,
        table: &ConfigTable<'_>,
        key: &'static str,
        default: Option<ServiceAccount>,
    ) -> Option<ServiceAccount> {
        const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
        let is_google = self.0.auth() == AuthStyle::Gcp;
        let value = of_kind(table, key, (self.0, is_google, "vertex"));
        if !is_google {
            return default;
        }
        match value {
            Some(value) if has_token(table) => {
                value.problem("is exchanged for nothing where a key or a header is sent", "keep one of the two");
                None
            }
            Some(value) => service_account(table.source, &value.at, &value.text()?.value),
            None if has_token(table) => None,
            None => match of_environment(table, VARIABLE) {
                Some(path) => service_account(table.source, &table.at_of(key), &path),
                None => {
                    let what = format!("is missing, and the environment has nothing in {VARIABLE}");
                    let fix = format!("give the path of a service account's key file, or set {VARIABLE}");
                    table.source.problem(&table.at_of(key), what, fix);
                    None
                }
            },
        }
    }

    fn tell(value: &Option<ServiceAccount>, key: &str, told: &mut ToldTable) {
        if let Some(account) = value {
            told.hidden(key, account.told());
        }
    }
}

fn project_of(account: Option<&ServiceAccount>) -> Option<String> {
    account.and_then(|account| account.project.clone())
}

/// A word of Google's cloud, the variable that has it, how one looks, and what is taken where nobody says it.
struct GoogleKey(ProviderKind, &'static str, &'static str, Option<String>);

impl ConfigKey<String> for GoogleKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        let Self(kind, variable, such_as, known) = self;
        let is_google = kind.auth() == AuthStyle::Gcp;
        let value = of_kind(table, key, (kind, is_google, "vertex"));
        if !is_google || value.is_some() {
            return value.and_then(|value| word(&value, such_as)).unwrap_or(default);
        }
        let is_plain = |text: &String| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        let found = of_environment(table, variable).or(known).filter(is_plain);
        found.unwrap_or_else(|| {
            let what = format!("is missing, and the environment has nothing of the kind in {variable}");
            table.source.problem(&table.at_of(key), what, format!("give one such as \"{such_as}\", or set {variable}"));
            default
        })
    }

    fn tell(value: &String, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}
