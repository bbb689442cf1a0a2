//! Whether the plugin folder is still the one that served: a folder that is away is no order to drop the policies in it.

use crate::error::LoadError;
use weir_config::Plugins;
use weir_config::file::{FileError, Folder};

/// The plugin folder as it was last found.
#[derive(Debug, Default)]
pub(super) struct Home(Option<Folder>);

impl Home {
    /// Looks whether the folder is there. `serving` says whether anything that applies by its place came from it.
    ///
    /// # Errors
    /// [`LoadError::Folder`] if it was named, or was there before, and is not there now; also if it is no folder, cannot be
    /// read, or is another one that stands in its place: what is left where something was mounted.
    pub(super) fn look(&mut self, plugins: &Plugins, serving: bool) -> Result<(), LoadError> {
        let folder = &plugins.folder;
        let away = |why: String| Err(LoadError::Folder { path: folder.clone(), why });
        let found = match Folder::at(folder) {
            Ok(found) => found,
            // By default there need be none.
            Err(why) if why.is_missing() && !plugins.folder_is_named && self.0.is_none() => return Ok(()),
            Err(why) if why.is_missing() => return away("is not there".to_owned()),
            Err(why @ (FileError::Io(_) | FileError::Slow)) => return away(why.to_string()),
            Err(why) => return away(why.to_string()),
        };
        if let Some(known) = self.0.filter(|known| serving && !known.is(&found)) {
            if known.is_mount && !found.is_mount {
                return away("is not mounted any more".to_owned());
            }
            if found.is_empty {
                return away("is another folder than it was, and empty".to_owned());
            }
        }
        self.0 = Some(found);
        Ok(())
    }
}
