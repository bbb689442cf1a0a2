//! `load(file) -> a configuration in which nothing is wrong, or everything that is`
//!
//! Weir is configured by one TOML file. This crate reads it into plain data ([`Config`]) that the other crates can
//! trust: every name that it refers to exists, every value is within its bounds, every path is absolute. Reading never
//! stops at the first mistake: all of them are reported together, each with its line, its key and what to do about it,
//! and unknown keys are mistakes.
//!
//! What holds for every value:
//! - sizes are `"32KiB"`, `"10MB"` or a number of bytes; durations are `"250ms"`, `"10s"`, `"5m"`, `"1h"`;
//! - `${NAME}` in a string is an environment variable, `${NAME:-default}` one with a default, and `$${` stands for `${`;
//! - a secret may be `"file:PATH"`, the path of a file that holds it;
//! - what files say that a value names is part of the configuration, and `Config::files` lists them;
//! - relative paths start from the folder of the configuration file.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod authorities;
mod binding;
mod ca_file;
mod callouts;
mod catalogue;
mod compile;
mod config;
mod cors;
mod diff;
mod dropped;
mod expand;
pub mod file;
mod glob;
mod grants;
mod host;
mod isolation;
mod json;
mod keys;
mod limits;
mod listen;
mod log;
mod metrics;
mod model;
mod names;
mod overrides;
mod plugin_limits;
mod plugin_settings;
mod plugins;
mod problem;
mod provider;
mod revoke;
mod secret;
mod server;
mod shares;
mod shown;
mod sidecar;
mod source;
mod suggest;
mod syntax;
mod table;
mod tenant;
mod tokens;
mod told;
mod units;
mod url;
mod value;
mod versions;
mod window;

pub use authorities::Authorities;
pub use binding::Binding;
pub use callouts::{Allowed, Callouts};
pub use catalogue::models::{Modality, ModelAbility, ModelFact, model_fact};
pub use catalogue::names::model_names;
pub use catalogue::quirks::{Quirk, Quirks};
pub use catalogue::row::{AuthStyle, CatalogDialect, CatalogEndpoint, CatalogRow};
pub use catalogue::set::{CatalogSet, CatalogWord};
pub use catalogue::{catalog_row, catalogue, not_asked_yet};
pub use compile::CompileLimits;
pub use config::{Config, ConfigReading, Loaded, default_path, load, parse, pepper, read};
pub use cors::Cors;
pub use diff::diff;
pub use dropped::Dropped;
pub use file::{FileError, Looked, Stamp};
pub use glob::glob;
pub use grants::Grant;
pub use host::{HostFault, Hostname};
pub use isolation::Isolation;
pub use limits::Limits;
pub use listen::listen_address;
pub use log::{Log, check_log_level};
pub use metrics::MetricsConfig;
pub use model::{ModelConfig, Price, TargetConfig};
pub use overrides::Overrides;
pub use plugin_limits::{PluginLimit, PluginLimits, Tighter};
pub use plugin_settings::{OnFailure, PluginSettings};
pub use plugins::{FolderNamedBy, Plugins};
pub use problem::{Problem, Problems};
pub use provider::{
    CloudSettings, DemoDialect, HealthSettings, Http2, Http2Pings, OnClientGone, OnUnsupported, ProviderConfig,
    ProviderEndpoints, ProviderKey, ProviderKind, ServiceAccount,
};
pub use revoke::without_revoked;
pub use secret::Secret;
pub use server::Server;
pub use shares::PluginShares;
pub use sidecar::{Sidecar, sidecar};
pub use suggest::{fix as did_you_mean, hint as settings_hint, nearest as nearest_name};
pub use tenant::{KeyConfig, TenantConfig};
pub use units::counted;
pub use versions::Canary;
pub use window::Window;
