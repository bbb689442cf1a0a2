//! `log`.

use super::super::state::call;
use crate::log::Level;

pub(crate) fn write(level: Level, message: &str) {
    let line = message.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] });
    call(|state| state.logs.push((level, line.collect())));
}
