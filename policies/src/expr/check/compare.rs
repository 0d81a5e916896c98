//! Comparisons: two sides of one type, and values the signal can have.

use cel::common::ast::{Expr as Cel, IdedExpr};

use super::{Checker, Typed};
use crate::{
    diagnostic::codes,
    expr::{Comparison, Expr, value::bit},
    facts::Quadrant,
    suggest,
    vocabulary::Kind,
};

impl Checker<'_> {
    pub(super) fn compare(
        &mut self,
        cel: &IdedExpr,
        how: Comparison,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Option<Typed> {
        let sides = (self.expr(left), self.expr(right));
        let (one, other) = (sides.0?, sides.1?);
        let equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
        let fits = match (one.kind, other.kind) {
            (one, other) if one.numeric() && other.numeric() => true,
            (Kind::Bool, Kind::Bool) => equality,
            (one, other) if one.textual() && other.textual() => {
                equality && (one == other || one == Kind::Text || other == Kind::Text)
            }
            (Kind::Quadrant, Kind::Text) | (Kind::Text, Kind::Quadrant) => equality,
            _ => false,
        };
        if !fits {
            self.misfit(cel, equality, (&one, left), (&other, right));
            return None;
        }
        if one.kind == Kind::Quadrant {
            return self.quadrant(how, &other, right);
        }
        if other.kind == Kind::Quadrant {
            return self.quadrant(how, &one, left);
        }
        let fits = self.value(one.kind, &other, right) & self.value(other.kind, &one, left);
        fits.then(|| Typed { expr: Expr::Compare(how, Box::new([one.expr, other.expr])), kind: Kind::Bool })
    }

    pub(super) fn one_of(&mut self, needle: &IdedExpr, list: &IdedExpr) -> Option<Typed> {
        let found = self.expr(needle);
        let Cel::List(elements) = &list.expr else {
            let help = Some("write the list out: `in [\"a\", \"b\"]`".to_owned());
            self.complain(
                &codes::CEL_SUBSET,
                list,
                "`in` takes a list that is written out",
                "not a list",
                help,
            );
            return None;
        };
        let found = found?;
        let mut values = Vec::new();
        let mut quadrants = 0;
        let mut sound = true;
        for element in &elements.elements {
            let Some(typed) = self.expr(element) else {
                sound = false;
                continue;
            };
            let literal = matches!(typed.expr, Expr::Text(_) | Expr::Number(_));
            let same = match found.kind {
                Kind::Quadrant => typed.kind == Kind::Text,
                kind if kind.numeric() => typed.kind.numeric(),
                kind => kind.textual() && typed.kind.textual(),
            };
            if !literal || !same {
                let message = format!("{} is looked for among values of its kind", found.kind.name());
                let label = if literal {
                    format!("this is {}", typed.kind.name())
                } else {
                    "not written out".to_owned()
                };
                self.complain(&codes::CONDITION_TYPE, element, message, label, None);
                sound = false;
            } else if found.kind == Kind::Quadrant {
                match self.quadrant_bit(&typed, element) {
                    Some(bit) => quadrants |= bit,
                    None => sound = false,
                }
            } else {
                sound &= self.value(found.kind, &typed, element);
                values.push(typed.expr);
            }
        }
        let expr = if found.kind == Kind::Quadrant {
            Expr::Quadrant(quadrants)
        } else {
            Expr::OneOf(Box::new(found.expr), values)
        };
        sound.then_some(Typed { expr, kind: Kind::Bool })
    }

    fn quadrant(&mut self, how: Comparison, literal: &Typed, at: &IdedExpr) -> Option<Typed> {
        let bit = self.quadrant_bit(literal, at)?;
        let wanted = if how == Comparison::Equal { bit } else { !bit & 0b1111 };
        Some(Typed { expr: Expr::Quadrant(wanted), kind: Kind::Bool })
    }

    fn quadrant_bit(&mut self, literal: &Typed, at: &IdedExpr) -> Option<u8> {
        let Expr::Text(text) = &literal.expr else {
            let message = "a quadrant is compared with a value that is written out";
            self.complain(&codes::CONDITION_TYPE, at, message, "not written out", None);
            return None;
        };
        let found = Quadrant::ALL.into_iter().find(|quadrant| quadrant.name() == &**text);
        if found.is_none() {
            self.wrong_value(Kind::Quadrant, text, at, &Kind::Quadrant.values());
        }
        found.map(bit)
    }

    /// Whether a side, if it is a literal, is a value the other side can have.
    fn value(&mut self, kind: Kind, literal: &Typed, at: &IdedExpr) -> bool {
        match (kind, &literal.expr) {
            (Kind::Score, Expr::Number(value)) if !(0.0..=1.0).contains(value) => {
                let help = if (2.0..=100.0).contains(value) {
                    format!("scores are probabilities: did you mean `{}`?", value / 100.0)
                } else {
                    "scores are probabilities".to_owned()
                };
                let message = format!("threshold `{value}` is outside 0..1");
                self.complain(&codes::THRESHOLD_RANGE, at, message, "never reached", Some(help));
                false
            }
            (Kind::Upstream, Expr::Text(text)) => {
                let declared: Vec<&str> = self.scope.upstreams.iter().map(String::as_str).collect();
                if declared.is_empty() || declared.contains(&&**text) {
                    return true;
                }
                let help = suggest::help(text, "declared", declared);
                let message = format!("unknown upstream `{text}`");
                self.complain(&codes::UNKNOWN_UPSTREAM, at, message, "not in the configuration", Some(help));
                false
            }
            (kind, Expr::Text(text)) => {
                let values = kind.values();
                let known = values.is_empty() || values.contains(&&**text);
                if !known {
                    self.wrong_value(kind, text, at, &values);
                }
                known
            }
            _ => true,
        }
    }

    fn wrong_value(&mut self, kind: Kind, text: &str, at: &IdedExpr, values: &[&str]) {
        let help = suggest::help(text, "values", values.iter().copied());
        let message = format!("`{text}` is not {}", kind.name());
        self.complain(&codes::UNKNOWN_VALUE, at, message, "would never match", Some(help));
    }

    fn misfit(
        &mut self,
        cel: &IdedExpr,
        equality: bool,
        one: (&Typed, &IdedExpr),
        other: (&Typed, &IdedExpr),
    ) {
        let (left, right) = (one.0.kind, other.0.kind);
        let message = if !equality && left == right {
            format!("{} has no order", left.name())
        } else {
            format!("{} cannot be compared with {}", left.name(), right.name())
        };
        let help = match (left, right) {
            (Kind::Score, Kind::Text) | (Kind::Text, Kind::Score) => {
                Some("leave the quotes out: a score is a number".to_owned())
            }
            (Kind::Bool, Kind::Text) | (Kind::Text, Kind::Bool) => {
                Some("leave the quotes out: `true`, `false`".to_owned())
            }
            (Kind::RefusalKind | Kind::Quadrant | Kind::Category, kind) if kind.numeric() => {
                Some("the score is a field of its own".to_owned())
            }
            _ => None,
        };
        self.complain(&codes::CONDITION_TYPE, cel, message, "always false", help);
    }
}
