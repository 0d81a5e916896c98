//! Policies that compile and are probably not what was meant.
//!
//! A finding is a warning: the policy works as written. What lint looks for are rules that read as
//! protection and are none — because they can never fire, are never reached, or pass over whatever
//! the classifier is unsure of — and promises nobody keeps.

mod implies;
mod never;

use crate::{
    compile::Environment,
    decision::Mode,
    diagnostic::{Code, Diagnostic, codes},
    expr::{Comparison, Condition, Expr, possible},
    facts::Phase,
    policy::{AppliesTo, Decides, OnUnknown, PolicySet, Rule},
    vocabulary::{Path, Reads},
};

/// Everything worth a look, in the order of the files.
pub fn lint(set: &PolicySet, environment: &Environment) -> Vec<Diagnostic> {
    let mut linter = Linter { set, environment, found: set.warnings.clone() };
    for phase in Phase::ALL {
        let rules = set.rules(phase);
        for (index, rule) in rules.iter().enumerate() {
            let (above, below) = rules.split_at(index);
            linter.rule(rule, above, below.len() > 1);
        }
    }
    for unused in &set.unused {
        let message = format!("{} `{}` is not used", unused.what, unused.name);
        let found = Diagnostic::warning(&codes::UNUSED, message);
        linter.found.push(found.at(&unused.file, unused.span.clone(), "no condition reads it"));
    }
    linter.found.sort_by(|one, other| (&one.file, one.span.start).cmp(&(&other.file, other.span.start)));
    linter.found
}

struct Linter<'a> {
    set: &'a PolicySet,
    environment: &'a Environment,
    found: Vec<Diagnostic>,
}

// === impl Linter ===

impl Linter<'_> {
    fn warn(
        &mut self,
        rule: &Rule,
        code: &'static Code,
        message: String,
        label: &str,
    ) -> Option<&mut Diagnostic> {
        self.found.push(Diagnostic::warning(code, message).at(&rule.file, rule.span.clone(), label));
        self.found.last_mut()
    }

    fn rule(&mut self, rule: &Rule, above: &[Rule], followed: bool) {
        self.expiry(rule);
        if rule.mode == Mode::Off || rule.expired {
            return;
        }
        if self.never_fires(rule) {
            return;
        }
        self.shadowed(rule, above);
        self.takes_all(rule, followed);
        self.abstention(rule);
        self.calibration(rule);
        self.guidance(rule);
        self.category_alone(rule);
    }

    fn expiry(&mut self, rule: &Rule) {
        let Some((day, span)) = &rule.expires else { return };
        let (day, span) = (day.clone(), span.clone());
        let id = &rule.name.rule;
        if rule.expired
            && let Some(found) = self.warn(
                rule,
                &codes::EXPIRED,
                format!("rule `{id}` expired on {day}"),
                "not asked any more",
            )
        {
            found.span = span;
            found.help = Some("renew it, or remove it".to_owned());
        }
        let policy = self.set.summaries.get(rule.policy);
        if rule.owner.is_none() && policy.is_none_or(|policy| policy.owner.is_none()) {
            self.warn(
                rule,
                &codes::EXCEPTION_OWNER,
                format!("rule `{id}` expires and has no owner"),
                "who will look at it?",
            );
        }
    }

    /// A rule that never fires has no other faults worth a line.
    fn never_fires(&mut self, rule: &Rule) -> bool {
        let id = &rule.name.rule;
        let nobody = rule.rollout <= 0.0;
        if nobody {
            self.warn(
                rule,
                &codes::NEVER_FIRES,
                format!("rule `{id}` is rolled out to nobody"),
                "`rollout: 0%`",
            );
        }
        let threshold = self.environment.thresholds.harm;
        let impossible = |condition: &Condition| !possible(condition, threshold) || never::never(condition);
        let never = rule.when.as_ref().is_some_and(impossible);
        if never
            && let Some(found) =
                self.warn(rule, &codes::NEVER_FIRES, format!("rule `{id}` can never fire"), "never true")
        {
            found.span = rule.when_span.clone();
        }
        nobody || never
    }

    /// A rule above decides whenever this one would, so this one is never reached.
    fn shadowed(&mut self, rule: &Rule, above: &[Rule]) {
        if !matches!(rule.on_unknown, OnUnknown::Skip) {
            return;
        }
        let other =
            above.iter().filter(|other| other.when.is_some()).find(|other| self.decides_always(other, rule));
        let Some(other) = other.map(|other| other.name.clone()) else { return };
        let message = format!("rule `{}` is never reached", rule.name.rule);
        if let Some(found) = self.warn(rule, &codes::SHADOWED, message, "another rule decides first") {
            found.help = Some(format!("`{other}` decides whenever this rule would"));
        }
    }

    fn decides_always(&self, other: &Rule, rule: &Rule) -> bool {
        let scope = other.policy == rule.policy
            || self.set.scopes.get(other.policy).is_none_or(AppliesTo::everything);
        other.mode == Mode::Enforce
            && !other.expired
            && other.rollout >= 1.0
            && other.decides.is_some()
            && !other.repairs
            && other.applies_to.everything()
            && scope
            && implies::implies(rule.when.as_ref(), other.when.as_ref())
    }

    fn takes_all(&mut self, rule: &Rule, followed: bool) {
        let scope = self.set.scopes.get(rule.policy).is_none_or(AppliesTo::everything);
        let all = rule.when.is_none()
            && rule.decides.is_some()
            && rule.mode == Mode::Enforce
            && rule.rollout >= 1.0
            && rule.applies_to.everything()
            && scope;
        if all && followed {
            let message = format!("rule `{}` decides every exchange", rule.name.rule);
            if let Some(found) = self.warn(rule, &codes::TAKES_ALL, message, "no rule below is ever asked") {
                found.help = Some("put it last, or give it a condition".to_owned());
            }
        }
    }

    /// A guard that skips what is undecided needs another rule that takes it.
    fn abstention(&mut self, rule: &Rule) {
        let guards =
            matches!(rule.decides, Some(Decides::Block { .. })) && matches!(rule.on_unknown, OnUnknown::Skip);
        let Some(condition) = rule.when.as_ref().filter(|_| guards) else { return };
        for (reads, signal) in [(Reads::HARM, "prompt.harm"), (Reads::ANSWER_HARM, "response.harm")] {
            let taken = |other: &&Rule| {
                !matches!(other.on_unknown, OnUnknown::Skip)
                    && other.asked()
                    && other.mode == Mode::Enforce
                    && other.when.as_ref().is_some_and(|condition| condition.reads.has(reads))
            };
            if condition.reads.has(reads) && !self.set.all_rules().any(|other| taken(&other)) {
                let message = format!("rule `{}` passes over what is undecided", rule.name.rule);
                if let Some(found) = self.warn(rule, &codes::IGNORES_ABSTENTION, message, "`onUnknown: skip`")
                {
                    found.help = Some(format!("no other rule does anything where `{signal}` is not known"));
                }
                return;
            }
        }
    }

    fn calibration(&mut self, rule: &Rule) {
        let (Some(heads), Some(condition)) = (&self.environment.calibration, &rule.when) else { return };
        let uncalibrated = condition
            .reads
            .heads()
            .find(|(head, _)| heads.iter().any(|known| known.head == *head && !known.calibrated));
        if let Some((head, signal)) = uncalibrated {
            let message = format!("rule `{}` puts a threshold on `{signal}`", rule.name.rule);
            self.warn(rule, &codes::NO_CALIBRATION, message, &format!("head `{head}` is not calibrated"));
        }
    }

    fn guidance(&mut self, rule: &Rule) {
        if !matches!(rule.decides, Some(Decides::Block { message: None, .. })) {
            return;
        }
        let mut categories = Vec::new();
        if let Some(condition) = &rule.when {
            collect_categories(&condition.root, &mut categories);
        }
        let missing: Vec<&str> =
            categories.into_iter().filter(|category| self.set.guidance(category).is_none()).collect();
        let label = if !missing.is_empty() {
            format!("no guidance for {}", missing.join(", "))
        } else if self.set.guidance.is_empty() {
            "there is no guidance at all".to_owned()
        } else {
            return;
        };
        let message = format!("rule `{}` blocks without a text of its own", rule.name.rule);
        self.warn(rule, &codes::NO_GUIDANCE, message, &label);
    }

    fn category_alone(&mut self, rule: &Rule) {
        let Some(condition) = &rule.when else { return };
        for (category, score, name) in [
            (Path::HarmCategory, Path::HarmScore, "prompt.harm"),
            (Path::AnswerHarmCategory, Path::AnswerHarmScore, "response.harm"),
        ] {
            let bounded = mentions(&condition.root, score)
                || (score == Path::HarmScore && mentions(&condition.root, Path::Quadrant));
            if mentions(&condition.root, category) && !bounded {
                let message = format!("rule `{}` goes by the category alone", rule.name.rule);
                if let Some(found) =
                    self.warn(rule, &codes::CATEGORY_ALONE, message, "harmless texts have one too")
                {
                    found.span = rule.when_span.clone();
                    found.help = Some(format!("add a bound: `&& {name}.score >= 0.5`"));
                }
            }
        }
    }
}

fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Not(inner) => vec![inner],
        Expr::All(sides)
        | Expr::Any(sides)
        | Expr::Compare(_, sides)
        | Expr::Match(_, sides)
        | Expr::Arithmetic(_, sides) => sides.iter().collect(),
        Expr::If(parts) => parts.iter().collect(),
        Expr::OneOf(needle, values) => std::iter::once(&**needle).chain(values).collect(),
        Expr::Named(condition) => vec![&condition.root],
        Expr::Bool(_)
        | Expr::Number(_)
        | Expr::Text(_)
        | Expr::Read(_)
        | Expr::Lexicon(_)
        | Expr::Quadrant(_) => Vec::new(),
    }
}

fn mentions(expr: &Expr, path: Path) -> bool {
    match expr {
        Expr::Read(found) => *found == path,
        Expr::Quadrant(_) => path == Path::Quadrant,
        _ => children(expr).into_iter().any(|inner| mentions(inner, path)),
    }
}

/// The categories a condition asks for by name.
fn collect_categories<'a>(expr: &'a Expr, found: &mut Vec<&'a str>) {
    match expr {
        Expr::Compare(Comparison::Equal, sides) => {
            if let [Expr::Read(Path::HarmCategory | Path::AnswerHarmCategory), Expr::Text(text)]
            | [Expr::Text(text), Expr::Read(Path::HarmCategory | Path::AnswerHarmCategory)] = &**sides
            {
                found.push(text);
            }
        }
        Expr::OneOf(needle, values)
            if matches!(**needle, Expr::Read(Path::HarmCategory | Path::AnswerHarmCategory)) =>
        {
            found.extend(
                values
                    .iter()
                    .filter_map(|value| if let Expr::Text(text) = value { Some(&**text) } else { None }),
            );
        }
        Expr::Not(_) => {}
        _ => children(expr).into_iter().for_each(|inner| collect_categories(inner, found)),
    }
}

#[cfg(test)]
mod tests;
