//! The policy language as JSON Schema, so that editors complete, explain and underline.
//!
//! A schema knows shapes and not meanings: conditions are texts to it. What it accepts may still be
//! refused by the compiler; what it refuses always is.

use serde_json::{Value, json};

use crate::facts::CATEGORIES;

/// The schema of a document in a policy file: JSON Schema, draft 2020-12.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "demur policy file",
        "oneOf": [reference("policy"), reference("guidance"), reference("policyTest")],
        "$defs": {
            "policy": document("Policy", true, &policy()),
            "guidance": document("Guidance", false, &guidance()),
            "policyTest": document("PolicyTest", false, &tests()),
            "rule": rule(),
            "action": action(),
            "rung": rung(),
            "onUnknown": on_unknown(),
            "appliesTo": applies_to(),
            "threshold": threshold(),
            "block": block(),
            "addSystem": add_system(),
            "ignoreWords": ignore_words(),
            "rephrase": rephrase(),
            "reroute": reroute(),
            "rewrite": rewrite(),
            "repair": repair(),
            "texts": {"anyOf": [text("a text"), {"type": "array", "items": {"type": "string"}}]},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
        },
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn object(description: &str, required: &[&str], properties: &Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn document(kind: &str, named: bool, spec: &Value) -> Value {
    let needed: &[&str] = if named { &["name"] } else { &[] };
    let metadata = object(
        "what the document is called and who answers for it",
        needed,
        &json!({
            "name": text("the name decisions and metrics know it by"),
            "owner": text("who answers for it"),
            "description": text("what it is for"),
            "labels": {"type": "object"},
            "annotations": {"type": "object"},
        }),
    );
    let required: &[&str] = match kind {
        "Policy" => &["apiVersion", "kind", "metadata", "spec"],
        "Guidance" => &["apiVersion", "kind", "spec"],
        _ => &["kind", "spec"],
    };
    object(
        "a document",
        required,
        &json!({"apiVersion": {"const": "demur/v1"}, "kind": {"const": kind}, "metadata": metadata, "spec": spec}),
    )
}

fn policy() -> Value {
    object(
        "rules, tried in the order written",
        &["rules"],
        &json!({
            "appliesTo": reference("appliesTo"),
            "conditions": {"type": "object", "description": "named conditions, read as `conditions.NAME`", "additionalProperties": {"type": "string"}},
            "thresholds": {"type": "object", "description": "named thresholds, read as `thresholds.NAME`", "additionalProperties": reference("threshold")},
            "lexicons": {"type": "object", "description": "words and phrases, read as `prompt.lexicon.NAME`", "additionalProperties": reference("texts")},
            "rules": {"type": "array", "items": reference("rule"), "minItems": 1},
        }),
    )
}

fn rule() -> Value {
    object(
        "a rule",
        &["id", "phase", "then"],
        &json!({
            "id": text("the name of the rule, once in a policy"),
            "description": text("what it is for"),
            "owner": text("who answers for it; for exceptions"),
            "expires": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "the last day it is asked"},
            "phase": {"enum": ["request", "response"], "description": "when it is asked"},
            "mode": {"enum": ["enforce", "shadow", "off"], "description": "whether it counts; `shadow` is asked and recorded only"},
            "rollout": {"type": "string", "pattern": "^[0-9.]+ ?%$", "description": "the share of exchanges it is asked for: `25%`"},
            "appliesTo": reference("appliesTo"),
            "when": {"type": ["string", "boolean"], "description": "a condition in CEL; left out: always"},
            "onUnknown": reference("onUnknown"),
            "then": {"anyOf": [reference("action"), {"type": "array", "items": reference("action")}], "description": "any number of changes, then at most one decision"},
        }),
    )
}

fn one_of(words: &[&str], options: &[&str]) -> Value {
    let mut choices = vec![json!({"enum": words})];
    choices.extend(options.iter().map(|name| {
        let options = match *name {
            "annotate" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
            "setParams" => json!({"type": "object"}),
            "allow" => json!({"type": ["object", "null"]}),
            name => json!({"anyOf": [reference(name), {"type": "null"}]}),
        };
        let mut properties = serde_json::Map::new();
        properties.insert((*name).to_owned(), options);
        json!({"type": "object", "required": [name], "additionalProperties": false, "properties": properties})
    }));
    json!({"anyOf": choices})
}

fn action() -> Value {
    let all = [
        "allow",
        "block",
        "annotate",
        "addSystem",
        "setParams",
        "ignoreWords",
        "rephrase",
        "reroute",
        "rewrite",
        "repair",
    ];
    one_of(&["allow", "block", "ignoreWords", "rephrase"], &all)
}

fn rung() -> Value {
    one_of(&["ignoreWords", "rephrase"], &["ignoreWords", "rephrase", "reroute", "addSystem"])
}

fn on_unknown() -> Value {
    one_of(&["skip", "apply", "allow", "block"], &["allow", "block"])
}

fn applies_to() -> Value {
    object(
        "globs; what is left out takes everything",
        &[],
        &json!({"models": reference("texts"), "tenants": reference("texts"), "paths": reference("texts"), "upstreams": reference("texts")}),
    )
}

fn threshold() -> Value {
    let positive = json!({"type": "number", "exclusiveMinimum": 0});
    let costs = object(
        "what errors cost, in any unit",
        &["falseAlarm", "miss"],
        &json!({"falseAlarm": positive, "miss": positive}),
    );
    json!({"anyOf": [
        reference("score"),
        object("follows from costs", &["costs"], &json!({"costs": costs})),
        object("follows from a precision", &["precision"], &json!({"precision": reference("score")})),
    ]})
}

fn block() -> Value {
    object(
        "ends the exchange",
        &[],
        &json!({
            "message": text("what the client is told; left out: the guidance of the category"),
            "status": {"type": "integer", "minimum": 200, "maximum": 599, "description": "where it is to be another than the configured one"},
        }),
    )
}

fn add_system() -> Value {
    let long = object(
        "a system message",
        &["text"],
        &json!({"text": text("what it says"), "position": {"enum": ["start", "end"], "description": "before or after what is there"}}),
    );
    json!({"anyOf": [text("what it says"), long]})
}

fn ignore_words() -> Value {
    object(
        "an instruction that names the words which trip the model",
        &[],
        &json!({
            "max": {"type": "integer", "minimum": 1, "maximum": 16, "description": "how many words at most"},
            "template": {"type": "string", "pattern": "\\{words\\}", "description": "the instruction; `{words}` stands for the words"},
        }),
    )
}

fn rephrase() -> Value {
    object(
        "the prompt in other words, by the helper model",
        &[],
        &json!({"instruction": text("what to ask of the helper"), "minOverlap": reference("score")}),
    )
}

fn reroute() -> Value {
    let long = object(
        "another upstream or model",
        &[],
        &json!({"upstream": text("its name"), "capability": text("what it has to be able to do"), "model": text("the model to ask there")}),
    );
    json!({"anyOf": [text("the upstream"), long]})
}

fn rewrite() -> Value {
    let long = object(
        "another answer in its place",
        &[],
        &json!({
            "text": text("the answer"),
            "author": {"enum": ["guidance", "helper"], "description": "reviewed text, or the helper model"},
            "instruction": text("what to ask of the helper"),
        }),
    );
    json!({"anyOf": [{"enum": ["constructive"]}, long]})
}

fn repair() -> Value {
    let budget = object(
        "what it may cost",
        &[],
        &json!({
            "attempts": {"type": "integer", "minimum": 1, "maximum": 8},
            "time": {"type": "string", "pattern": "^[0-9.]+ ?(ms|s|m)$"},
        }),
    );
    let otherwise = json!({"anyOf": [
        {"enum": ["original"]},
        object("another answer", &["rewrite"], &json!({"rewrite": reference("rewrite")})),
    ]});
    object(
        "attempts at a better answer, in order",
        &["try"],
        &json!({
            "try": {"anyOf": [reference("rung"), {"type": "array", "items": reference("rung"), "minItems": 1}]},
            "else": otherwise,
            "budget": budget,
        }),
    )
}

fn guidance() -> Value {
    let category = object(
        "reviewed text about one category",
        &["risk", "guideline", "text"],
        &json!({
            "risk": text("what could go wrong"),
            "guideline": text("what a safe answer keeps to"),
            "safe": reference("texts"),
            "text": text("the whole text for a person"),
        }),
    );
    let categories: serde_json::Map<String, Value> = CATEGORIES
        .iter()
        .copied()
        .chain(["harmless"])
        .map(|name| (name.to_owned(), category.clone()))
        .collect();
    object(
        "reviewed text",
        &["categories"],
        &json!({"categories": object("by category", &[], &Value::Object(categories))}),
    )
}

fn tests() -> Value {
    let expected = object(
        "what should come of it",
        &[],
        &json!({
            "outcome": {"enum": ["continue", "allow", "block", "reroute", "rewrite", "repair"]},
            "rule": text("the rule that decides, or `none`"),
            "changes": reference("texts"),
            "shadow": reference("texts"),
            "unknown": reference("texts"),
            "says": reference("texts"),
        }),
    );
    let case = object(
        "a case",
        &["name", "expect"],
        &json!({
            "name": text("what it shows"),
            "phase": {"enum": ["request", "response"]},
            "request": {"type": "object"},
            "prompt": {"type": "object"},
            "response": {"type": "object"},
            "attempt": {"type": "integer", "minimum": 0},
            "stableId": {"type": "integer", "minimum": 0},
            "expect": {"anyOf": [{"type": "string"}, expected]},
        }),
    );
    object(
        "cases",
        &["cases"],
        &json!({
            "policies": reference("texts"),
            "upstreams": {"type": "object"},
            "helper": {"type": "boolean"},
            "cases": {"type": "array", "items": case},
        }),
    )
}

#[cfg(test)]
mod tests;
