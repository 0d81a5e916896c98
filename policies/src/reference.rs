//! The reference of the policy language, printed from the tables the compiler works with.
//!
//! A page that is written by hand goes stale; these cannot say anything the code does not do. The
//! caller compares them with the files in `docs/reference/`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{diagnostic::codes::CODES, facts::CATEGORIES, schema, vocabulary::VOCABULARY};

/// `docs/reference/diagnostics.md`: every code, what it means and what to do.
pub fn diagnostics() -> String {
    let mut out = String::from(
        "# Diagnostics\n\nEvery finding of `demur policy check`, `lint` and `test` carries a code. A code keeps its meaning \
         for ever.\n\n| code | |\n|---|---|\n",
    );
    for code in CODES {
        let _ = writeln!(out, "| [{0}](#{0}) | {1} |", code.id, code.title);
    }
    for code in CODES {
        let _ = write!(out, "\n## {}\n\n**{}.** {}\n", code.id, upper_first(code.title), code.explanation);
    }
    out
}

/// `docs/reference/policy.md`: documents, fields, actions, signals and semantics.
pub fn policy() -> String {
    let mut out = String::from(INTRODUCTION);
    let schema = schema::schema();
    for (name, title) in [("policy", "Policy"), ("rule", "Rules")] {
        let path = if name == "policy" { "/$defs/policy/properties/spec" } else { "/$defs/rule" };
        let _ = write!(out, "\n## {title}\n\n");
        fields(&mut out, schema.pointer(path));
    }
    out.push_str(SEMANTICS);
    out.push_str("\n## Actions\n\n");
    out.push_str(ACTIONS);
    for name in ["block", "addSystem", "ignoreWords", "rephrase", "reroute", "rewrite", "repair"] {
        let definition = schema.pointer(&format!("/$defs/{name}"));
        let long = definition.and_then(|found| {
            if found.get("properties").is_some() { Some(found) } else { found.pointer("/anyOf/1") }
        });
        let _ = write!(out, "\n### {name}\n\n");
        fields(&mut out, long);
    }
    out.push_str("\n## Signals\n\nConditions are CEL: `&&`, `||`, `!`, `? :`, comparisons, `in` with a list that is written out, `+`, `-`, `*`, and `startsWith`, `endsWith`, `contains` on texts.\n\n| name | is | says |\n|---|---|---|\n");
    for entry in VOCABULARY {
        let mut kind = entry.kind.name().to_owned();
        let values = entry.kind.values();
        if !values.is_empty() && values.len() < 6 {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            kind = format!("{kind}: {}", values.join(", "));
        }
        let _ = writeln!(out, "| `{}` | {kind} | {} |", entry.name, entry.meaning);
    }
    out.push_str(
        "| `prompt.lexicon.NAME` | true or false | whether a word of that lexicon is in the prompt |\n",
    );
    out.push_str("| `conditions.NAME` | true or false | a condition named in the policy |\n");
    out.push_str("| `thresholds.NAME` | a score | a threshold named in the policy |\n");
    let categories: Vec<String> = CATEGORIES.iter().map(|category| format!("`{category}`")).collect();
    let _ = write!(out, "\nThe categories of harm: {}.\n", categories.join(", "));
    out
}

const INTRODUCTION: &str = "# The policy language\n\nA policy file is YAML with one or more documents, of `kind: Policy`, `Guidance` (reviewed \
    text for each category of harm) or `PolicyTest`. Editors can check it against the schema that `demur policy schema` \
    prints; `demur policy check` knows more. What a code such as `P022` means is in [diagnostics](diagnostics.md).\n";

const SEMANTICS: &str = "\n## How rules are asked\n\n\
- Policies in the order of their files, rules from top to bottom. Changes accumulate; the first rule that decides ends the phase.\n\
- A signal whose classifier abstained or was unavailable is *unknown*. `false && unknown` is false, `true || unknown` is true, \
anything else with an unknown is unknown, and then `onUnknown` counts: `skip` the rule, `apply` it, `allow`, or `block`. A rule that \
decides and reads a classifier has to say which.\n\
- A rule that works against a refusal (`ignoreWords`, `rephrase`, `repair`, and `reroute` in the response phase) must bound \
`prompt.harm` from above in every way its condition can be true. The compiler refuses it otherwise (P022).\n\
- `mode: shadow` asks and records a rule and changes nothing. `rollout: 25%` asks it for a quarter of exchanges, always the same ones.\n\
- After the day in `expires`, a rule is not asked any more.\n";

const ACTIONS: &str = "| action | phase | ends the phase | does |\n|---|---|---|---|\n\
| `allow` | both | yes | lets the exchange through |\n\
| `block` | both | yes | ends it with a text |\n\
| `annotate` | both | no | puts labels on the record |\n\
| `addSystem` | request | no | adds a system message |\n\
| `setParams` | request | no | sets parameters in the upstream's names |\n\
| `ignoreWords` | request | no | names the words that trip the model |\n\
| `rephrase` | request | no | has the helper model say the prompt in other words |\n\
| `reroute` | both | yes | asks another upstream or model |\n\
| `rewrite` | response | yes | puts a constructive text in the answer's place |\n\
| `repair` | response | yes | tries for a better answer, step by step |\n";

fn fields(out: &mut String, definition: Option<&Value>) {
    let Some(definition) = definition else { return };
    let required: Vec<&str> = definition
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    out.push_str("| field | takes | |\n|---|---|---|\n");
    for (name, field) in definition.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let needed = if required.contains(&name.as_str()) { " (required)" } else { "" };
        let says = field.get("description").and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(out, "| `{name}`{needed} | {} | {says} |", takes(field));
    }
}

/// What a field takes, in a few words.
fn takes(field: &Value) -> String {
    if let Some(values) = field.get("enum").and_then(Value::as_array) {
        let words: Vec<String> =
            values.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    if let Some(reference) = field.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return match name {
            "texts" => "a text or a list".to_owned(),
            "score" => "0 to 1".to_owned(),
            "appliesTo" => "`models`, `tenants`, `paths`, `upstreams`: globs".to_owned(),
            "onUnknown" => "`skip`, `apply`, `allow`, `block`, or `block: {…}`".to_owned(),
            "action" => "an [action](#actions)".to_owned(),
            "rung" => "`ignoreWords`, `rephrase`, `reroute`, `addSystem`".to_owned(),
            name => format!("[{name}](#{})", name.to_lowercase()),
        };
    }
    let bounds = (field.get("minimum"), field.get("maximum"));
    match (field.get("type"), bounds) {
        (Some(Value::String(kind)), (Some(low), Some(high))) if kind == "integer" => {
            format!("{low} to {high}")
        }
        (Some(Value::String(kind)), _) if kind == "array" => "a list".to_owned(),
        (Some(Value::String(kind)), _) if kind == "object" => "a mapping".to_owned(),
        (Some(Value::String(_) | Value::Array(_)), _) => "a text".to_owned(),
        _ => field.get("anyOf").and_then(Value::as_array).map_or_else(String::new, |choices| {
            let mut choices: Vec<String> = choices.iter().map(takes).collect();
            choices.dedup();
            choices.join(", or ")
        }),
    }
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{diagnostics, policy};
    use crate::{diagnostic::codes::CODES, vocabulary::VOCABULARY};

    #[test]
    fn every_code_and_every_signal_has_its_place() {
        let (diagnostics, policy) = (diagnostics(), policy());
        assert!(CODES.iter().all(|code| diagnostics.contains(&format!("\n## {}\n", code.id))));
        assert!(VOCABULARY.iter().all(|entry| policy.contains(&format!("| `{}` |", entry.name))));
        let bare: Vec<&str> =
            policy.lines().filter(|line| line.split('|').nth(2).is_some_and(|cell| cell == "  ")).collect();
        assert_eq!(bare, [""; 0], "fields without what they take");
        insta::assert_snapshot!(policy);
    }
}
