//! The macro that makes a component of a type.

/// Exports a plugin: `weir_plugin::export!(MyPlugin: policy, response);`, once for each component.
///
/// The hooks are `policy`, `router`, `upstream_request`, `response`, `event` and `observe`; the type must implement
/// [`Plugin`](crate::Plugin) and the trait of each hook named. The component exports these and `lifecycle`, nothing else,
/// so the gateway does no work for the others. On targets other than wasm32 only the types are checked.
///
/// ```compile_fail
/// # use weir_plugin::Plugin;
/// struct Mine;
/// impl Plugin for Mine {
///     fn init(_: &str) -> Result<Self, String> {
///         Ok(Self)
///     }
/// }
/// weir_plugin::export!(Mine: polcy); // there is no hook `polcy`
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ty : $($hook:ident),+ $(,)?) => {
        #[allow(unsafe_code)]
        const _: () = {
            struct Exports;
            ::std::thread_local! {
                static PLUGIN: $crate::glue::Slot<$plugin> = const { $crate::glue::Slot::new() };
            }
            impl $crate::bindings::lifecycle::exports::weir::plugin::lifecycle::Guest for Exports {
                fn init(settings: ::std::string::String) -> ::std::result::Result<(), ::std::string::String> {
                    PLUGIN.with(|slot| slot.init(&settings))
                }
            }
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::lifecycle::export_lifecycle!(Exports with_types_in $crate::bindings::lifecycle);
            $($crate::__export_hook!($hook, Exports, PLUGIN);)+
        };
    };
}

/// Ships a JSON schema for the plugin's settings in the component, where the gateway finds it and holds the settings
/// against it: `weir_plugin::settings_schema!("settings.schema.json");`, a path from the source file, once for each
/// component. On targets other than wasm32 it does nothing.
#[macro_export]
macro_rules! settings_schema {
    ($path:literal) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            const TEXT: &[u8] = ::std::include_bytes!($path);
            #[used]
            #[unsafe(link_section = "weir:settings-schema")]
            static SCHEMA: [u8; TEXT.len()] = *::std::include_bytes!($path);
        };
    };
}

/// One arm for each hook: the generated trait, answered by the plugin in its slot.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_hook {
    (policy, $exports:ident, $slot:ident) => {
        impl $crate::bindings::policy::exports::weir::plugin::policy::Guest for $exports {
            fn on_request(facts: $crate::Facts) -> ::std::result::Result<(), $crate::Refusal> {
                $slot.with(|slot| $crate::Policy::on_request(slot.plugin()?, &facts))
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::policy::export_policy!($exports with_types_in $crate::bindings::policy);
    };
    (router, $exports:ident, $slot:ident) => {
        impl $crate::bindings::router::exports::weir::plugin::router::Guest for $exports {
            fn route(
                facts: $crate::Facts,
                candidates: ::std::vec::Vec<$crate::Candidate>,
            ) -> ::std::result::Result<$crate::Routing, $crate::Refusal> {
                $slot.with(|slot| $crate::Router::route(slot.plugin()?, &facts, &candidates))
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::router::export_router!($exports with_types_in $crate::bindings::router);
    };
    (upstream_request, $exports:ident, $slot:ident) => {
        impl $crate::bindings::upstream_request::exports::weir::plugin::upstream_request::Guest for $exports {
            fn on_attempt(
                facts: $crate::Facts,
                attempt: u32,
            ) -> ::std::result::Result<(), $crate::Refusal> {
                $slot.with(|slot| $crate::UpstreamRequest::on_attempt(slot.plugin()?, &facts, attempt))
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::upstream_request::export_upstream_request!(
            $exports with_types_in $crate::bindings::upstream_request
        );
    };
    (response, $exports:ident, $slot:ident) => {
        impl $crate::bindings::response::exports::weir::plugin::response::Guest for $exports {
            fn on_response(facts: $crate::Facts, status: u16) -> ::std::result::Result<(), $crate::Refusal> {
                $slot.with(|slot| $crate::Response::on_response(slot.plugin()?, &facts, status))
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::response::export_response!($exports with_types_in $crate::bindings::response);
    };
    (event, $exports:ident, $slot:ident) => {
        impl $crate::bindings::event::exports::weir::plugin::event::Guest for $exports {
            fn on_events(
                facts: $crate::Facts,
                events: ::std::vec::Vec<$crate::StreamEvent>,
                last: bool,
            ) -> ::std::result::Result<::std::vec::Vec<$crate::Edit>, $crate::Refusal> {
                $slot.with(|slot| $crate::Event::on_events(slot.plugin()?, &facts, &events, last))
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::event::export_event!($exports with_types_in $crate::bindings::event);
    };
    (observe, $exports:ident, $slot:ident) => {
        impl $crate::bindings::observe::exports::weir::plugin::observe::Guest for $exports {
            fn on_finished(facts: $crate::Facts, outcome: $crate::Outcome) {
                $slot.with(|slot| {
                    if let ::std::result::Result::Ok(plugin) = slot.plugin() {
                        $crate::Observe::on_finished(plugin, &facts, &outcome);
                    }
                });
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::observe::export_observe!($exports with_types_in $crate::bindings::observe);
    };
    ($other:ident, $exports:ident, $slot:ident) => {
        ::std::compile_error!(::std::concat!(
            "there is no hook `",
            ::std::stringify!($other),
            "`; the hooks are policy, router, upstream_request, response, event and observe"
        ));
    };
}
