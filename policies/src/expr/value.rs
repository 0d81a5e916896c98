//! What a checked expression says about facts: true, false, or not to be told.
//!
//! Kleene's logic: `false && unknown` is false, `true || unknown` is true, everything else that
//! touches an unknown is unknown. A quadrant is known as far as it can be: a prompt that is harmful
//! for certain is not an over-refusal, whether or not anybody knows if it will be refused.

use std::cmp::Ordering;

use super::{Arithmetic, Comparison, Condition, Expr, Match};
use crate::{
    facts::{Facts, Harm, Quadrant, Signal, probability},
    vocabulary::{Path, Reads},
};

/// What came of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// It cannot be told, for want of these.
    Unknown(Reads),
}

/// What came of an expression.
#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Bool(bool),
    Number(f64),
    Text(&'a str),
    Unknown(Reads),
}

// === impl Truth ===

impl Truth {
    const fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

// === impl Condition ===

impl Condition {
    /// Asks the condition.
    pub(crate) fn ask(&self, facts: &Facts) -> Truth {
        truth(&self.root, facts)
    }
}

/// Whether an expression that is true or false is true.
fn truth(expr: &Expr, facts: &Facts) -> Truth {
    match expr {
        Expr::Bool(value) => Truth::of(*value),
        Expr::Read(path) => match read(*path, facts) {
            Value::Bool(value) => Truth::of(value),
            Value::Unknown(reads) => Truth::Unknown(reads),
            Value::Number(_) | Value::Text(_) => Truth::False,
        },
        Expr::Lexicon(name) => Truth::of(facts.lexicons.contains(&**name)),
        Expr::Quadrant(wanted) => quadrant(*wanted, facts),
        Expr::Not(inner) => match truth(inner, facts) {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            unknown @ Truth::Unknown(_) => unknown,
        },
        Expr::All(sides) => join(sides, facts, Truth::False, Truth::True),
        Expr::Any(sides) => join(sides, facts, Truth::True, Truth::False),
        Expr::If(parts) => {
            let [condition, yes, no] = &**parts;
            match truth(condition, facts) {
                Truth::True => truth(yes, facts),
                Truth::False => truth(no, facts),
                unknown @ Truth::Unknown(_) => unknown,
            }
        }
        Expr::Compare(how, sides) => pair(sides, facts, |left, right| compare(*how, left, right)),
        Expr::Match(how, sides) => pair(sides, facts, |left, right| matches(*how, left, right)),
        Expr::OneOf(needle, values) => match value(needle, facts) {
            Value::Unknown(reads) => Truth::Unknown(reads),
            found => {
                Truth::of(values.iter().any(|other| compare(Comparison::Equal, found, value(other, facts))))
            }
        },
        Expr::Named(condition) => truth(&condition.root, facts),
        // The checker lets only true and false stand where a condition is asked for.
        Expr::Number(_) | Expr::Text(_) | Expr::Arithmetic(..) => Truth::False,
    }
}

fn value<'a>(expr: &'a Expr, facts: &'a Facts) -> Value<'a> {
    match expr {
        Expr::Number(value) => Value::Number(*value),
        Expr::Text(value) => Value::Text(value),
        Expr::Read(path) => read(*path, facts),
        Expr::Arithmetic(how, sides) => {
            let [left, right] = &**sides;
            match (value(left, facts), value(right, facts)) {
                (Value::Number(left), Value::Number(right)) => Value::Number(calculate(*how, left, right)),
                (Value::Unknown(left), Value::Unknown(right)) => Value::Unknown(left.and(right)),
                (Value::Unknown(reads), _) | (_, Value::Unknown(reads)) => Value::Unknown(reads),
                // The checker lets only numbers be reckoned with.
                _ => Value::Number(0.0),
            }
        }
        _ => match truth(expr, facts) {
            Truth::True => Value::Bool(true),
            Truth::False => Value::Bool(false),
            Truth::Unknown(reads) => Value::Unknown(reads),
        },
    }
}

/// `&&` with `False` as the side that decides, `||` with `True`.
fn join(sides: &[Expr; 2], facts: &Facts, decides: Truth, otherwise: Truth) -> Truth {
    let [left, right] = sides;
    let left = truth(left, facts);
    if left == decides {
        return decides;
    }
    match (left, truth(right, facts)) {
        (_, right) if right == decides => decides,
        (Truth::Unknown(left), Truth::Unknown(right)) => Truth::Unknown(left.and(right)),
        (Truth::Unknown(reads), _) | (_, Truth::Unknown(reads)) => Truth::Unknown(reads),
        _ => otherwise,
    }
}

fn pair<'a>(
    sides: &'a [Expr; 2],
    facts: &'a Facts,
    known: impl FnOnce(Value<'a>, Value<'a>) -> bool,
) -> Truth {
    let [left, right] = sides;
    match (value(left, facts), value(right, facts)) {
        (Value::Unknown(left), Value::Unknown(right)) => Truth::Unknown(left.and(right)),
        (Value::Unknown(reads), _) | (_, Value::Unknown(reads)) => Truth::Unknown(reads),
        (left, right) => Truth::of(known(left, right)),
    }
}

fn compare(how: Comparison, left: Value<'_>, right: Value<'_>) -> bool {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(&right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(&right)),
        _ => None,
    };
    match how {
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
    }
}

fn matches(how: Match, left: Value<'_>, right: Value<'_>) -> bool {
    let (Value::Text(left), Value::Text(right)) = (left, right) else { return false };
    match how {
        Match::StartsWith => left.starts_with(right),
        Match::EndsWith => left.ends_with(right),
        Match::Contains => left.contains(right),
    }
}

const fn calculate(how: Arithmetic, left: f64, right: f64) -> f64 {
    match how {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
    }
}

fn quadrant(wanted: u8, facts: &Facts) -> Truth {
    let harm = facts.harm.known().and_then(|harm| probability(harm.score));
    let risk = facts.risk.known().and_then(|risk| probability(risk.score));
    let harmless = bit(Quadrant::Comply) | bit(Quadrant::OverRefusal);
    let answered = bit(Quadrant::Comply) | bit(Quadrant::Jailbreak);
    let side = |known: Option<bool>, no: u8| known.map_or(0b1111, |yes| if yes { !no & 0b1111 } else { no });
    let possible = side(harm.map(|score| score >= facts.thresholds.harm), harmless)
        & side(risk.map(|score| score >= facts.thresholds.refusal), answered);
    if possible & wanted == 0 {
        return Truth::False;
    }
    if possible & !wanted == 0 {
        return Truth::True;
    }
    let missing = if harm.is_none() { Reads::HARM } else { Reads::NONE };
    Truth::Unknown(if risk.is_none() { missing.and(Reads::RISK) } else { missing })
}

/// The bit of a quadrant in [`Expr::Quadrant`].
pub(super) const fn bit(quadrant: Quadrant) -> u8 {
    match quadrant {
        Quadrant::Comply => 1,
        Quadrant::OverRefusal => 2,
        Quadrant::Jailbreak => 4,
        Quadrant::Refuse => 8,
    }
}

fn read(path: Path, facts: &Facts) -> Value<'_> {
    let request = &facts.request;
    match path {
        Path::Model => Value::Text(&request.model),
        Path::Url => Value::Text(&request.path),
        Path::Tenant => Value::Text(&request.tenant),
        Path::Upstream => Value::Text(&request.upstream),
        Path::Dialect => Value::Text(&request.dialect),
        Path::Stream => Value::Bool(request.stream),
        Path::Tools => Value::Bool(request.tools),
        Path::System => Value::Bool(request.system),
        Path::Turns => Value::Number(request.turns.into()),
        Path::Unjudged => Value::Number(request.unjudged.into()),
        Path::Words => Value::Number(request.words.into()),
        Path::HarmScore => score(&facts.harm, Reads::HARM, |harm| harm.score),
        Path::HarmCategory => category(&facts.harm, Reads::HARM),
        Path::Risk => score(&facts.risk, Reads::RISK, |risk| risk.score),
        // The checker turns every mention of the quadrant into `Expr::Quadrant`.
        Path::Quadrant => Value::Unknown(Reads::QUADRANT),
        Path::RefusalKind => facts
            .refusal
            .known()
            .map_or(Value::Unknown(Reads::REFUSAL), |refusal| Value::Text(refusal.kind.name())),
        Path::RefusalScore => score(&facts.refusal, Reads::REFUSAL, |refusal| refusal.score),
        Path::AnswerHarmScore => score(&facts.answer_harm, Reads::ANSWER_HARM, |harm| harm.score),
        Path::AnswerHarmCategory => category(&facts.answer_harm, Reads::ANSWER_HARM),
        Path::Status | Path::Finish | Path::ResponseWords | Path::ResponseStream | Path::Head => {
            response(path, facts)
        }
        Path::Attempt => Value::Number(facts.attempt.into()),
    }
}

fn response(path: Path, facts: &Facts) -> Value<'_> {
    let Some(response) = &facts.response else { return Value::Unknown(Reads::RESPONSE) };
    match path {
        Path::Status => Value::Number(response.status.into()),
        Path::Finish => Value::Text(&response.finish),
        Path::ResponseWords => Value::Number(response.words.into()),
        Path::ResponseStream => Value::Bool(response.stream),
        _ => Value::Bool(response.head),
    }
}

fn score<'a, T>(signal: &Signal<T>, reads: Reads, score: impl FnOnce(&T) -> f64) -> Value<'a> {
    signal.known().and_then(|known| probability(score(known))).map_or(Value::Unknown(reads), Value::Number)
}

fn category(signal: &Signal<Harm>, reads: Reads) -> Value<'_> {
    match signal.known() {
        Some(harm) if probability(harm.score).is_some() => Value::Text(&harm.category),
        _ => Value::Unknown(reads),
    }
}
