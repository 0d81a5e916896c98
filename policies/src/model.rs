//! Policies as written: every field in its place, nothing decided yet.
//!
//! Reading gathers everything that is wrong with the shape of a file — fields that do not exist,
//! values of the wrong type — and goes on. What the words mean, and whether they fit together, is
//! the compiler's business.

pub(crate) mod fields;
mod action;

use std::ops::Range;

pub(crate) use action::{ActionKind, Otherwise, RawAction, RawRewrite};
pub(crate) use fields::{Fields, Report};

use crate::{
    decision::Mode,
    diagnostic::codes,
    expr::Written,
    facts::Phase,
    yaml::{Node, Value},
};

/// A document of a policy file.
#[derive(Debug)]
pub(crate) enum Document {
    Policy(Box<RawPolicy>),
    Guidance(RawGuidance),
}

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct RawPolicy {
    pub(crate) name: At<String>,
    pub(crate) owner: Option<String>,
    pub(crate) applies_to: RawAppliesTo,
    pub(crate) conditions: Vec<(At<String>, Written)>,
    pub(crate) thresholds: Vec<(At<String>, At<RawThreshold>)>,
    pub(crate) lexicons: Vec<(At<String>, Vec<At<String>>)>,
    pub(crate) rules: Vec<RawRule>,
}

/// A threshold, or what it follows from.
#[derive(Debug)]
pub(crate) enum RawThreshold {
    Value(f64),
    Costs { false_alarm: f64, miss: f64 },
    Precision(f64),
}

#[derive(Debug)]
pub(crate) struct RawRule {
    pub(crate) id: At<String>,
    pub(crate) description: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) phase: At<Phase>,
    pub(crate) when: Option<Written>,
    pub(crate) on_unknown: Option<At<RawOnUnknown>>,
    pub(crate) then: Vec<RawAction>,
    pub(crate) mode: Mode,
    pub(crate) rollout: f64,
    pub(crate) applies_to: RawAppliesTo,
    pub(crate) expires: Option<At<String>>,
}

#[derive(Debug)]
pub(crate) enum RawOnUnknown {
    Skip,
    Apply,
    Action(RawAction),
}

/// Globs; a list that is left out takes everything.
#[derive(Debug, Default)]
pub(crate) struct RawAppliesTo {
    pub(crate) models: Option<Vec<At<String>>>,
    pub(crate) tenants: Option<Vec<At<String>>>,
    pub(crate) paths: Option<Vec<At<String>>>,
    pub(crate) upstreams: Option<Vec<At<String>>>,
}

#[derive(Debug)]
pub(crate) struct RawGuidance {
    pub(crate) categories: Vec<RawCategory>,
}

#[derive(Debug)]
pub(crate) struct RawCategory {
    pub(crate) category: At<String>,
    pub(crate) risk: String,
    pub(crate) guideline: String,
    pub(crate) safe: Vec<String>,
    pub(crate) text: String,
}

/// Reads one document; nothing if it is too wrong to go on with.
pub(crate) fn read(node: &Node, report: &mut Report<'_>) -> Option<Document> {
    let mut fields = Fields::of(node, "a policy document", report)?;
    let version = fields.required_text("apiVersion", report);
    let kind = fields.required_text("kind", report);
    if let Some(version) = version.filter(|version| version.value != "demur/v1") {
        report
            .error(&codes::DOCUMENT_KIND, format!("unknown version `{}`", version.value))
            .place(version.span, "this demur reads `demur/v1`");
    }
    let kind = kind?;
    match kind.value.as_str() {
        "Policy" => policy(fields, report).map(|policy| Document::Policy(Box::new(policy))),
        "Guidance" => guidance(fields, report).map(Document::Guidance),
        // Tests may stand in the same folder, even in the same file.
        "PolicyTest" => None,
        other => {
            let help = crate::suggest::help(other, "kinds", ["Policy", "Guidance"]);
            report
                .error(&codes::DOCUMENT_KIND, format!("unknown kind `{other}`"))
                .place(kind.span, "not a kind of document")
                .advise(help);
            None
        }
    }
}

fn policy(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<RawPolicy> {
    let metadata = fields.required("metadata", report);
    let spec = fields.required("spec", report);
    fields.finish(report);
    let mut metadata = Fields::of(metadata?, "`metadata`", report)?;
    let name = metadata.required_text("name", report);
    let owner = metadata.text("owner", report).map(|owner| owner.value);
    metadata.text("description", report);
    metadata.ignore(&["labels", "annotations"]);
    metadata.finish(report);
    let mut spec = Fields::of(spec?, "`spec`", report)?;
    let applies_to = spec.get("appliesTo").map(|node| applies_to(node, report)).unwrap_or_default();
    let conditions = named(&mut spec, "conditions", report, |node, report| {
        fields::text(node, report).map(|text| Written { text: text.value, span: text.span })
    });
    let thresholds = named(&mut spec, "thresholds", report, threshold);
    let lexicons = named(&mut spec, "lexicons", report, |node, report| Some(fields::texts(node, report)));
    let place = spec.span.clone();
    let rules = spec.required("rules", report);
    let rules = rules.map(|node| fields::list(node, report)).unwrap_or_default();
    spec.finish(report);
    if rules.is_empty() && !report.has_errors_for_missing() {
        report.error(&codes::NOTHING_HERE, "this policy has no rules").place(place, "`rules` is empty");
    }
    let rules = rules.iter().filter_map(|node| rule(node, report)).collect();
    Some(RawPolicy { name: name?, owner, applies_to, conditions, thresholds, lexicons, rules })
}

fn named<T>(
    spec: &mut Fields<'_>,
    field: &str,
    report: &mut Report<'_>,
    read: impl Fn(&Node, &mut Report<'_>) -> Option<T>,
) -> Vec<(At<String>, T)> {
    let Some(node) = spec.get(field) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, node) in fields::entries(node, &format!("`{field}`"), report) {
        if let Some(value) = read(node, report) {
            found.push((At { value: key.text.clone(), span: key.span.clone() }, value));
        }
    }
    found
}

fn threshold(node: &Node, report: &mut Report<'_>) -> Option<At<RawThreshold>> {
    let at = |value| Some(At { value, span: node.span.clone() });
    if !matches!(node.value, Value::Map(_)) {
        return fields::probability(node, report).and_then(|value| at(RawThreshold::Value(value)));
    }
    let mut fields = Fields::of(node, "a threshold", report)?;
    let precision = fields.get("precision").and_then(|node| fields::probability(node, report));
    let costs = fields.get("costs");
    fields.finish(report);
    if let Some(precision) = precision {
        return at(RawThreshold::Precision(precision));
    }
    let Some(costs) = costs else {
        report
            .error(&codes::MISSING_FIELD, "a threshold is a number, or follows from `costs` or `precision`")
            .place(node.span.clone(), "says neither");
        return None;
    };
    let mut fields = Fields::of(costs, "`costs`", report)?;
    let false_alarm = fields.required("falseAlarm", report).and_then(|node| fields::positive(node, report));
    let miss = fields.required("miss", report).and_then(|node| fields::positive(node, report));
    fields.finish(report);
    at(RawThreshold::Costs { false_alarm: false_alarm?, miss: miss? })
}

fn rule(node: &Node, report: &mut Report<'_>) -> Option<RawRule> {
    let mut fields = Fields::of(node, "a rule", report)?;
    let id = fields.required_text("id", report);
    let description = fields.text("description", report).map(|text| text.value);
    let owner = fields.text("owner", report).map(|text| text.value);
    let phase = fields.required("phase", report).and_then(|node| {
        fields::choice(node, report, &[("request", Phase::Request), ("response", Phase::Response)])
    });
    let when = fields.get("when").and_then(|node| match node.value {
        Value::Bool(value) => Some(Written { text: value.to_string(), span: node.span.clone() }),
        _ => fields::text(node, report).map(|text| Written { text: text.value, span: text.span }),
    });
    let has_when = fields.had("when");
    let on_unknown = fields.get("onUnknown").and_then(|node| on_unknown(node, report));
    let then = fields.required("then", report).map(|node| action::read_all(node, report));
    let modes = [("enforce", Mode::Enforce), ("shadow", Mode::Shadow), ("off", Mode::Off)];
    let mode = fields.get("mode").and_then(|node| fields::choice(node, report, &modes));
    let rollout = fields.get("rollout").and_then(|node| fields::percentage(node, report));
    let applies_to = fields.get("appliesTo").map(|node| applies_to(node, report)).unwrap_or_default();
    let expires = fields.text("expires", report);
    fields.finish(report);
    if has_when && when.is_none() {
        return None;
    }
    Some(RawRule {
        id: id?,
        description,
        owner,
        phase: phase?,
        when,
        on_unknown,
        then: then?,
        mode: mode.map_or(Mode::Enforce, |mode| mode.value),
        rollout: rollout.unwrap_or(1.0),
        applies_to,
        expires,
    })
}

fn on_unknown(node: &Node, report: &mut Report<'_>) -> Option<At<RawOnUnknown>> {
    let at = |value| Some(At { value, span: node.span.clone() });
    if let Value::Text(text) = &node.value {
        match text.as_str() {
            "skip" => return at(RawOnUnknown::Skip),
            "apply" => return at(RawOnUnknown::Apply),
            "allow" | "block" => {}
            other => {
                let help = crate::suggest::help(other, "values", ["skip", "apply", "allow", "block"]);
                report
                    .error(&codes::BAD_VALUE, format!("`{other}` is not an answer to `onUnknown`"))
                    .place(node.span.clone(), "not one of the values")
                    .advise(help);
                return None;
            }
        }
    }
    let action = action::read(node, report)?;
    if matches!(action.kind, ActionKind::Allow | ActionKind::Block { .. }) {
        return at(RawOnUnknown::Action(action));
    }
    report
        .error(&codes::BAD_VALUE, format!("`onUnknown` cannot `{}`", action.name))
        .place(action.span, "not an answer to an unknown")
        .advise("`skip`, `apply`, `allow` or `block`");
    None
}

fn applies_to(node: &Node, report: &mut Report<'_>) -> RawAppliesTo {
    let Some(mut fields) = Fields::of(node, "`appliesTo`", report) else { return RawAppliesTo::default() };
    let mut take = |name: &str| fields.get(name).map(|node| fields::texts(node, report));
    let found = RawAppliesTo {
        models: take("models"),
        tenants: take("tenants"),
        paths: take("paths"),
        upstreams: take("upstreams"),
    };
    fields.finish(report);
    found
}

fn guidance(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<RawGuidance> {
    if let Some(mut metadata) = fields.get("metadata").and_then(|node| Fields::of(node, "`metadata`", report))
    {
        metadata.text("name", report);
        metadata.text("owner", report);
        metadata.text("description", report);
        metadata.ignore(&["labels", "annotations"]);
        metadata.finish(report);
    }
    let spec = fields.required("spec", report);
    fields.finish(report);
    let mut spec = Fields::of(spec?, "`spec`", report)?;
    let categories = spec.required("categories", report);
    spec.finish(report);
    let mut found = Vec::new();
    for (key, node) in fields::entries(categories?, "`categories`", report) {
        let Some(mut fields) = Fields::of(node, "guidance", report) else { continue };
        let risk = fields.required_text("risk", report);
        let guideline = fields.required_text("guideline", report);
        let safe = fields.get("safe").map(|node| fields::texts(node, report)).unwrap_or_default();
        let text = fields.required_text("text", report);
        fields.finish(report);
        if let (Some(risk), Some(guideline), Some(text)) = (risk, guideline, text) {
            found.push(RawCategory {
                category: At { value: key.text.clone(), span: key.span.clone() },
                risk: risk.value,
                guideline: guideline.value,
                safe: safe.into_iter().map(|item| item.value).collect(),
                text: text.value.trim().to_owned(),
            });
        }
    }
    Some(RawGuidance { categories: found })
}
