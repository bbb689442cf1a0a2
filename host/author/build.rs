//! What `include_dir!` takes in is compiled anew when it changes, which cargo does not see by itself.
#![allow(clippy::print_stdout)]

fn main() {
    for part in ["plugin-sdk/src", "plugin-sdk/templates"] {
        println!("cargo:rerun-if-changed=../../{part}");
    }
}
