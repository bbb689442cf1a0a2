//! What two other translators agree that Anthropic's answers say in OpenAI's words.

use serde_json::{Value, json};
use weir_dialect::canon::FieldLosses;
use weir_dialect::{chat, messages};
use weir_recorded::{Consensus, consensus};

use super::{context, json as parsed, raw};
use crate::support::hold;

const FIELDS: [&str; 7] = ["text", "thinking", "tools", "finish", "input", "output", "cached"];

fn rows() -> impl Iterator<Item = &'static Consensus> {
    consensus().iter().filter(|row| row.from == "anthropic" && row.to == "completions")
}

/// What ours says, field by field.
fn said(row: &Consensus) -> Result<Value, String> {
    let ours = match row.recording.response_json() {
        Some(body) => messages::decode_answer(&raw(&body)).map_err(|fault| fault.to_string())?,
        // A stream goes through ours, and what a client reads of that is put together.
        None => super::across::through(row.recording).ok_or("it breaks off")?,
    };
    let ours = parsed(&chat::encode_answer(&ours, &context(), &mut FieldLosses::default()));
    let (choice, usage) = (&ours["choices"][0], &ours["usage"]);
    let message = &choice["message"];
    let call = |call: &Value| {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        json!([call["function"]["name"], parsed(arguments.as_bytes())])
    };
    Ok(json!({
        "text": message["content"].as_str().unwrap_or_default(),
        "thinking": message["reasoning_content"].as_str().unwrap_or_default(),
        "tools": message["tool_calls"].as_array().into_iter().flatten().map(call).collect::<Vec<_>>(),
        "finish": choice["finish_reason"],
        "input": usage["prompt_tokens"],
        "output": usage["completion_tokens"],
        "cached": usage["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap_or_default(),
    }))
}

/// Alike; what is empty is as good as what is not there.
fn alike(is: &Value, due: &Value) -> bool {
    let empty = [Value::Null, json!(""), json!(0), json!([])];
    let trimmed = |value: &Value| value.as_str().map(|text| text.trim().to_owned());
    is == due || (empty.contains(is) && empty.contains(due)) || (trimmed(is).is_some() && trimmed(is) == trimmed(due))
}

#[test]
fn what_others_agree_on_is_said_by_ours() {
    if consensus().is_empty() {
        eprintln!("skipped: the shared data are not here");
        return;
    }
    hold("chat consensus", rows().map(|row| row.recording), |recording| {
        for row in rows().filter(|row| std::ptr::eq(row.recording, recording)) {
            let ours = said(row)?;
            for (field, due) in FIELDS.iter().filter_map(|field| Some((field, row.agreed.get(*field)?))) {
                if !alike(&ours[field], due) {
                    return Err(format!("{field} is {}\nand others say {due}", ours[field]));
                }
            }
        }
        Ok(())
    });
}
