//! Actions as written.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use super::{At, Fields, Report, fields};
use crate::{
    decision::{AddSystem, Author, Budget, IgnoreWords, Position, Rephrase},
    diagnostic::codes,
    suggest,
    yaml::{Node, Value},
};

const ACTIONS: [&str; 10] = [
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

/// Parts of a request that hold text somebody has to judge, or say where it goes.
const NO_PARAMS: [&str; 13] = [
    "messages",
    "prompt",
    "input",
    "contents",
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
    "tools",
    "functions",
    "suffix",
    "model",
    "stream",
];

/// An action, and where it stands.
#[derive(Debug)]
pub(crate) struct RawAction {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
    pub(crate) kind: ActionKind,
}

#[derive(Debug)]
pub(crate) enum ActionKind {
    Allow,
    Block { message: Option<String>, status: Option<u16> },
    Annotate(BTreeMap<String, String>),
    AddSystem(AddSystem),
    SetParams(serde_json::Map<String, serde_json::Value>),
    IgnoreWords(IgnoreWords),
    Rephrase(Rephrase),
    Reroute { upstream: Option<At<String>>, model: Option<String>, capability: Option<At<String>> },
    Rewrite(RawRewrite),
    Repair { attempts: Vec<RawAction>, otherwise: Otherwise, budget: Budget },
}

/// How an answer is replaced, as written.
#[derive(Debug)]
pub(crate) struct RawRewrite {
    pub(crate) span: Range<usize>,
    pub(crate) text: Option<String>,
    /// Absent: whoever is at hand.
    pub(crate) author: Option<At<Author>>,
    pub(crate) instruction: Option<String>,
}

/// What a repair does when nothing helped.
#[derive(Debug)]
pub(crate) enum Otherwise {
    Original,
    Rewrite(RawRewrite),
}

/// One action or a list of them.
pub(crate) fn read_all(node: &Node, report: &mut Report<'_>) -> Vec<RawAction> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(|item| read(item, report)).collect(),
        _ => read(node, report).into_iter().collect(),
    }
}

/// An action is a word, `allow`, or a mapping with one entry, `block: {…}`.
pub(crate) fn read(node: &Node, report: &mut Report<'_>) -> Option<RawAction> {
    static NOTHING: Node = Node { span: 0..0, value: Value::Null };
    let (name, span, options) = match &node.value {
        Value::Text(name) => (name, node.span.clone(), &NOTHING),
        Value::Map(entries) => {
            let [(key, options)] = entries.as_slice() else {
                let place = entries.get(1).map_or(node.span.clone(), |(key, _)| key.span.clone());
                report
                    .error(&codes::WRONG_TYPE, "an action is one word or a mapping with one entry")
                    .place(place, format!("this mapping has {} entries", entries.len()))
                    .advise("several actions are a list: begin each with `-`");
                return None;
            };
            (&key.text, key.span.clone(), options)
        }
        _ => {
            fields::mismatch(node, "an action is one word or a mapping with one entry", report);
            return None;
        }
    };
    let reader = Reader {
        options: if matches!(options.value, Value::Null) { None } else { Some(options) },
        span: &span,
    };
    let kind = reader.kind(name, report)?;
    Some(RawAction { name: name.clone(), span, kind })
}

/// Reads the options of one action.
struct Reader<'a> {
    options: Option<&'a Node>,
    span: &'a Range<usize>,
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn kind(&self, name: &str, report: &mut Report<'_>) -> Option<ActionKind> {
        match name {
            "allow" => self.fields(name, report, |_, _| Some(ActionKind::Allow)),
            "block" => self.fields(name, report, |fields, report| {
                let message = fields.text("message", report).map(|text| text.value.trim().to_owned());
                let status = fields.get("status").and_then(|node| fields::whole(node, report, 200, 599));
                Some(ActionKind::Block {
                    message,
                    status: status.and_then(|status| u16::try_from(status).ok()),
                })
            }),
            "annotate" => self.annotate(report),
            "addSystem" => self.add_system(report),
            "setParams" => self.set_params(report),
            "ignoreWords" => self.fields(name, report, |fields, report| {
                let max = fields.get("max").map_or(Some(3), |node| fields::whole(node, report, 1, 16));
                let template = fields.text("template", report);
                if let Some(template) =
                    template.as_ref().filter(|template| !template.value.contains("{words}"))
                {
                    report
                        .error(&codes::BAD_VALUE, "the template must say where the words go")
                        .place(template.span.clone(), "`{words}` is missing");
                }
                let template = template.map(|template| template.value);
                Some(ActionKind::IgnoreWords(IgnoreWords { max: u32::try_from(max?).unwrap_or(3), template }))
            }),
            "rephrase" => self.fields(name, report, |fields, report| {
                let instruction = fields.text("instruction", report).map(|text| text.value);
                let min_overlap = match fields.get("minOverlap") {
                    Some(node) => fields::probability(node, report)?,
                    None => 0.3,
                };
                Some(ActionKind::Rephrase(Rephrase { instruction, min_overlap }))
            }),
            "reroute" => self.reroute(report),
            "rewrite" => self.rewrite(report).map(ActionKind::Rewrite),
            "repair" => self.repair(report),
            _ => {
                let help = suggest::help(name, "actions", ACTIONS);
                report
                    .error(&codes::UNKNOWN_ACTION, format!("unknown action `{name}`"))
                    .place(self.span.clone(), "not an action")
                    .advise(help);
                None
            }
        }
    }

    fn fields(
        &self,
        name: &str,
        report: &mut Report<'_>,
        read: impl FnOnce(&mut Fields<'a>, &mut Report<'_>) -> Option<ActionKind>,
    ) -> Option<ActionKind> {
        static EMPTY: Node = Node { span: 0..0, value: Value::Map(Vec::new()) };
        let mut fields = Fields::of(self.options.unwrap_or(&EMPTY), &format!("`{name}`"), report)?;
        let kind = read(&mut fields, report);
        fields.finish(report);
        kind
    }

    fn needed(&self, what: &str, report: &mut Report<'_>) -> Option<&'a Node> {
        if self.options.is_none() {
            report.error(&codes::MISSING_FIELD, what).place(self.span.clone(), "says nothing more");
        }
        self.options
    }

    fn annotate(&self, report: &mut Report<'_>) -> Option<ActionKind> {
        let node = self.needed("`annotate` needs labels", report)?;
        let entries = fields::entries(node, "`annotate`", report);
        let labels = entries
            .iter()
            .filter_map(|(key, node)| fields::text(node, report).map(|text| (key.text.clone(), text.value)))
            .collect();
        Some(ActionKind::Annotate(labels))
    }

    fn add_system(&self, report: &mut Report<'_>) -> Option<ActionKind> {
        let node = self.needed("`addSystem` needs a text", report)?;
        if let Value::Text(text) = &node.value {
            let text = text.trim().to_owned();
            return Some(ActionKind::AddSystem(AddSystem { text, position: Position::End }));
        }
        self.fields("addSystem", report, |fields, report| {
            let text = fields.required_text("text", report);
            let positions = [("start", Position::Start), ("end", Position::End)];
            let position = fields.get("position").and_then(|node| fields::choice(node, report, &positions));
            let position = position.map(|position| position.value).unwrap_or_default();
            Some(ActionKind::AddSystem(AddSystem { text: text?.value.trim().to_owned(), position }))
        })
    }

    fn set_params(&self, report: &mut Report<'_>) -> Option<ActionKind> {
        let node = self.needed("`setParams` needs parameters", report)?;
        let entries = fields::entries(node, "`setParams`", report);
        for (key, _) in entries.iter().filter(|(key, _)| NO_PARAMS.contains(&key.text.as_str())) {
            report
                .error(&codes::BAD_VALUE, format!("`setParams` cannot set `{}`", key.text))
                .place(key.span.clone(), "what is judged and where it goes are not parameters")
                .advise("`reroute` changes the model, `addSystem` the instructions");
        }
        for (_, node) in entries {
            said_once(node, report);
        }
        Some(ActionKind::SetParams(
            entries.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect(),
        ))
    }

    fn reroute(&self, report: &mut Report<'_>) -> Option<ActionKind> {
        let node = self.needed("`reroute` needs an upstream", report)?;
        if let Value::Text(name) = &node.value {
            let upstream = Some(At { value: name.clone(), span: node.span.clone() });
            return Some(ActionKind::Reroute { upstream, model: None, capability: None });
        }
        self.fields("reroute", report, |fields, report| {
            let upstream = fields.text("upstream", report);
            let capability = fields.text("capability", report);
            let model = fields.text("model", report).map(|model| model.value);
            if upstream.is_some() == capability.is_some() {
                report
                    .error(
                        &codes::MISSING_FIELD,
                        "`reroute` needs an `upstream` or a `capability`, one of both",
                    )
                    .place(self.span.clone(), "where to?");
                return None;
            }
            Some(ActionKind::Reroute { upstream, model, capability })
        })
    }

    fn rewrite(&self, report: &mut Report<'_>) -> Option<RawRewrite> {
        let node = self.needed("`rewrite` needs a manner", report)?;
        let mut rewrite = RawRewrite { span: self.span.clone(), text: None, author: None, instruction: None };
        if let Value::Text(_) = &node.value {
            fields::choice(node, report, &[("constructive", ())])?;
            return Some(rewrite);
        }
        let mut fields = Fields::of(node, "`rewrite`", report)?;
        rewrite.text = fields.text("text", report).map(|text| text.value.trim().to_owned());
        let authors = [("guidance", Author::Guidance), ("helper", Author::Helper)];
        rewrite.author = fields.get("author").and_then(|node| fields::choice(node, report, &authors));
        rewrite.instruction = fields.text("instruction", report).map(|text| text.value);
        fields.finish(report);
        Some(rewrite)
    }

    fn repair(&self, report: &mut Report<'_>) -> Option<ActionKind> {
        let node = self.needed("`repair` needs something to try", report)?;
        let mut fields = Fields::of(node, "`repair`", report)?;
        let attempts = fields.required("try", report).map(|node| read_all(node, report));
        let otherwise = fields.get("else").and_then(|node| otherwise(node, report));
        let budget = fields.get("budget").map(|node| budget(node, report));
        fields.finish(report);
        let attempts = attempts?;
        if attempts.is_empty() {
            report
                .error(&codes::MISSING_FIELD, "`repair` needs something to try")
                .place(self.span.clone(), "`try` is empty");
        }
        let rungs = u32::try_from(attempts.len()).unwrap_or(1);
        let default = Budget { attempts: rungs, time: Duration::from_secs(10) };
        let budget = budget.map_or(default, |(attempts, time)| Budget {
            attempts: attempts.unwrap_or(default.attempts),
            time: time.unwrap_or(default.time),
        });
        Some(ActionKind::Repair { attempts, otherwise: otherwise.unwrap_or(Otherwise::Original), budget })
    }
}

/// Parameters are passed on as they are, so nobody else looks for the same entry twice in them.
fn said_once(node: &Node, report: &mut Report<'_>) {
    match &node.value {
        Value::Map(_) => {
            for (_, inner) in fields::entries(node, "a parameter", report) {
                said_once(inner, report);
            }
        }
        Value::List(items) => items.iter().for_each(|inner| said_once(inner, report)),
        _ => {}
    }
}

fn otherwise(node: &Node, report: &mut Report<'_>) -> Option<Otherwise> {
    if matches!(&node.value, Value::Text(text) if text == "original") {
        return Some(Otherwise::Original);
    }
    let action = read(node, report)?;
    if let ActionKind::Rewrite(rewrite) = action.kind {
        return Some(Otherwise::Rewrite(rewrite));
    }
    report
        .error(&codes::BAD_VALUE, format!("`else` cannot `{}`", action.name))
        .place(action.span, "not an end of a repair")
        .advise("`rewrite`, or `original` to let the answer stand");
    None
}

fn budget(node: &Node, report: &mut Report<'_>) -> (Option<u32>, Option<Duration>) {
    let Some(mut fields) = Fields::of(node, "`budget`", report) else { return (None, None) };
    let attempts = fields.get("attempts").and_then(|node| fields::whole(node, report, 1, 8));
    let time = fields.get("time").and_then(|node| fields::duration(node, report));
    fields.finish(report);
    (attempts.and_then(|attempts| u32::try_from(attempts).ok()), time)
}
