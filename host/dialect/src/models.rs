//! The list of models.

use bytes::Bytes;
use weir_http::json::escape_into;

/// The body of `GET /models`: a list object of (id, owned by), in the order given. `created` is 0 throughout: the
/// gateway's names for models have no date of birth.
///
/// Source: OpenAI's API reference, model object.
pub(crate) fn models_list<'a>(models: impl Iterator<Item = (&'a str, &'a str)>) -> Bytes {
    let mut out = b"{\"object\":\"list\",\"data\":[".to_vec();
    for (index, (id, owned_by)) in models.enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"id\":" } else { b",{\"id\":" });
        escape_into(&mut out, id);
        out.extend_from_slice(b",\"object\":\"model\",\"created\":0,\"owned_by\":");
        escape_into(&mut out, owned_by);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    Bytes::from(out)
}
