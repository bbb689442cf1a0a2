//! An AI gateway's work as an Envoy filter: key check, request limit, JSON parse, header mutation, usage metering.
//!
//! Configured by JSON: `{"keys": {KEY: TENANT}, "models": [MODEL], "upstream_key": KEY, "per_minute": N}`.

mod filter;
mod limit;
mod metering;
mod settings;

use std::rc::Rc;
use std::time::UNIX_EPOCH;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

use filter::Filter;
use settings::Settings;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| Box::<Root>::default());
}}

/// One per worker of Envoy.
#[derive(Default)]
struct Root {
    /// When this worker's machine started, which no other's did: the beginning of its request ids.
    started: u128,
    settings: Option<Rc<Settings>>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        let now = self.get_current_time().duration_since(UNIX_EPOCH);
        self.started = now.unwrap_or_default().as_nanos();
        true
    }

    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        match Settings::parse(&configuration) {
            Ok(settings) => {
                self.settings = Some(Rc::new(settings));
                true
            }
            Err(problem) => {
                // Nothing is left to tell it to if the log does not take it.
                let _logged = hostcalls::log(LogLevel::Error, &format!("the filter's configuration: {problem}"));
                false
            }
        }
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let settings = self.settings.as_ref()?;
        Some(Box::new(Filter::new(format!("{:x}-{context:x}", self.started), Rc::clone(settings))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
