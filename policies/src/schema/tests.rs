//! The schema and the compiler agree: on the library, and on what is wrong.

use serde_json::Value;

use super::schema;
use crate::{diagnostic::Source, yaml};

/// As much of JSON Schema as ours uses; the name of the first keyword that is not met.
fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(schema) = schema.as_object() else { return Err("not a schema".into()) };
    for (keyword, wanted) in schema {
        let met = match keyword.as_str() {
            "$ref" => {
                let path = wanted.as_str().unwrap_or_default().trim_start_matches('#');
                check(root, root.pointer(path).ok_or("a dangling reference")?, value).is_ok()
            }
            "type" => match wanted {
                Value::Array(names) => names.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "enum" => wanted.as_array().is_some_and(|values| values.contains(value)),
            "const" => wanted == value,
            "oneOf" | "anyOf" => {
                let count = wanted
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|one| check(root, one, value).is_ok())
                    .count();
                if keyword == "oneOf" { count == 1 } else { count > 0 }
            }
            "required" => wanted
                .as_array()
                .into_iter()
                .flatten()
                .all(|name| value.get(name.as_str().unwrap_or_default()).is_some()),
            "properties" | "additionalProperties" => value.as_object().is_none_or(|entries| {
                entries.iter().all(|(name, value)| {
                    match schema.get("properties").and_then(|known| known.get(name)) {
                        Some(known) => check(root, known, value).is_ok(),
                        None => match schema.get("additionalProperties") {
                            None | Some(Value::Bool(true)) => true,
                            Some(Value::Bool(false)) => false,
                            Some(other) => check(root, other, value).is_ok(),
                        },
                    }
                })
            }),
            "items" => value
                .as_array()
                .is_none_or(|items| items.iter().all(|item| check(root, wanted, item).is_ok())),
            "minItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap_or(0))
            }
            "minimum" => value.as_f64() >= wanted.as_f64() || !value.is_number(),
            "maximum" => value.as_f64() <= wanted.as_f64() || !value.is_number(),
            "exclusiveMinimum" => value.as_f64() > wanted.as_f64() || !value.is_number(),
            "pattern" | "description" | "title" | "$schema" | "$defs" => true,
            other => return Err(format!("the test does not know `{other}`")),
        };
        if !met {
            return Err(format!("`{keyword}` is not met by {value}"));
        }
    }
    Ok(())
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        _ => false,
    }
}

fn documents(text: &str) -> Vec<Value> {
    let nodes = yaml::read(&Source::new("a.yaml", text)).expect("it is YAML");
    nodes.iter().map(yaml::Node::to_json).collect()
}

#[test]
fn every_file_of_the_library_fits() {
    let schema = schema();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("library");
    for entry in std::fs::read_dir(folder).expect("the library is a folder") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            for document in documents(&std::fs::read_to_string(&path).expect("it is text")) {
                check(&schema, &schema, &document)
                    .unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
            }
        }
    }
}

#[test]
fn what_is_misshapen_does_not_fit() {
    let schema = schema();
    let rule = |rule: &str| {
        format!(
            "apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: a}}\nspec:\n  rules:\n    - {{id: a, phase: request, {rule}}}\n"
        )
    };
    let fits = |text: &str| documents(text).iter().all(|document| check(&schema, &schema, document).is_ok());
    assert!(fits(&rule("then: allow")));
    assert!(fits(&rule("then: [{annotate: {a: b}}, {block: {message: no, status: 451}}], mode: off")));
    assert!(!fits(&rule("then: alow")));
    assert!(!fits(&rule("then: {block: {mesage: no}}")));
    assert!(!fits(&rule("on_unknown: skip, then: allow")));
    assert!(!fits(&rule("mode: shaddow, then: allow")));
    assert!(!fits(&rule("then: {repair: {try: [block]}}")));
    assert!(!fits("kind: Policy\n"));
}
