//! A request, from its head to the last byte of its answer: [`pipeline`] is its journey, the others are the steps and what they
//! share.

pub(crate) mod attempt;
pub(crate) mod choose;
pub(crate) mod context;
pub(crate) mod cors;
pub(crate) mod decode;
pub(crate) mod gateway_headers;
pub(crate) mod gather;
pub(crate) mod handler;
pub(crate) mod language;
pub(crate) mod observe;
pub(crate) mod pipeline;
pub(crate) mod plan;
pub(crate) mod rate_headers;
pub(crate) mod read;
pub(crate) mod read_body;
pub(crate) mod receive;
pub(crate) mod record;
pub(crate) mod refusal;
pub(crate) mod relay;
pub(crate) mod request_id;
pub(crate) mod respond;
pub(crate) mod route;
pub(crate) mod signed;
pub(crate) mod stored;
pub(crate) mod token;
pub(crate) mod unheard;
pub(crate) mod waits;
