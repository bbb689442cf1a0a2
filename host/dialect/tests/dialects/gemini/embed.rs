//! Vectors of texts.

use weir_dialect::canon::{FieldLosses, TargetRules};
use weir_dialect::gemini::{decode_embed, decode_embed_answer, encode_embed, encode_embed_answer};
use weir_recorded::of_endpoint;

use super::{json, raw, rules, same};
use crate::support::hold;

#[test]
fn vectors_are_asked_for_and_answered_as_they_were() {
    hold("gemini embed", of_endpoint("embed-content"), |one| {
        // The path ends with `models/MODEL:METHOD`.
        let name = one.path.rsplit('/').next().and_then(|last| last.split(':').next()).unwrap();
        let request = decode_embed(&raw(one.request().unwrap()), name).unwrap();
        assert_eq!(request.one, one.path.ends_with(":embedContent"));
        let mut losses = FieldLosses::default();
        let rules = TargetRules { model: name.into(), ..rules() };
        same(&one.request_json().unwrap(), &json(&encode_embed(&request, &rules, &mut losses)))?;
        if one.status == 200 {
            let answer = decode_embed_answer(&raw(one.response())).map_err(|fault| fault.to_string())?;
            assert_eq!(answer.vectors.len(), request.inputs.len());
            let written = encode_embed_answer(&answer, request.one, &mut losses);
            same(&one.response_json().unwrap(), &json(&written))?;
        }
        assert!(losses.is_empty(), "{losses:?}");
        Ok(())
    });
}
