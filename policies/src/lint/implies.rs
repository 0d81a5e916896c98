//! Whether one condition holds whenever another does, as far as can be seen from their shape.
//!
//! Only a "yes" means anything: conditions are compared part by part, not solved.

use crate::expr::{Comparison, Condition, Expr};

/// Whether `then` holds whenever `when` does. A rule without a condition always holds.
pub(super) fn implies(when: Option<&Condition>, then: Option<&Condition>) -> bool {
    match (when, then) {
        (_, None) => true,
        (None, Some(then)) => follows(&Expr::Bool(true), &then.root, &mut 1000),
        (Some(when), Some(then)) => follows(&when.root, &then.root, &mut 1000),
    }
}

/// `steps` bounds the work: each step splits one of the two sides.
fn follows(when: &Expr, then: &Expr, steps: &mut usize) -> bool {
    let Some(left) = steps.checked_sub(1) else { return false };
    *steps = left;
    match (when, then) {
        (Expr::Named(named), _) => return follows(&named.root, then, steps),
        (_, Expr::Named(named)) => return follows(when, &named.root, steps),
        (Expr::Bool(false), _) | (_, Expr::Bool(true)) => return true,
        (Expr::Any(sides), _) => return sides.iter().all(|side| follows(side, then, steps)),
        (_, Expr::All(sides)) => return sides.iter().all(|side| follows(when, side, steps)),
        (Expr::Quadrant(when), Expr::Quadrant(then)) => return when & !then == 0,
        (Expr::Compare(one, left), Expr::Compare(other, right)) if stronger(*one, left, *other, right) => {
            return true;
        }
        _ => {}
    }
    if when == then {
        return true;
    }
    let split = matches!(when, Expr::All(sides) if sides.iter().any(|side| follows(side, then, steps)));
    split || matches!(then, Expr::Any(sides) if sides.iter().any(|side| follows(when, side, steps)))
}

/// `score >= 0.9` is stronger than `score >= 0.8`.
fn stronger(one: Comparison, left: &[Expr; 2], other: Comparison, right: &[Expr; 2]) -> bool {
    let (Some((one, path, limit)), Some((other, same, bound))) = (normal(one, left), normal(other, right))
    else {
        return false;
    };
    if path != same {
        return false;
    }
    match (one, other) {
        (Comparison::Greater, Comparison::Greater | Comparison::GreaterOrEqual)
        | (Comparison::GreaterOrEqual, Comparison::GreaterOrEqual) => limit >= bound,
        (Comparison::GreaterOrEqual, Comparison::Greater) => limit > bound,
        (Comparison::Less, Comparison::Less | Comparison::LessOrEqual)
        | (Comparison::LessOrEqual, Comparison::LessOrEqual) => limit <= bound,
        (Comparison::LessOrEqual, Comparison::Less) => limit < bound,
        _ => false,
    }
}

fn normal(how: Comparison, sides: &[Expr; 2]) -> Option<(Comparison, &Expr, f64)> {
    match sides {
        [path @ Expr::Read(_), Expr::Number(limit)] => Some((how, path, *limit)),
        [Expr::Number(limit), path @ Expr::Read(_)] => Some((how.flip(), path, *limit)),
        _ => None,
    }
}
