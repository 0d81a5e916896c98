//! A decision told in plain language: what was known, which rules acted and why, what happens then.

use std::fmt::Write as _;

use demur_policies::decision::{Author, Mode, RuleRef, RuleTrace, Rung, Skip, Verdict};
use demur_policies::facts::{Harm, Quadrant, Refusal, RefusalKind, RefusalRisk};
use demur_policies::{Change, Decision, Facts, Outcome, Phase, PolicySet, Signal};
use serde_json::Value;

/// What was asked, known and decided.
pub struct Explained {
    /// The facts of the exchange as far as it went.
    pub facts: Facts,
    /// The decision of each phase that was looked at.
    pub decisions: Vec<(Phase, Decision)>,
    /// The words that drive the scores, and everything else, for programs.
    pub details: Value,
}

/// Tells decisions of one set of policies.
pub struct Story<'a> {
    policies: &'a PolicySet,
    colour: bool,
}

// === impl Story ===

impl<'a> Story<'a> {
    /// The conditions of rules come from `policies`.
    pub fn new(policies: &'a PolicySet, colour: bool) -> Self {
        Self { policies, colour }
    }

    /// The whole story.
    pub fn tell(&self, explained: &Explained) -> String {
        let mut out = String::new();
        for (phase, decision) in &explained.decisions {
            match phase {
                Phase::Request => {
                    out.push_str(&self.heading("What demur sees in the prompt"));
                    prompt(&mut out, &explained.facts, &explained.details);
                }
                Phase::Response => {
                    out.push_str(&self.heading("What demur sees in the answer"));
                    answer(&mut out, &explained.facts);
                }
            }
            out.push_str(&self.heading(&format!("What the rules of the {} phase say", phase.name())));
            for trace in &decision.trace {
                self.rule(&mut out, trace, &explained.facts);
            }
            if decision.trace.is_empty() {
                out.push_str("  there is none\n");
            }
            out.push_str(&self.heading("What happens"));
            consequence(&mut out, *phase, decision);
        }
        out
    }

    fn heading(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("{text}\n") }
    }

    fn rule(&self, out: &mut String, trace: &RuleTrace, facts: &Facts) {
        let shadow =
            if trace.mode == Mode::Shadow { " (in shadow: it is recorded and changes nothing)" } else { "" };
        let (mark, paint, verdict) = match &trace.verdict {
            Verdict::Held => ("yes", "32", "holds".to_owned()),
            Verdict::NotHeld => ("no", "2", String::new()),
            Verdict::Unknown(signals) => (
                "?",
                "33",
                format!("cannot be told for want of {}; `onUnknown` decides", signals.join(" and ")),
            ),
            Verdict::Skipped(skip) => ("-", "2", skipped(*skip).to_owned()),
        };
        let mark = format!("{mark:>4}");
        let mark = if self.colour { format!("\u{1b}[{paint}m{mark}\u{1b}[0m") } else { mark };
        let condition = self.condition(&trace.rule).unwrap_or_else(|| "always".to_owned());
        if trace.verdict == Verdict::NotHeld {
            let _ = writeln!(out, "{mark}  {}: {condition}{shadow}", trace.rule);
            return;
        }
        let _ = writeln!(out, "{mark}  {}: {verdict}{shadow}", trace.rule);
        if matches!(trace.verdict, Verdict::Skipped(_)) {
            return;
        }
        let _ = writeln!(out, "        {condition}");
        let known = values(&condition, facts);
        if !known.is_empty() {
            let _ = writeln!(out, "        here {}", known.join(", "));
        }
    }

    /// The condition as its author wrote it, on one line.
    fn condition(&self, name: &RuleRef) -> Option<String> {
        let policy = self.policies.policies().iter().find(|policy| policy.name == *name.policy)?;
        let rule = policy.rules.iter().find(|rule| rule.id == *name.rule)?;
        Some(rule.when.as_ref()?.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn prompt(out: &mut String, facts: &Facts, details: &Value) {
    let cut = facts.thresholds;
    let harm = scored(
        &facts.harm,
        |harm: &Harm| harm.score,
        |harm: &Harm| {
            let kind = &harm.category;
            if harm.score >= cut.harm {
                format!("harmful, of the kind `{kind}`")
            } else {
                "harmless".to_owned()
            }
        },
    );
    let _ = writeln!(out, "  prompt.harm       {harm}; from {:.2} on it counts as harmful", cut.harm);
    let risk = scored(
        &facts.risk,
        |risk: &RefusalRisk| risk.score,
        |risk: &RefusalRisk| {
            let words = if risk.score >= cut.refusal {
                "the model will probably refuse"
            } else {
                "the model will probably answer"
            };
            words.to_owned()
        },
    );
    let _ = writeln!(out, "  prompt.refusal    {risk}");
    let quadrant = facts.quadrant().map_or("unknown, because one of the two is".to_owned(), |quadrant| {
        let meaning = match quadrant {
            Quadrant::Comply => "harmless, and it will be answered",
            Quadrant::OverRefusal => "harmless, and it will probably be refused all the same",
            Quadrant::Jailbreak => "harmful, and it will probably be answered all the same",
            Quadrant::Refuse => "harmful, and it will be refused",
        };
        format!("{}: {meaning}", quadrant.name())
    });
    let _ = writeln!(out, "  prompt.quadrant   {quadrant}");
    if !facts.lexicons.is_empty() {
        let names = facts.lexicons.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "  prompt.lexicon    {names}");
    }
    for (name, what) in [("refusal", "the risk of a refusal"), ("harm", "the harm score")] {
        let words = details.pointer(&format!("/triggers/{name}")).and_then(Value::as_array);
        let words: Vec<&str> = words.into_iter().flatten().filter_map(Value::as_str).collect();
        if !words.is_empty() {
            let _ = writeln!(out, "  words behind {what}: {}", words.join(", "));
        }
    }
}

fn answer(out: &mut String, facts: &Facts) {
    let refusal = scored(
        &facts.refusal,
        |refusal: &Refusal| refusal.score,
        |refusal: &Refusal| {
            let kind = match refusal.kind {
                RefusalKind::Compliance => "it answers",
                RefusalKind::Ethical => "it declines because the request seems wrong",
                RefusalKind::Technical => "it declines because it lacks a tool or a capability",
                RefusalKind::Epistemic => "it declines because it does not know",
                RefusalKind::Partial => "it answers a part and declines the rest",
            };
            format!("{}: {kind}", refusal.kind.name())
        },
    );
    let _ = writeln!(out, "  response.refusal  {refusal}");
    let cut = facts.thresholds.harm;
    let harm = scored(
        &facts.answer_harm,
        |harm: &Harm| harm.score,
        |harm: &Harm| {
            if harm.score >= cut {
                format!("harmful, of the kind `{}`", harm.category)
            } else {
                "harmless".to_owned()
            }
        },
    );
    let _ = writeln!(out, "  response.harm     {harm}");
}

/// A signal in words: its score and what it means, or why there is none.
fn scored<T>(signal: &Signal<T>, score: impl Fn(&T) -> f64, meaning: impl Fn(&T) -> String) -> String {
    match signal {
        Signal::Known(value) => format!("{:.2}, {}", score(value), meaning(value)),
        Signal::Abstained(value) => {
            format!("undecided: {:.2}, but the classifier does not stand by it", score(value))
        }
        Signal::Unavailable => "unavailable: no classifier gave an answer".to_owned(),
        Signal::NotRun => "not asked".to_owned(),
    }
}

/// What the signals named in a condition are.
fn values(condition: &str, facts: &Facts) -> Vec<String> {
    let score = |value: Option<f64>| value.map(|score| format!("{score:.2}"));
    let harm = facts.harm.value();
    let answered = facts.answer_harm.value();
    let refusal = facts.refusal.value();
    [
        ("prompt.harm.score", score(harm.map(|harm| harm.score))),
        ("prompt.harm.category", harm.map(|harm| format!("`{}`", harm.category))),
        ("prompt.refusal.score", score(facts.risk.value().map(|risk| risk.score))),
        ("prompt.quadrant", facts.quadrant().map(|quadrant| format!("`{}`", quadrant.name()))),
        ("response.refusal.kind", refusal.map(|refusal| format!("`{}`", refusal.kind.name()))),
        ("response.refusal.score", score(refusal.map(|refusal| refusal.score))),
        ("response.harm.score", score(answered.map(|harm| harm.score))),
        ("response.harm.category", answered.map(|harm| format!("`{}`", harm.category))),
    ]
    .into_iter()
    .filter(|(name, _)| condition.contains(name))
    .filter_map(|(name, value)| value.map(|value| format!("{name} is {value}")))
    .collect()
}

fn skipped(skip: Skip) -> &'static str {
    match skip {
        Skip::Off => "not asked: its mode is `off`",
        Skip::Rollout => "not asked: this conversation is outside its rollout",
        Skip::AppliesTo => "not asked: it does not apply to this model, tenant, path or upstream",
        Skip::Expired => "not asked: it has expired",
    }
}

fn consequence(out: &mut String, phase: Phase, decision: &Decision) {
    for applied in &decision.changes {
        let _ = writeln!(out, "  {} ({})", changed(&applied.change), applied.rule);
    }
    let rule = decision.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
    let _ = writeln!(out, "  {}{rule}", ended(phase, &decision.outcome));
    for shadowed in &decision.shadow {
        let _ =
            writeln!(out, "  in shadow, {} would have: {}", shadowed.rule, ended(phase, &shadowed.outcome));
    }
}

fn changed(change: &Change) -> String {
    match change {
        Change::AddSystem(_) => "a system message is added".to_owned(),
        Change::IgnoreWords(words) => {
            format!("the model is told not to stumble over up to {} words that trip it", words.max)
        }
        Change::Rephrase(_) => "the helper model says the prompt in other words".to_owned(),
        Change::SetParams(params) => {
            format!(
                "parameters are set: {}",
                params.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
            )
        }
        Change::Annotate(labels) => {
            let labels = labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
            format!("the record is labelled {}", labels.join(", "))
        }
    }
}

fn ended(phase: Phase, outcome: &Outcome) -> String {
    match (outcome, phase) {
        (Outcome::Continue, Phase::Request) => {
            "the request goes on to the model: no rule stops it".to_owned()
        }
        (Outcome::Continue, Phase::Response) => "the answer goes to the client: no rule stops it".to_owned(),
        (Outcome::Allow, _) => "it is let through, and no rule below is asked".to_owned(),
        (Outcome::Block(block), _) => {
            format!("it is blocked, and the client reads: {}", shortened(&block.message))
        }
        (Outcome::Reroute(reroute), _) => match &reroute.model {
            Some(model) => format!("upstream `{}` is asked, for the model `{model}`", reroute.upstream),
            None => format!("upstream `{}` is asked", reroute.upstream),
        },
        (Outcome::Rewrite(rewrite), _) => {
            let author = match rewrite.author {
                Author::Guidance => "reviewed text",
                Author::Helper => "a text the helper model writes",
            };
            let text = rewrite.text.as_deref().map(shortened).unwrap_or_default();
            format!("the answer is replaced by {author}: {text}")
        }
        (Outcome::Repair(repair), _) => {
            let rungs = repair.attempts.iter().map(Rung::name).collect::<Vec<_>>().join(", then ");
            let end = match &repair.otherwise {
                Some(_) => "if nothing helps, a constructive text takes its place",
                None => "if nothing helps, the refusal stands",
            };
            format!("the refusal is repaired: {rungs}; {end}")
        }
    }
}

/// The beginning of a text, on one line.
pub fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 120 {
        return line;
    }
    format!("{}…", line.chars().take(120).collect::<String>().trim_end())
}
