//! Requests.

pub(super) mod decode;
pub(super) mod encode;
pub(super) mod loss;
pub(super) mod params;
pub(super) mod reasoning;
pub(super) mod tools;
