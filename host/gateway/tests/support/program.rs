//! The program that is tested, and what belongs to it.

use std::env::var_os;
use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The program that is tested: this build's, or the one that `WEIR_TEST_GATEWAY` names, which shows what a test says of
/// another build.
pub fn weir() -> PathBuf {
    var_os("WEIR_TEST_GATEWAY").map_or_else(|| env!("CARGO_BIN_EXE_weir").into(), PathBuf::from)
}

/// The folder of the bundled plugins: the workspace's, or the one that `WEIR_TEST_PLUGINS` names, for a build that cannot load
/// today's.
pub fn installed() -> PathBuf {
    var_os("WEIR_TEST_PLUGINS").map_or_else(|| root().join("plugins/installed"), PathBuf::from)
}

/// Where compiled plugins are kept between tests, so that each is compiled once; apart from another build's.
pub fn cache() -> PathBuf {
    let name = if var_os("WEIR_TEST_GATEWAY").is_some() { "compiled-by-another" } else { "compiled" };
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
