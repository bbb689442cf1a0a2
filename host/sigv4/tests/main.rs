//! Signatures against those of the vendor's own SDK, and against themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod round_trip;
mod vectors;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use weir_sigv4::SigningIdentity;

/// 2026-01-31, 23:59:59 UTC.
fn a_moment() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_769_903_999)
}

fn identity(token: Option<&str>) -> SigningIdentity {
    SigningIdentity {
        access_key_id: "ci".into(),
        secret_access_key: "s3cret/of+nobody".into(),
        session_token: token.map(Into::into),
        region: "eu-central-1".into(),
    }
}
