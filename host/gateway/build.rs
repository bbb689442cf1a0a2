//! Tells the program which build it is, since whoever measures one has to say what was measured.
#![allow(clippy::print_stdout, reason = "a build script speaks to cargo on its standard output")]

use std::env;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=WEIR_GUIDED");
    // `target/[TRIPLE/]PROFILE/build/weir-HASH/out`: cargo says the name of a profile in no other place.
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    let profile =
        Path::new(&out).ancestors().nth(3).and_then(|folder| folder.file_name()?.to_str()).unwrap_or("unknown");
    let guided = if env::var_os("WEIR_GUIDED").is_some() { ", guided" } else { "" };
    println!("cargo:rustc-env=WEIR_BUILD={profile}{guided}");
}
