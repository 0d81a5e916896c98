//! How harmful a prompt can be when a condition holds.
//!
//! "A repair never touches a harmful prompt" is checked on the expression, not on examples. For each
//! expression two questions are answered from its parts: how high can `prompt.harm.score` be, and in
//! which quadrants can the prompt lie, when it is true, and when it is false? `&&` takes the tighter
//! of both sides, `||` the looser, `!` exchanges the two questions. What is not understood bounds
//! nothing, so a condition too clever for this module is refused and never waved through.
//!
//! It holds in three-valued logic too: where an expression is true although a part of it is unknown,
//! another part was true by itself, and that part's bound counts.

use super::{Comparison, Condition, Expr, value::bit};
use crate::{facts::Quadrant, vocabulary::Path};

const EVERYWHERE: Reach = Reach { harm: Bound { below: 1.0, strictly: false }, quadrants: 0b1111 };
const HARMFUL: u8 = bit(Quadrant::Jailbreak) | bit(Quadrant::Refuse);

/// Where a prompt can be.
#[derive(Clone, Copy, Debug)]
struct Reach {
    harm: Bound,
    quadrants: u8,
}

/// The highest score.
#[derive(Clone, Copy, Debug)]
struct Bound {
    below: f64,
    strictly: bool,
}

/// Shows that every prompt the condition holds for has a harm score below the threshold; if not, how
/// high the score can be.
pub(crate) fn bounds_harm(condition: &Condition, threshold: f64) -> Result<(), f64> {
    let map = Map { threshold };
    match map.reach(&condition.root, true) {
        Some(reach) if !reach.harm.keeps_below(threshold) => Err(reach.harm.below),
        _ => Ok(()),
    }
}

/// Whether the condition can be true at all, as far as this module sees.
pub(crate) fn possible(condition: &Condition, threshold: f64) -> bool {
    Map { threshold }.reach(&condition.root, true).is_some()
}

/// Where prompts can be, given where harm begins.
#[derive(Clone, Copy)]
struct Map {
    threshold: f64,
}

// === impl Map ===

impl Map {
    /// Where the prompt can be when the expression has that value; nothing when it never has.
    fn reach(self, expr: &Expr, holds: bool) -> Option<Reach> {
        match expr {
            Expr::Bool(value) => (*value == holds).then_some(EVERYWHERE),
            Expr::Quadrant(wanted) => {
                let quadrants = if holds { *wanted } else { !*wanted & 0b1111 };
                self.meet(Some(EVERYWHERE), Some(Reach { quadrants, ..EVERYWHERE }))
            }
            Expr::Not(inner) => self.reach(inner, !holds),
            Expr::All(sides) => self.both(sides, holds, holds),
            Expr::Any(sides) => self.both(sides, holds, !holds),
            Expr::If(parts) => {
                let [condition, yes, no] = &**parts;
                let yes = self.meet(self.reach(condition, true), self.reach(yes, holds));
                let no = self.meet(self.reach(condition, false), self.reach(no, holds));
                join(yes, no)
            }
            Expr::Compare(how, sides) => compare(*how, sides, holds),
            Expr::OneOf(needle, values) if holds && matches!(**needle, Expr::Read(Path::HarmScore)) => {
                values
                    .iter()
                    .map(|value| {
                        if let Expr::Number(limit) = value {
                            at_most(*limit, false)
                        } else {
                            Some(EVERYWHERE)
                        }
                    })
                    .fold(None, join)
            }
            Expr::Named(condition) => self.reach(&condition.root, holds),
            Expr::Number(_)
            | Expr::Text(_)
            | Expr::Read(_)
            | Expr::Lexicon(_)
            | Expr::OneOf(..)
            | Expr::Match(..)
            | Expr::Arithmetic(..) => Some(EVERYWHERE),
        }
    }

    fn both(self, sides: &[Expr; 2], holds: bool, needs_both: bool) -> Option<Reach> {
        let [left, right] = sides;
        let (left, right) = (self.reach(left, holds), self.reach(right, holds));
        if needs_both { self.meet(left, right) } else { join(left, right) }
    }

    /// A prompt in a harmless quadrant has a score below the threshold, so that a bound by quadrant
    /// and a bound by score can stand on two sides of an `||`.
    fn meet(self, left: Option<Reach>, right: Option<Reach>) -> Option<Reach> {
        let (left, right) = (left?, right?);
        let quadrants = left.quadrants & right.quadrants;
        let mut harm = if left.harm.tighter(right.harm) { left.harm } else { right.harm };
        let harmless = Bound { below: self.threshold, strictly: true };
        if quadrants & HARMFUL == 0 && harmless.tighter(harm) {
            harm = harmless;
        }
        (quadrants != 0).then_some(Reach { harm, quadrants })
    }
}

fn compare(how: Comparison, sides: &[Expr; 2], holds: bool) -> Option<Reach> {
    let how = if holds { how } else { how.negate() };
    let (how, limit) = match sides {
        [Expr::Read(Path::HarmScore), Expr::Number(limit)] => (how, *limit),
        [Expr::Number(limit), Expr::Read(Path::HarmScore)] => (how.flip(), *limit),
        _ => return Some(EVERYWHERE),
    };
    match how {
        Comparison::Less => at_most(limit, true),
        Comparison::LessOrEqual | Comparison::Equal => at_most(limit, false),
        Comparison::Greater => (limit < 1.0).then_some(EVERYWHERE),
        Comparison::GreaterOrEqual => (limit <= 1.0).then_some(EVERYWHERE),
        Comparison::NotEqual => Some(EVERYWHERE),
    }
}

/// Scores are never negative, so a bound of zero that is not reached leaves nothing.
fn at_most(below: f64, strictly: bool) -> Option<Reach> {
    let empty = below < 0.0 || (strictly && below <= 0.0);
    (!empty).then_some(Reach { harm: Bound { below, strictly }, ..EVERYWHERE })
}

fn join(left: Option<Reach>, right: Option<Reach>) -> Option<Reach> {
    let (Some(left), Some(right)) = (left, right) else { return left.or(right) };
    let harm = if left.harm.tighter(right.harm) { right.harm } else { left.harm };
    Some(Reach { harm, quadrants: left.quadrants | right.quadrants })
}

// === impl Bound ===

impl Bound {
    fn tighter(self, other: Self) -> bool {
        self.below < other.below || (self.below <= other.below && self.strictly && !other.strictly)
    }

    fn keeps_below(self, threshold: f64) -> bool {
        self.below < threshold || (self.strictly && self.below <= threshold)
    }
}
