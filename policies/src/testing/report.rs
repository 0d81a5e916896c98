//! What a test run has to say: to a person, to CI, and about what it never touched.

use std::fmt::Write as _;

use serde::Serialize;

use super::SuiteResult;
use crate::{
    decision::{RuleRef, Verdict},
    expr::Condition,
    policy::PolicySet,
};

/// Which rules some case exercised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Every rule, in order.
    pub rules: Vec<RuleCoverage>,
}

/// How one rule was exercised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleCoverage {
    /// The rule.
    pub rule: RuleRef,
    /// Cases in which it held.
    pub held: usize,
    /// Cases in which it did not.
    pub not_held: usize,
    /// Cases in which it could not be told.
    pub unknown: usize,
    /// Whether it can fail to hold, and whether it can be unknown: a rule without a condition can do neither.
    pub branches: [bool; 2],
}

// === impl Coverage ===

impl Coverage {
    /// Counts what these results exercised of a set.
    pub fn of<'a>(set: &PolicySet, results: impl IntoIterator<Item = &'a SuiteResult>) -> Self {
        let can = |condition: Option<&Condition>| {
            [condition.is_some(), condition.is_some_and(|condition| condition.reads.classified())]
        };
        let mut rules: Vec<RuleCoverage> = set
            .all_rules()
            .filter(|rule| rule.asked())
            .map(|rule| RuleCoverage {
                rule: rule.name.clone(),
                held: 0,
                not_held: 0,
                unknown: 0,
                branches: can(rule.when.as_ref()),
            })
            .collect();
        let cases = results.into_iter().flat_map(|suite| &suite.cases);
        for trace in cases.flat_map(|case| &case.decision.trace) {
            if let Some(rule) = rules.iter_mut().find(|rule| rule.rule == trace.rule) {
                match trace.verdict {
                    Verdict::Held => rule.held += 1,
                    Verdict::NotHeld => rule.not_held += 1,
                    Verdict::Unknown(_) => rule.unknown += 1,
                    Verdict::Skipped(_) => {}
                }
            }
        }
        Self { rules }
    }

    /// The rules that never held in any case.
    pub fn never_held(&self) -> impl Iterator<Item = &RuleRef> {
        self.rules.iter().filter(|rule| rule.held == 0).map(|rule| &rule.rule)
    }

    /// The branches no case took, each as `policy/rule: branch`.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for rule in &self.rules {
            for (branch, possible, count) in rule.taken() {
                if possible && count == 0 {
                    missing.push(format!("{}: {branch}", rule.rule));
                }
            }
        }
        missing
    }

    /// The share of rules that held in some case, 0..1.
    pub fn rules_share(&self) -> f64 {
        share(self.rules.iter().filter(|rule| rule.held > 0).count(), self.rules.len())
    }

    /// The share of branches — held, not held, unknown, where each can be — that some case took, 0..1.
    pub fn branches_share(&self) -> f64 {
        let branches: Vec<usize> = self
            .rules
            .iter()
            .flat_map(RuleCoverage::taken)
            .filter(|(_, possible, _)| *possible)
            .map(|(.., count)| count)
            .collect();
        share(branches.iter().filter(|count| **count > 0).count(), branches.len())
    }
}

// === impl RuleCoverage ===

impl RuleCoverage {
    /// Each branch: its name, whether it can be taken, and how often it was.
    fn taken(&self) -> [(&'static str, bool, usize); 3] {
        let [can_fail, can_be_unknown] = self.branches;
        [
            ("held", true, self.held),
            ("not held", can_fail, self.not_held),
            ("unknown", can_be_unknown, self.unknown),
        ]
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The results for a person: one line a case that failed, with what was expected, and a sum.
pub fn text(results: &[SuiteResult], color: bool) -> String {
    let paint = |code: &str, text: &str| {
        if color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let mut out = String::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for suite in results {
        for case in &suite.cases {
            if let Some(reason) = &case.skipped {
                skipped += 1;
                let _ = writeln!(out, "{} {}: {} ({reason})", paint("33", "skipped"), suite.file, case.name);
            } else if case.passed() {
                passed += 1;
            } else {
                failed += 1;
                let _ = writeln!(out, "{} {}: {}", paint("1;31", "failed"), suite.file, case.name);
                for difference in &case.differences {
                    let _ = writeln!(out, "  {}", difference.what);
                    let _ = writeln!(
                        out,
                        "    {}",
                        paint("32", &format!("expected {}", show(&difference.expected)))
                    );
                    let _ = writeln!(
                        out,
                        "    {}",
                        paint("31", &format!("found    {}", show(&difference.found)))
                    );
                }
                for trace in &case.decision.trace {
                    let _ = writeln!(out, "  {} {}", trace.rule, verdict(&trace.verdict));
                }
            }
        }
    }
    let _ = write!(out, "{passed} passed, {failed} failed");
    if skipped > 0 {
        let _ = write!(out, ", {skipped} skipped");
    }
    out.push('\n');
    out
}

fn show(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Held => "held".to_owned(),
        Verdict::NotHeld => "did not hold".to_owned(),
        Verdict::Unknown(signals) => format!("unknown for want of {}", signals.join(", ")),
        Verdict::Skipped(skip) => format!("skipped: {skip:?}").to_lowercase(),
    }
}

/// The results as `JUnit` XML, which is what CI systems read.
pub fn junit(results: &[SuiteResult]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in results {
        let failures = suite.cases.iter().filter(|case| !case.passed()).count();
        let skipped = suite.cases.iter().filter(|case| case.skipped.is_some()).count();
        let name = escape(&suite.file);
        let tests = suite.cases.len();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">"
        );
        for case in &suite.cases {
            let _ = write!(out, "    <testcase classname=\"{name}\" name=\"{}\"", escape(&case.name));
            if let Some(reason) = &case.skipped {
                let _ = writeln!(out, "><skipped message=\"{}\"/></testcase>", escape(reason));
            } else if case.passed() {
                out.push_str("/>\n");
            } else {
                let lines: Vec<String> = case
                    .differences
                    .iter()
                    .map(|found| {
                        format!(
                            "{}: expected {}, found {}",
                            found.what,
                            show(&found.expected),
                            show(&found.found)
                        )
                    })
                    .collect();
                let _ = writeln!(out, "><failure message=\"{}\"/></testcase>", escape(&lines.join("; ")));
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// Control characters have no place in XML 1.0, escaped or not.
fn escape(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\n' => "&#10;".to_owned(),
            letter if letter.is_control() => String::new(),
            letter => letter.to_string(),
        })
        .collect()
}
