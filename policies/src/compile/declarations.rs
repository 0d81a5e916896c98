//! What a policy declares for its own conditions: thresholds, lexicons, named conditions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cel::common::ast::{EntryExpr, Expr as Cel, IdedExpr, LiteralValue, operators};

use super::{Calibration, Environment, place};
use crate::{
    diagnostic::codes,
    expr::{Checker, Mistake, Parsed, Scope, Written, parse},
    model::{At, RawPolicy, RawThreshold, Report},
    policy::{PolicySet, Unused, lexicon_name},
};

/// Checks the declarations of a policy.
pub(super) fn scope(
    policy: &RawPolicy,
    environment: &Environment,
    set: &mut PolicySet,
    report: &mut Report<'_>,
) -> Scope {
    let mut scope = Scope {
        upstreams: environment.upstreams.iter().map(|upstream| upstream.name.clone()).collect(),
        ..Scope::default()
    };
    for (name, threshold) in &policy.thresholds {
        let value = value(&threshold.value, environment).or_else(|| {
            report
                .error(&codes::BAD_VALUE, "no threshold is known to have this precision")
                .place(threshold.span.clone(), "no measured threshold reaches it")
                .advise("name the threshold itself, or measure the classifier");
            None
        });
        scope.thresholds.insert(name.value.clone(), value);
    }
    for (name, phrases) in &policy.lexicons {
        let full = lexicon_name(&policy.name.value, &name.value);
        for phrase in phrases {
            if !set.lexicons.add(&full, &phrase.value) {
                report
                    .error(&codes::BAD_VALUE, format!("`{}` has no word in it", phrase.value))
                    .place(phrase.span.clone(), "would never match");
            }
        }
        scope.lexicons.insert(name.value.clone(), full);
    }
    conditions(&policy.conditions, &mut scope, report);
    unused(policy, set, report);
    scope
}

/// A calibrated score is a probability, so costs give the threshold (Elkan 2001), and whatever lies
/// above a threshold is right at least that often. Measured pairs, where there are any, do better.
fn value(threshold: &RawThreshold, environment: &Environment) -> Option<f64> {
    match threshold {
        RawThreshold::Value(value) => Some(*value),
        RawThreshold::Costs { false_alarm, miss } => Some(false_alarm / (false_alarm + miss)),
        RawThreshold::Precision(wanted) => {
            let heads = environment.calibration.iter().flatten();
            let measured: Vec<&Calibration> =
                heads.filter(|head| head.head == "harm" && !head.precision.is_empty()).collect();
            if measured.is_empty() {
                return Some(*wanted);
            }
            let pairs = measured.iter().flat_map(|head| &head.precision);
            pairs
                .filter(|(_, precision)| precision >= wanted)
                .map(|(threshold, _)| *threshold)
                .min_by(f64::total_cmp)
        }
    }
}

/// A named condition that is not checked yet, and the conditions it uses.
type Open<'a> = (&'a At<String>, &'a Written, Option<Parsed>, Vec<String>);

/// Named conditions may use one another; they are checked in an order in which each comes after those
/// it uses. What is left when no such order exists stands in a circle.
fn conditions(raw: &[(At<String>, Written)], scope: &mut Scope, report: &mut Report<'_>) {
    let mut open: BTreeMap<&str, Open<'_>> = BTreeMap::new();
    for (name, written) in raw {
        let parsed = parse(written).map_err(|mistake| place([mistake], written, report)).ok();
        let mut uses = Vec::new();
        if let Some(parsed) = &parsed {
            collect(&parsed.root, &mut uses);
        }
        open.entry(&name.value).or_insert((name, written, parsed, uses));
    }
    let mut needed_by: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut waits: BTreeMap<String, usize> = BTreeMap::new();
    for (name, (.., uses)) in &open {
        let others: BTreeSet<&String> = uses.iter().filter(|used| open.contains_key(used.as_str())).collect();
        waits.insert((*name).to_owned(), others.len());
        for used in others {
            needed_by.entry(used.clone()).or_default().push((*name).to_owned());
        }
    }
    let mut ready: Vec<String> =
        waits.iter().filter(|(_, count)| **count == 0).map(|(name, _)| name.clone()).collect();
    while let Some(name) = ready.pop() {
        let Some((_, written, parsed, _)) = open.remove(name.as_str()) else { continue };
        let checked = parsed.and_then(|parsed| {
            Checker::check(scope, &parsed).map_err(|mistakes| place(mistakes, written, report)).ok()
        });
        for user in needed_by.remove(&name).into_iter().flatten() {
            if let Some(count) = waits.get_mut(&user) {
                *count -= 1;
                if *count == 0 {
                    ready.push(user);
                }
            }
        }
        scope.conditions.insert(name, checked.map(Arc::new));
    }
    for (name, (at, _, _, uses)) in &open {
        let circle: Vec<String> = uses
            .iter()
            .filter(|used| open.contains_key(used.as_str()))
            .map(|used| format!("`{used}`"))
            .collect();
        report
            .error(&codes::CONDITION_CYCLE, format!("condition `{name}` goes round in a circle"))
            .place(at.span.clone(), format!("uses {}", circle.join(", ")));
        scope.conditions.insert((*name).to_owned(), None);
    }
}

/// The named conditions an expression mentions.
fn collect(expr: &IdedExpr, uses: &mut Vec<String>) {
    match &expr.expr {
        Cel::Select(select) => {
            if matches!(&select.operand.expr, Cel::Ident(root) if root == "conditions") {
                uses.push(select.field.clone());
            }
            collect(&select.operand, uses);
        }
        Cel::Call(call) => {
            if let (operators::INDEX, [target, index]) = (call.func_name.as_str(), call.args.as_slice())
                && matches!(&target.expr, Cel::Ident(root) if root == "conditions")
                && let Cel::Literal(LiteralValue::String(name)) = &index.expr
            {
                uses.push(name.inner().to_owned());
            }
            call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|inner| collect(inner, uses));
        }
        Cel::List(list) => list.elements.iter().for_each(|inner| collect(inner, uses)),
        Cel::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    collect(&entry.value, uses);
                }
            }
        }
        _ => {}
    }
}

/// Declarations nothing mentions, for lint. Mentions are looked for in the text: `conditions.calm` is
/// the only way to write one, save for an index, which is looked for too.
fn unused(policy: &RawPolicy, set: &mut PolicySet, report: &Report<'_>) {
    let texts: Vec<&str> = policy
        .conditions
        .iter()
        .map(|(_, written)| written.text.as_str())
        .chain(policy.rules.iter().filter_map(|rule| rule.when.as_ref()).map(|written| written.text.as_str()))
        .collect();
    let mentioned = |root: &str, name: &str| {
        let field = format!("{root}.{name}");
        texts.iter().any(|text| {
            text.match_indices(&field).any(|(at, _)| {
                let after = text.get(at + field.len()..).and_then(|rest| rest.chars().next());
                !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
            }) || (text.contains(&format!("{root}[")) && text.contains(name))
        })
    };
    let conditions = policy.conditions.iter().map(|(name, _)| ("condition", "conditions", name));
    let thresholds = policy.thresholds.iter().map(|(name, _)| ("threshold", "thresholds", name));
    let lexicons = policy.lexicons.iter().map(|(name, _)| ("lexicon", "prompt.lexicon", name));
    for (what, root, name) in conditions.chain(thresholds).chain(lexicons) {
        if !mentioned(root, &name.value) {
            let file = report.source.name.clone();
            set.unused.push(Unused { what, name: name.value.clone(), file, span: name.span.clone() });
        }
    }
}

/// Checks a condition of a rule.
pub(super) fn condition(
    written: &Written,
    scope: &Scope,
    report: &mut Report<'_>,
) -> Option<crate::expr::Condition> {
    let checked: Result<_, Vec<Mistake>> =
        parse(written).map_err(|mistake| vec![mistake]).and_then(|parsed| Checker::check(scope, &parsed));
    checked.map_err(|mistakes| place(mistakes, written, report)).ok()
}
