//! Whether a condition contradicts itself, as far as can be seen from its shape.
//!
//! Only a "yes" means anything. What has to hold together is laid side by side: two bounds on one number
//! that leave nothing between them, one text that would have to be two, something and its opposite.

use crate::expr::{Comparison, Condition, Expr};

/// Whether no exchange can make it true.
pub(super) fn never(condition: &Condition) -> bool {
    contradicts(&condition.root)
}

fn contradicts(expr: &Expr) -> bool {
    match expr {
        Expr::Bool(holds) => !holds,
        Expr::Named(inner) => contradicts(&inner.root),
        Expr::Any(sides) => sides.iter().all(contradicts),
        Expr::All(_) => {
            let mut parts = Vec::new();
            together(expr, &mut parts);
            parts.iter().any(|part| contradicts(part))
                || parts
                    .iter()
                    .enumerate()
                    .any(|(index, one)| parts.iter().skip(index + 1).any(|other| exclude(one, other)))
        }
        _ => false,
    }
}

/// The parts that all have to hold. A condition is bounded in depth and size, and so is this.
fn together<'a>(expr: &'a Expr, parts: &mut Vec<&'a Expr>) {
    match expr {
        Expr::All(sides) => sides.iter().for_each(|side| together(side, parts)),
        Expr::Named(inner) => together(&inner.root, parts),
        _ => parts.push(expr),
    }
}

fn exclude(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Not(inner), whole) | (whole, Expr::Not(inner)) if **inner == *whole => true,
        (Expr::Quadrant(one), Expr::Quadrant(other)) => one & other == 0,
        _ => match (bound(one), bound(other)) {
            (Some((path, one)), Some((same, other))) => path == same && one.excludes(&other),
            _ => false,
        },
    }
}

/// What a part says about one value.
enum Bound<'a> {
    Number(Comparison, f64),
    OneOf(Vec<&'a str>),
    NotOneOf(Vec<&'a str>),
}

// === impl Bound ===

impl Bound<'_> {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Bound::Number(one, limit), Bound::Number(other, bound)) => apart(*one, *limit, *other, *bound),
            (Bound::OneOf(wanted), Bound::OneOf(also)) => wanted.iter().all(|word| !also.contains(word)),
            (Bound::OneOf(wanted), Bound::NotOneOf(banned))
            | (Bound::NotOneOf(banned), Bound::OneOf(wanted)) => {
                wanted.iter().all(|word| banned.contains(word))
            }
            _ => false,
        }
    }
}

fn bound(expr: &Expr) -> Option<(&Expr, Bound<'_>)> {
    match expr {
        Expr::Not(inner) => match bound(inner)? {
            (path, Bound::Number(how, limit)) => Some((path, Bound::Number(how.negate(), limit))),
            (path, Bound::OneOf(words)) => Some((path, Bound::NotOneOf(words))),
            (path, Bound::NotOneOf(words)) => Some((path, Bound::OneOf(words))),
        },
        Expr::OneOf(path, values) => {
            let words: Option<Vec<&str>> = values.iter().map(word).collect();
            Some((path, Bound::OneOf(words?)))
        }
        Expr::Compare(how, sides) => {
            let [left, right] = &**sides;
            let (path, how, value) = match (left, right) {
                (Expr::Read(_), value) => (left, *how, value),
                (value, Expr::Read(_)) => (right, how.flip(), value),
                _ => return None,
            };
            match (how, value) {
                (_, Expr::Number(limit)) => Some((path, Bound::Number(how, *limit))),
                (Comparison::Equal, value) => Some((path, Bound::OneOf(vec![word(value)?]))),
                (Comparison::NotEqual, value) => Some((path, Bound::NotOneOf(vec![word(value)?]))),
                _ => None,
            }
        }
        _ => None,
    }
}

fn word(value: &Expr) -> Option<&str> {
    if let Expr::Text(text) = value { Some(text) } else { None }
}

/// Whether no number keeps both bounds.
fn apart(one: Comparison, limit: f64, other: Comparison, bound: f64) -> bool {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    match (one, other) {
        (Equal, other) => !keeps(limit, other, bound),
        (one, Equal) => !keeps(bound, one, limit),
        (GreaterOrEqual, LessOrEqual) => limit > bound,
        (LessOrEqual, GreaterOrEqual) => limit < bound,
        (Greater | GreaterOrEqual, Less | LessOrEqual) => limit >= bound,
        (Less | LessOrEqual, Greater | GreaterOrEqual) => limit <= bound,
        (Greater | GreaterOrEqual | Less | LessOrEqual | NotEqual, _) => false,
    }
}

fn keeps(value: f64, how: Comparison, bound: f64) -> bool {
    match how {
        Comparison::Less => value < bound,
        Comparison::LessOrEqual => value <= bound,
        Comparison::Greater => value > bound,
        Comparison::GreaterOrEqual => value >= bound,
        Comparison::Equal => value.total_cmp(&bound).is_eq(),
        Comparison::NotEqual => value.total_cmp(&bound).is_ne(),
    }
}
