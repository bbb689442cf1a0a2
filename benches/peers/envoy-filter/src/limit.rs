//! Requests per minute, counted for all workers together in Envoy's shared data.

use std::time::UNIX_EPOCH;

use proxy_wasm::hostcalls;
use proxy_wasm::types::Status;

/// How often a count is tried again after another worker's came between.
const TRIES: u32 = 64;

/// Counts a request; whether it is within the limit of a fixed window of one minute.
pub(crate) fn admits(tenant: &str, per_minute: u64) -> bool {
    let now = hostcalls::get_current_time().ok().and_then(|now| now.duration_since(UNIX_EPOCH).ok());
    let minute = now.unwrap_or_default().as_secs() / 60;
    let name = format!("requests {tenant}");
    for _ in 0..TRIES {
        let Ok((kept, version)) = hostcalls::get_shared_data(&name) else { return true };
        let seen = match kept.as_deref().and_then(window) {
            Some((of, seen)) if of == minute => seen + 1,
            _ => 1,
        };
        let entry = [minute.to_le_bytes(), seen.to_le_bytes()].concat();
        match hostcalls::set_shared_data(&name, Some(&entry), version) {
            Err(Status::CasMismatch) => continue,
            _ => return seen <= per_minute,
        }
    }
    // The others who came between were counted.
    true
}

/// The minute and what was counted in it.
fn window(entry: &[u8]) -> Option<(u64, u64)> {
    let (minute, seen) = entry.split_at_checked(8)?;
    Some((u64::from_le_bytes(minute.try_into().ok()?), u64::from_le_bytes(seen.try_into().ok()?)))
}
