//! Test files as written.

use std::ops::Range;

use crate::{
    compile::{Environment, UpstreamDecl},
    decision::RuleRef,
    diagnostic::{Diagnostic, Source, codes},
    facts::{
        CATEGORIES, Facts, Harm, Phase, Refusal, RefusalKind, RefusalRisk, RequestFacts, ResponseFacts,
        Signal,
    },
    model::{Fields, Report, fields},
    policy::PolicySet,
    suggest,
    yaml::{self, Node, Value},
};

/// The cases of one file.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// The file.
    pub file: String,
    /// The policy files it tests, as written, relative to its own; empty: the one of the same name.
    pub policies: Vec<String>,
    /// Upstreams it takes for granted, each with what it can do.
    pub upstreams: Vec<UpstreamDecl>,
    /// Whether it takes a helper model for granted.
    pub helper: bool,
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The phase that is asked.
    pub phase: Phase,
    /// What is known.
    pub facts: Facts,
    /// A prompt to be judged, where its signals are not written out.
    pub prompt_text: Option<String>,
    /// An answer to be judged, where its signals are not written out.
    pub answer_text: Option<String>,
    /// What should come of it.
    pub expected: Expected,
    /// Where the expected rule is named.
    pub(crate) rule_span: Range<usize>,
}

/// What should come of a case; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The outcome, by name.
    pub outcome: Option<String>,
    /// The rule that decides: its id, `policy/id`, or `none`.
    pub rule: Option<String>,
    /// The changes, by name, in order.
    pub changes: Option<Vec<String>>,
    /// The rules in shadow that would have done something.
    pub shadow: Option<Vec<String>>,
    /// The signals some rule could not do without.
    pub unknown: Option<Vec<String>>,
    /// Parts of the texts somebody would read.
    pub says: Vec<String>,
}

/// Reads a test file.
///
/// # Errors
///
/// Everything that is wrong with it, at once.
pub fn read(source: &Source) -> Result<Suite, Vec<Diagnostic>> {
    let nodes = yaml::read(source).map_err(|found| vec![*found])?;
    let mut report = Report::new(source);
    let mut suite = Suite { file: source.name.clone(), ..Suite::default() };
    for node in &nodes {
        document(node, &mut suite, &mut report);
    }
    if report.diagnostics.is_empty() { Ok(suite) } else { Err(report.diagnostics) }
}

// === impl Suite ===

impl Suite {
    /// An environment with everything the suite takes for granted.
    pub fn environment(&self, base: &Environment) -> Environment {
        let mut environment = base.clone();
        environment.helper |= self.helper;
        // The suite's own come first: what it expects must not depend on who runs it.
        let mut upstreams = self.upstreams.clone();
        upstreams.extend(
            base.upstreams
                .iter()
                .filter(|known| !self.upstreams.iter().any(|own| own.name == known.name))
                .cloned(),
        );
        environment.upstreams = upstreams;
        environment
    }

    /// The cases that expect a rule the policies do not have: they could never pass, or pass for nothing.
    pub fn check(&self, set: &PolicySet) -> Vec<Diagnostic> {
        let known: Vec<&RuleRef> = set.all_rules().map(|rule| &rule.name).collect();
        let mut found = Vec::new();
        for case in &self.cases {
            let Some(rule) = case.expected.rule.as_deref().filter(|rule| *rule != "none") else { continue };
            let full: Vec<String> = known.iter().map(ToString::to_string).collect();
            if known.iter().any(|name| &*name.rule == rule) || full.iter().any(|name| name == rule) {
                continue;
            }
            let ids = known.iter().map(|name| &*name.rule);
            found.push(
                Diagnostic::error(&codes::TEST_TARGET, format!("no rule `{rule}`"))
                    .at(&self.file, case.rule_span.clone(), "not in the policies under test")
                    .help(suggest::help(rule, "rules", ids)),
            );
        }
        found
    }

    /// The policy files, by name: those it names, or the one it stands beside.
    pub fn policy_files(&self) -> Vec<String> {
        if !self.policies.is_empty() {
            return self.policies.clone();
        }
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        vec![name.replace(".test.", ".")]
    }
}

fn document(node: &Node, suite: &mut Suite, report: &mut Report<'_>) {
    let Some(mut fields) = Fields::of(node, "a test document", report) else { return };
    fields.ignore(&["apiVersion", "metadata"]);
    if let Some(kind) = fields.required_text("kind", report).filter(|kind| kind.value != "PolicyTest") {
        report
            .error(&codes::TEST_FORM, format!("`{}` is not a kind of test", kind.value))
            .place(kind.span, "a test file holds `kind: PolicyTest`");
    }
    let spec = fields.required("spec", report);
    fields.finish(report);
    let Some(mut spec) = spec.and_then(|node| Fields::of(node, "`spec`", report)) else { return };
    let names = spec.get("policies").map(|node| fields::texts(node, report)).unwrap_or_default();
    suite.policies.extend(names.into_iter().map(|name| name.value));
    suite.helper |= spec.get("helper").is_some_and(|node| matches!(node.value, Value::Bool(true)));
    for (key, node) in
        spec.get("upstreams").map(|node| fields::entries(node, "`upstreams`", report)).unwrap_or_default()
    {
        let capabilities = match node.value {
            Value::Null => Vec::new(),
            _ => fields::texts(node, report).into_iter().map(|capability| capability.value).collect(),
        };
        suite.upstreams.push(UpstreamDecl { name: key.text.clone(), dialect: String::new(), capabilities });
    }
    let cases = spec.required("cases", report).map(|node| fields::list(node, report)).unwrap_or_default();
    spec.finish(report);
    suite.cases.extend(cases.iter().filter_map(|node| case(node, report)));
}

fn case(node: &Node, report: &mut Report<'_>) -> Option<Case> {
    let mut fields = Fields::of(node, "a case", report)?;
    let name = fields.required_text("name", report);
    let phases = [("request", Phase::Request), ("response", Phase::Response)];
    let phase = fields.get("phase").and_then(|node| fields::choice(node, report, &phases));
    let mut facts = Facts::default();
    let (mut prompt_text, mut answer_text) = (None, None);
    if let Some(node) = fields.get("request") {
        facts.request = request(node, report);
    }
    if let Some(mut prompt) = fields.get("prompt").and_then(|node| Fields::of(node, "`prompt`", report)) {
        prompt_text = prompt.text("text", report).map(|text| text.value);
        facts.harm = prompt.get("harm").map(|node| harm(node, report)).unwrap_or_default();
        facts.risk = prompt.get("refusal").map(|node| risk(node, report)).unwrap_or_default();
        let lexicons = prompt.get("lexicon").map(|node| fields::texts(node, report)).unwrap_or_default();
        facts.lexicons = lexicons.into_iter().map(|name| name.value).collect();
        prompt.finish(report);
    }
    let mut response_phase = false;
    if let Some(mut response) = fields.get("response").and_then(|node| Fields::of(node, "`response`", report))
    {
        response_phase = true;
        answer_text = response.text("text", report).map(|text| text.value);
        facts.refusal = response.get("refusal").map(|node| refusal(node, report)).unwrap_or_default();
        facts.answer_harm = response.get("harm").map(|node| harm(node, report)).unwrap_or_default();
        facts.response = Some(response_facts(&mut response, report));
        response.finish(report);
    }
    facts.attempt = fields.get("attempt").map_or(0, |node| count(node, report));
    facts.stable_id = fields.get("stableId").map_or(0, |node| u64::from(count(node, report)));
    let expect = fields.required("expect", report);
    let rule =
        expect.and_then(|node| if let Value::Map(entries) = &node.value { Some(entries) } else { None });
    let rule = rule.into_iter().flatten().find(|(key, _)| key.text == "rule");
    let rule_span = rule.map(|(_, node)| node.span.clone()).unwrap_or_default();
    let expected = expect.map(|node| expected(node, report));
    fields.finish(report);
    let phase =
        phase.map_or(if response_phase { Phase::Response } else { Phase::Request }, |phase| phase.value);
    Some(Case { name: name?.value, phase, facts, prompt_text, answer_text, expected: expected?, rule_span })
}

fn request(node: &Node, report: &mut Report<'_>) -> RequestFacts {
    let Some(mut fields) = Fields::of(node, "`request`", report) else { return RequestFacts::default() };
    let mut text = |name: &str| fields.text(name, report).map(|text| text.value).unwrap_or_default();
    let (model, path, tenant) = (text("model"), text("path"), text("tenant"));
    let (upstream, dialect) = (text("upstream"), text("dialect"));
    let mut flag = |name: &str| fields.get(name).is_some_and(|node| flag(node, report));
    let (stream, tools, system) = (flag("stream"), flag("tools"), flag("system"));
    let mut number = |name: &str| fields.get(name).map_or(0, |node| count(node, report));
    let (turns, unjudged, words) = (number("turns"), number("unjudged"), number("words"));
    fields.finish(report);
    RequestFacts { model, path, tenant, upstream, dialect, stream, tools, system, turns, unjudged, words }
}

fn response_facts(fields: &mut Fields<'_>, report: &mut Report<'_>) -> ResponseFacts {
    let status = fields.get("status").map_or(200, |node| count(node, report));
    ResponseFacts {
        status: u16::try_from(status).unwrap_or(200),
        finish: fields.text("finish", report).map(|text| text.value).unwrap_or_default(),
        words: fields.get("words").map_or(0, |node| count(node, report)),
        stream: fields.get("stream").is_some_and(|node| flag(node, report)),
        head: fields.get("head").is_some_and(|node| flag(node, report)),
    }
}

fn expected(node: &Node, report: &mut Report<'_>) -> Expected {
    if let Value::Text(outcome) = &node.value {
        known_outcome(outcome, node, report);
        return Expected { outcome: Some(outcome.clone()), ..Expected::default() };
    }
    let Some(mut fields) = Fields::of(node, "`expect`", report) else { return Expected::default() };
    let outcome = fields.text("outcome", report);
    if let (Some(outcome), Some(node)) = (&outcome, fields.get("outcome")) {
        known_outcome(&outcome.value, node, report);
    }
    let mut texts = |name: &str| {
        fields
            .get(name)
            .map(|node| fields::texts(node, report).into_iter().map(|text| text.value).collect::<Vec<_>>())
    };
    let (changes, shadow, unknown, says) =
        (texts("changes"), texts("shadow"), texts("unknown"), texts("says"));
    let rule = fields.text("rule", report).map(|text| text.value);
    fields.finish(report);
    let outcome = outcome.map(|outcome| outcome.value);
    Expected { outcome, rule, changes, shadow, unknown, says: says.unwrap_or_default() }
}

fn known_outcome(outcome: &str, node: &Node, report: &mut Report<'_>) {
    let known = ["continue", "allow", "block", "reroute", "rewrite", "repair"];
    if !known.contains(&outcome) {
        report
            .error(&codes::TEST_FORM, format!("`{outcome}` is not an outcome"))
            .place(node.span.clone(), "no decision ends like this")
            .advise(suggest::help(outcome, "outcomes", known));
    }
}

fn harm(node: &Node, report: &mut Report<'_>) -> Signal<Harm> {
    let undecided = Harm { score: 0.5, category: "other".to_owned() };
    signal(node, report, undecided, |node, report| {
        if !matches!(node.value, Value::Map(_)) {
            return fields::probability(node, report)
                .map(|score| Harm { score, category: "other".to_owned() });
        }
        let mut fields = Fields::of(node, "harm", report)?;
        let score = fields.required("score", report).and_then(|node| fields::probability(node, report));
        let category = fields.text("category", report);
        fields.finish(report);
        if let Some(category) =
            category.as_ref().filter(|category| !CATEGORIES.contains(&category.value.as_str()))
        {
            report
                .error(&codes::UNKNOWN_CATEGORY, format!("unknown category `{}`", category.value))
                .place(category.span.clone(), "not in the taxonomy")
                .advise(suggest::help(&category.value, "categories", CATEGORIES));
        }
        Some(Harm { score: score?, category: category.map_or("other".to_owned(), |category| category.value) })
    })
}

fn risk(node: &Node, report: &mut Report<'_>) -> Signal<RefusalRisk> {
    signal(node, report, RefusalRisk { score: 0.5 }, |node, report| {
        fields::probability(node, report).map(|score| RefusalRisk { score })
    })
}

/// A kind alone stands for a clear case of it.
fn refusal(node: &Node, report: &mut Report<'_>) -> Signal<Refusal> {
    let kinds = RefusalKind::ALL.map(|kind| (kind.name(), kind));
    let undecided = Refusal { kind: RefusalKind::Partial, score: 0.5 };
    signal(node, report, undecided, |node, report| {
        if !matches!(node.value, Value::Map(_)) {
            let kind = fields::choice(node, report, &kinds)?.value;
            return Some(Refusal { kind, score: if kind == RefusalKind::Compliance { 0.05 } else { 0.95 } });
        }
        let mut fields = Fields::of(node, "a refusal", report)?;
        let kind = fields.required("kind", report).and_then(|node| fields::choice(node, report, &kinds));
        let score = fields.required("score", report).and_then(|node| fields::probability(node, report));
        fields.finish(report);
        Some(Refusal { kind: kind?.value, score: score? })
    })
}

/// `abstained`, `unavailable` and `notRun` are words; everything else is a value.
fn signal<T>(
    node: &Node,
    report: &mut Report<'_>,
    undecided: T,
    value: impl Fn(&Node, &mut Report<'_>) -> Option<T>,
) -> Signal<T> {
    match &node.value {
        Value::Text(word) if word == "abstained" => Signal::Abstained(undecided),
        Value::Text(word) if word == "unavailable" => Signal::Unavailable,
        Value::Text(word) if word == "notRun" => Signal::NotRun,
        Value::Map(entries) => match entries.as_slice() {
            [(key, inner)] if key.text == "abstained" => {
                value(inner, report).map_or(Signal::NotRun, Signal::Abstained)
            }
            _ => value(node, report).map_or(Signal::NotRun, Signal::Known),
        },
        _ => value(node, report).map_or(Signal::NotRun, Signal::Known),
    }
}

fn count(node: &Node, report: &mut Report<'_>) -> u32 {
    fields::whole(node, report, 0, i64::from(u32::MAX))
        .and_then(|value| u32::try_from(value).ok())
        .unwrap_or(0)
}

fn flag(node: &Node, report: &mut Report<'_>) -> bool {
    if let Value::Bool(value) = node.value {
        return value;
    }
    fields::mismatch(node, "this must be true or false", report);
    false
}
