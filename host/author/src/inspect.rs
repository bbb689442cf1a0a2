//! `weir plugin inspect`: what is in a plugin's file, and what lies beside it.

use std::path::Path;

use serde_json::{Value as Json, json};
use weir_component::{Anatomy, Direct, Interface};
use weir_sandbox::signature::{Beside, Difference, Manifest, PublicKey, SignatureError, SignatureFile, SignedFiles};

use crate::artefact::{InspectedComponent, need};
use crate::show::{bytes, table};
use crate::{AuthorError, ToolOutcome, read, sign};

/// Where a schema of settings was found, and the schema.
type Schema = Option<(String, String)>;
type MaybeSigned = Option<Result<Signed, SignatureError>>;

/// What `NAME.wasm.sig` says, held against what lies there.
struct Signed {
    manifest: Manifest,
    signers: Vec<Result<PublicKey, SignatureError>>,
    differences: Vec<Difference>,
}

pub(crate) fn inspect(file: &Path, json: bool) -> Result<ToolOutcome, AuthorError> {
    let plugin = InspectedComponent::read(file)?;
    let anatomy = Anatomy::of(&plugin.wasm)?;
    let schema = schema(&plugin, &anatomy);
    let signed = signed(&plugin, &anatomy)?;
    let text = match json {
        true => to_json(&plugin, &anatomy, &schema, &signed),
        false => to_text(&plugin, &anatomy, &schema, &signed),
    };
    Ok(ToolOutcome { text, good: true })
}

/// What is signed; none if there is no file of signatures, the reason if there is nothing that can be read in it.
fn signed(plugin: &InspectedComponent, anatomy: &Anatomy) -> Result<MaybeSigned, AuthorError> {
    let Some(text) = read::text_if_there(&plugin.beside(".sig"))? else { return Ok(None) };
    let file = match SignatureFile::read(&text) {
        Ok(file) => file,
        Err(why) => return Ok(Some(Err(why))),
    };
    let of = |path: &Path| Ok::<_, AuthorError>(Beside::of(read::text_if_there(path)?.as_deref().map(str::as_bytes)));
    let settings = of(&sign::settings(&plugin.path))?;
    // A component that carries its schema has no other.
    let schema = if anatomy.schema.is_some() { Beside::Unread } else { of(&sign::schema(&plugin.path))? };
    let name = plugin.path.file_stem().unwrap_or_default().to_string_lossy();
    let found = SignedFiles { name: &name, component: blake3::hash(&plugin.wasm), settings, schema };
    let (differences, signers) = (file.manifest.differences(&found), file.signers());
    Ok(Some(Ok(Signed { manifest: file.manifest, signers, differences })))
}

/// What the component carries goes before `NAME.schema.json` beside it.
fn schema(plugin: &InspectedComponent, anatomy: &Anatomy) -> Schema {
    if let Some(own) = &anatomy.schema {
        return Some(("in the component".to_owned(), own.clone()));
    }
    let path = plugin.path.with_extension("schema.json");
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Some((name, read::text(&path).ok()?))
}

fn to_text(plugin: &InspectedComponent, anatomy: &Anatomy, schema: &Schema, signed: &MaybeSigned) -> String {
    let mut lines = vec![format!("{}", plugin.path.display())];
    let mut line = |what: &str, text: String| lines.push(format!("  {what:<9} {text}"));
    line("blake3", blake3::hash(&plugin.wasm).to_hex().to_string());
    line("size", format!("{} ({} bytes)", bytes(plugin.wasm.len()), plugin.wasm.len()));
    line("contract", plugin.contracts().join(", "));
    line("hooks", plugin.hooks().iter().map(|hook| hook.name()).collect::<Vec<_>>().join(", "));
    match Direct::of(&plugin.wasm) {
        Ok(_) => line("called", "directly, as one core module".to_owned()),
        Err(why) => line("called", format!("as a component: {why}")),
    }
    for import in &plugin.border.imports {
        let needs = need(import).map(|grant| format!("  needs the grant \"{grant}\"")).unwrap_or_default();
        let foreign = if import.name().is_none() { "  not of the contract: it will not load" } else { "" };
        line("imports", format!("{}{needs}{foreign}", import.full));
    }
    for export in &plugin.border.exports {
        line("exports", export.full.clone());
    }
    for tool in &anatomy.producers {
        line("made with", format!("{} {} {}", tool.field, tool.name, tool.version).trim_end().to_owned());
    }
    match signed {
        None => line("signed", "not".to_owned()),
        Some(Err(why)) => line("signed", format!("not: {why}")),
        Some(Ok(signed)) => signed.lines().into_iter().for_each(|text| line("signed", text)),
    }
    match schema {
        Some((place, text)) => line("settings", format!("schema {place}\n{}", indented(text))),
        None => line("settings", "no schema".to_owned()),
    }
    let rows: Vec<Vec<String>> =
        anatomy.kinds.iter().map(|(kind, count)| vec![format!("  {kind}"), bytes(*count)]).collect();
    lines.push(format!("\n  what its bytes are ({} core modules)\n{}", anatomy.modules, table(&rows)));
    lines.join("\n")
}

impl Signed {
    fn lines(&self) -> Vec<String> {
        let Manifest { name, version, settings, schema, .. } = &self.manifest;
        let beside = |there: bool, ending: &str| format!("{} {name}{ending}", if there { "with" } else { "without" });
        let (settings, schema) = (beside(settings.is_some(), ".toml"), beside(schema.is_some(), ".schema.json"));
        let mut lines = vec![format!("as {name}, version {version}, {settings}, {schema}")];
        lines.extend(self.differences.iter().map(|difference| format!("not as it is: {difference}")));
        lines.extend(self.signers.iter().map(|signer| match signer {
            Ok(key) => format!("by {key}"),
            Err(error) => format!("not: {error}"),
        }));
        lines
    }

    fn to_json(&self) -> Json {
        let Manifest { name, version, component, settings, schema } = &self.manifest;
        let beside = |hash: &Option<blake3::Hash>| hash.as_ref().map(|hash| hash.to_hex().to_string());
        let differences: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        json!({
            "name": name, "version": version, "component": component.to_hex().to_string(),
            "settings": beside(settings), "schema": beside(schema), "differences": differences,
        })
    }
}

fn indented(schema: &str) -> String {
    let pretty = serde_json::from_str::<Json>(schema).and_then(|json| serde_json::to_string_pretty(&json));
    let pretty = pretty.unwrap_or_else(|_| schema.to_owned());
    pretty.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn to_json(plugin: &InspectedComponent, anatomy: &Anatomy, schema: &Schema, signed: &MaybeSigned) -> String {
    let import = |i: &Interface| json!({ "interface": i.full, "grant": need(i), "of_contract": i.name().is_some() });
    let signature = |signed: &Result<PublicKey, SignatureError>| match signed {
        Ok(key) => json!({ "key": key.to_string(), "holds": true }),
        Err(error) => json!({ "holds": false, "why": error.to_string() }),
    };
    let schema = schema.as_ref().map(|(place, text)| {
        let read = serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.clone()));
        json!({ "place": place, "schema": read })
    });
    let signatures: Vec<Json> = match signed {
        None => Vec::new(),
        Some(Err(why)) => vec![json!({ "holds": false, "why": why.to_string() })],
        Some(Ok(signed)) => signed.signers.iter().map(signature).collect(),
    };
    let manifest = signed.as_ref().and_then(|signed| signed.as_ref().ok()).map(Signed::to_json);
    let tools: Vec<Json> = anatomy
        .producers
        .iter()
        .map(|tool| json!({ "field": tool.field, "name": tool.name, "version": tool.version }))
        .collect();
    json!({
        "file": plugin.path, "blake3": blake3::hash(&plugin.wasm).to_hex().to_string(), "size_bytes": plugin.wasm.len(),
        "contract": plugin.contracts(), "hooks": plugin.hooks().iter().map(|hook| hook.name()).collect::<Vec<_>>(),
        "imports": plugin.border.imports.iter().map(import).collect::<Vec<_>>(),
        "exports": plugin.border.exports.iter().map(|e| &e.full).collect::<Vec<_>>(),
        "called_directly": Direct::of(&plugin.wasm).is_ok(), "producers": tools, "modules": anatomy.modules,
        "bytes": anatomy.kinds.iter().map(|(kind, n)| (kind.clone(), json!(n))).collect::<serde_json::Map<_, _>>(),
        "manifest": manifest, "signatures": signatures, "settings_schema": schema,
    })
    .to_string()
}
