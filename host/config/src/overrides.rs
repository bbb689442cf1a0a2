//! What the command line says in place of the file.

use std::net::SocketAddr;
use std::path::PathBuf;

/// What the command line says, which beats the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// In place of `server.listen`.
    pub listen: Option<SocketAddr>,
    /// In place of `server.admin`.
    pub admin: Option<SocketAddr>,
    /// In place of `plugins.folder`; relative to the working folder.
    pub plugins: Option<PathBuf>,
}
