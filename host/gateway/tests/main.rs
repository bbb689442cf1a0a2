//! Everything that the gateway promises, tried through its front door: one program for all of it, so that what the tests
//! share is compiled and linked once.
//!
//! A file beside this one is a module here; `cargo test -p weir --test gateway streaming::` runs those of one file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod guest;
mod places;
mod support;

mod admin;
mod admin_kept;
mod alike;
mod answers;
mod authorities;
mod bindings;
mod broken_at_start;
mod bulk_work;
mod bundled;
mod burst;
mod callout_rules;
mod callouts;
mod canary;
mod capabilities;
mod ceilings;
mod choices;
mod cli;
mod coded_bodies;
mod coded_memory;
mod codings_of_answers;
mod cold_http2;
mod compile_bombs;
mod compiled_cache;
mod containment;
mod cors;
mod crowded_folders;
mod dead_http2;
mod dead_paths;
mod decided;
mod direct_alike;
mod documented;
mod documented_sentences;
mod drain;
mod errors_seen;
mod estimates;
mod events;
mod failover;
mod first_steps;
mod forwarding;
mod grants;
mod half_guards;
mod half_written;
mod health;
mod held_words;
mod hooks;
mod hot_reload;
mod http1;
mod http2;
mod http2_floods;
mod identify;
mod idle_files;
mod idle_memory;
mod irregular_files;
mod isolation;
mod judged;
mod kept;
mod last_calls;
mod last_words;
mod lawful;
mod limits;
mod log_lines;
mod loops;
mod many_choices;
mod memory;
mod mistakes;
mod named_files;
mod names;
mod names_to_install;
mod observed;
mod observers;
mod openai_python;
mod opening;
mod pieces;
mod plugin_folder;
mod plugin_mounts;
mod plugin_tool;
mod quotas;
mod read_once;
mod reasons;
mod refused_streams;
mod reload;
mod removed_plugins;
mod request_ids;
mod requests_corpus;
mod reserved;
mod reset_streams;
mod revocations;
mod revoked_signers;
mod running;
mod schema_bombs;
mod secrets;
mod series;
mod settled;
mod settled_http2;
mod shares;
mod signatures;
mod signed_versions;
mod sizes;
mod slow_readers;
mod slow_starts;
mod small_law;
mod stale;
mod stale_http2;
mod standing;
mod streaming;
mod swaps;
mod tenant_links;
mod told;
mod trials;
mod unreadable;
mod untaken;
mod upstream_corpus;
mod upstream_tls;
mod villains;
mod waits;
mod wholeness;
mod window;

#[test]
fn every_file_of_tests_is_a_part_of_this_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let source = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else { continue };
        assert!(source.contains(&format!("\nmod {module};\n")), "`mod {module};` is missing in tests/main.rs");
    }
}
