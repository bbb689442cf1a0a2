//! What `wit-bindgen` makes of `wit/weir-plugin.wit`: one module for each hook world, so that a plugin carries the
//! exports it asks for and no others. The lent data and the capabilities are generated once, in [`policy`], and shared.
#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unreachable,
    clippy::unwrap_used
)]

/// The `policy` hook, and every import.
pub mod policy {
    wit_bindgen::generate!({
        world: "policy-hook",
        path: "wit",
        pub_export_macro: true,
        export_macro_name: "export_policy",
        default_bindings_module: "weir_plugin::bindings::policy",
        additional_derives: [Clone, PartialEq, Eq],
        generate_unused_types: true,
    });
}

macro_rules! hook {
    ($module:ident, $world:literal, $macro_name:literal, $path:literal) => {
        pub mod $module {
            wit_bindgen::generate!({
                world: $world,
                path: "wit",
                pub_export_macro: true,
                export_macro_name: $macro_name,
                default_bindings_module: $path,
                additional_derives: [Clone, PartialEq, Eq],
                generate_unused_types: true,
                with: {
                    "weir:plugin/types@0.1.0": crate::bindings::policy::weir::plugin::types,
                    "weir:plugin/request@0.1.0": crate::bindings::policy::weir::plugin::request,
                    "weir:plugin/upstream@0.1.0": crate::bindings::policy::weir::plugin::upstream,
                    "weir:plugin/reply@0.1.0": crate::bindings::policy::weir::plugin::reply,
                    "weir:plugin/events@0.1.0": crate::bindings::policy::weir::plugin::events,
                    "weir:plugin/notes@0.1.0": crate::bindings::policy::weir::plugin::notes,
                    "weir:plugin/log@0.1.0": crate::bindings::policy::weir::plugin::log,
                    "weir:plugin/counters@0.1.0": crate::bindings::policy::weir::plugin::counters,
                    "weir:plugin/kv@0.1.0": crate::bindings::policy::weir::plugin::kv,
                    "weir:plugin/clock@0.1.0": crate::bindings::policy::weir::plugin::clock,
                    "weir:plugin/random@0.1.0": crate::bindings::policy::weir::plugin::random,
                    "weir:plugin/secrets@0.1.0": crate::bindings::policy::weir::plugin::secrets,
                    "weir:plugin/callouts@0.1.0": crate::bindings::policy::weir::plugin::callouts,
                },
            });
        }
    };
}

hook!(lifecycle, "lifecycle-hook", "export_lifecycle", "weir_plugin::bindings::lifecycle");
hook!(router, "router-hook", "export_router", "weir_plugin::bindings::router");
hook!(upstream_request, "upstream-request-hook", "export_upstream_request", "weir_plugin::bindings::upstream_request");
hook!(response, "response-hook", "export_response", "weir_plugin::bindings::response");
hook!(event, "event-hook", "export_event", "weir_plugin::bindings::event");
hook!(observe, "observe-hook", "export_observe", "weir_plugin::bindings::observe");
