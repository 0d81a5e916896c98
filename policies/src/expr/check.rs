//! From CEL's tree to a checked expression: every name known, every type right, every step counted.
//!
//! All mistakes of a condition are gathered; a part that is wrong is left out and does not make its
//! neighbours look wrong.

mod compare;
mod names;

use std::{collections::BTreeMap, sync::Arc};

use cel::common::ast::{CallExpr, Expr as Cel, IdedExpr, LiteralValue, operators};

use super::{
    Arithmetic, Comparison, Condition, Expr, Match,
    syntax::{Mistake, Parsed},
};
use crate::{
    diagnostic::{Code, codes},
    vocabulary::{Kind, Reads},
};

const MAX_STEPS: usize = 2000;

/// What a condition may name besides the vocabulary.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The named conditions checked so far; nothing for one that is wrong itself.
    pub(crate) conditions: BTreeMap<String, Option<Arc<Condition>>>,
    /// The named thresholds; nothing for one that is wrong itself.
    pub(crate) thresholds: BTreeMap<String, Option<f64>>,
    /// The lexicons, by name, each with the name it has in [`crate::facts::Facts::lexicons`].
    pub(crate) lexicons: BTreeMap<String, Arc<str>>,
    /// The upstreams; empty where the configuration is not known.
    pub(crate) upstreams: Vec<String>,
}

/// Checks one condition.
pub(crate) struct Checker<'a> {
    scope: &'a Scope,
    parsed: &'a Parsed,
    mistakes: Vec<Mistake>,
    reads: Reads,
    steps: usize,
}

/// A checked expression and its type.
struct Typed {
    expr: Expr,
    kind: Kind,
}

// === impl Checker ===

impl<'a> Checker<'a> {
    /// Checks what was read, given what may be named.
    pub(crate) fn check(scope: &'a Scope, parsed: &'a Parsed) -> Result<Condition, Vec<Mistake>> {
        let mut checker = Self { scope, parsed, mistakes: Vec::new(), reads: Reads::NONE, steps: 0 };
        let root = checker.boolean(&parsed.root, "a condition");
        if checker.steps > MAX_STEPS {
            let message = format!("this condition takes {} steps", checker.steps);
            let help = format!("at most {MAX_STEPS}, with all named conditions written out");
            checker.complain(&codes::CONDITION_SIZE, &parsed.root, message, "here", Some(help));
        }
        match root {
            Some(root) if checker.mistakes.is_empty() => {
                Ok(Condition { reads: checker.reads, steps: checker.steps, root })
            }
            _ => Err(checker.mistakes),
        }
    }

    fn complain(
        &mut self,
        code: &'static Code,
        at: &IdedExpr,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        let part = self.parsed.part(at);
        self.mistakes.push(Mistake { code, part, message: message.into(), label: label.into(), help });
    }

    fn boolean(&mut self, cel: &IdedExpr, what: &str) -> Option<Expr> {
        let typed = self.expr(cel)?;
        if typed.kind == Kind::Bool {
            return Some(typed.expr);
        }
        let help = match typed.kind {
            Kind::Score => Some("compare the score with a threshold: `>= 0.5`".to_owned()),
            Kind::Quadrant | Kind::Category | Kind::RefusalKind => {
                typed.kind.values().first().map(|value| format!("compare it with a value: `== \"{value}\"`"))
            }
            _ => None,
        };
        let label = format!("this is {}", typed.kind.name());
        self.complain(&codes::CONDITION_TYPE, cel, format!("{what} must be true or false"), label, help);
        None
    }

    fn expr(&mut self, cel: &IdedExpr) -> Option<Typed> {
        self.steps += 1;
        match &cel.expr {
            Cel::Literal(literal) => self.literal(cel, literal),
            Cel::Ident(_) | Cel::Select(_) => self.name(cel),
            Cel::Call(call) => self.call(cel, call),
            Cel::List(_) => self.unsupported(cel, "a list", Some("a list stands on the right of `in`")),
            Cel::Map(_) | Cel::Struct(_) => self.unsupported(cel, "a map", None),
            Cel::Comprehension(_) => self.unsupported(
                cel,
                "a loop",
                Some("conditions do not loop: `in`, `startsWith` and lexicons cover it"),
            ),
            Cel::Unspecified => self.unsupported(cel, "this expression", None),
        }
    }

    fn literal(&mut self, cel: &IdedExpr, literal: &LiteralValue) -> Option<Typed> {
        match literal {
            LiteralValue::Boolean(value) => {
                Some(Typed { expr: Expr::Bool(*value.inner()), kind: Kind::Bool })
            }
            LiteralValue::Int(value) => {
                Some(Typed { expr: Expr::Number(*value.inner() as f64), kind: Kind::Int })
            }
            LiteralValue::UInt(value) => {
                Some(Typed { expr: Expr::Number(*value.inner() as f64), kind: Kind::Int })
            }
            LiteralValue::Double(value) => {
                Some(Typed { expr: Expr::Number(*value.inner()), kind: Kind::Number })
            }
            LiteralValue::String(value) => {
                Some(Typed { expr: Expr::Text(value.inner().into()), kind: Kind::Text })
            }
            LiteralValue::Bytes(_) => self.unsupported(cel, "a byte string", Some("leave the `b` out")),
            LiteralValue::Null => self.unsupported(
                cel,
                "`null`",
                Some("what is not known is handled by `onUnknown`, not in the condition"),
            ),
        }
    }

    fn unsupported(&mut self, cel: &IdedExpr, what: &str, help: Option<&str>) -> Option<Typed> {
        let message = format!("conditions do not have {what}");
        self.complain(&codes::CEL_SUBSET, cel, message, "not part of the language", help.map(str::to_owned));
        None
    }

    fn call(&mut self, cel: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) => {
                let sides = (self.boolean(left, "a side of `&&`"), self.boolean(right, "a side of `&&`"));
                pair(sides).map(|sides| Typed { expr: Expr::All(sides), kind: Kind::Bool })
            }
            (operators::LOGICAL_OR, [left, right]) => {
                let sides = (self.boolean(left, "a side of `||`"), self.boolean(right, "a side of `||`"));
                pair(sides).map(|sides| Typed { expr: Expr::Any(sides), kind: Kind::Bool })
            }
            (operators::LOGICAL_NOT, [inner]) => {
                let inner = self.boolean(inner, "what follows `!`")?;
                Some(Typed { expr: Expr::Not(Box::new(inner)), kind: Kind::Bool })
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                let condition = self.boolean(condition, "what stands before `?`");
                let yes = self.boolean(yes, "what stands after `?`");
                let no = self.boolean(no, "what stands after `:`");
                let parts = Box::new([condition?, yes?, no?]);
                Some(Typed { expr: Expr::If(parts), kind: Kind::Bool })
            }
            (operators::INDEX, _) => self.name(cel),
            (operators::IN, [needle, list]) => self.one_of(needle, list),
            (operators::NEGATE, [inner]) => self.negative(cel, inner),
            (_, [left, right]) if comparison(name).is_some() => {
                self.compare(cel, comparison(name)?, left, right)
            }
            (_, [left, right]) if arithmetic(name).is_some() => {
                self.arithmetic(arithmetic(name)?, left, right)
            }
            ("startsWith" | "endsWith" | "contains", [argument]) => self.matches(call, argument),
            _ => self.unknown_call(cel, call),
        }
    }

    fn negative(&mut self, cel: &IdedExpr, inner: &IdedExpr) -> Option<Typed> {
        let inner = self.expr(inner)?;
        match inner {
            Typed { expr: Expr::Number(value), kind } if kind.numeric() => {
                Some(Typed { expr: Expr::Number(-value), kind })
            }
            _ => self.unsupported(cel, "a sign before anything but a number", None),
        }
    }

    fn arithmetic(&mut self, how: Arithmetic, left: &IdedExpr, right: &IdedExpr) -> Option<Typed> {
        let sides = (self.number(left), self.number(right));
        let (left, right) = (sides.0?, sides.1?);
        let kind = if left.kind == Kind::Int && right.kind == Kind::Int { Kind::Int } else { Kind::Number };
        Some(Typed { expr: Expr::Arithmetic(how, Box::new([left.expr, right.expr])), kind })
    }

    fn number(&mut self, cel: &IdedExpr) -> Option<Typed> {
        let typed = self.expr(cel)?;
        if typed.kind.numeric() {
            return Some(typed);
        }
        let label = format!("this is {}", typed.kind.name());
        self.complain(&codes::CONDITION_TYPE, cel, "only numbers can be reckoned with", label, None);
        None
    }

    fn matches(&mut self, call: &CallExpr, argument: &IdedExpr) -> Option<Typed> {
        let how = match call.func_name.as_str() {
            "startsWith" => Match::StartsWith,
            "endsWith" => Match::EndsWith,
            _ => Match::Contains,
        };
        let target = call.target.as_deref()?;
        let sides = pair((self.text(target, &call.func_name), self.text(argument, &call.func_name)))?;
        Some(Typed { expr: Expr::Match(how, sides), kind: Kind::Bool })
    }

    fn text(&mut self, cel: &IdedExpr, function: &str) -> Option<Expr> {
        let typed = self.expr(cel)?;
        if typed.kind.textual() {
            return Some(typed.expr);
        }
        let label = format!("this is {}", typed.kind.name());
        self.complain(&codes::CONDITION_TYPE, cel, format!("`{function}` works on texts"), label, None);
        None
    }

    fn unknown_call(&mut self, cel: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        if name == operators::DIVIDE || name == operators::MODULO {
            return self.unsupported(cel, "division", Some("multiply the other side instead"));
        }
        let help = match name {
            "matches" => {
                "`startsWith`, `endsWith` and `contains` work on texts, and `appliesTo` takes patterns"
                    .to_owned()
            }
            "size" => "`request.words`, `response.words` and `request.turns` count".to_owned(),
            "lower" | "lowerAscii" | "upper" => "texts are compared as they are".to_owned(),
            _ => crate::suggest::help(name, "functions", ["startsWith", "endsWith", "contains"]),
        };
        let message = format!("conditions do not have a function `{name}`");
        self.complain(&codes::CEL_SUBSET, cel, message, "not part of the language", Some(help));
        None
    }
}

fn pair((left, right): (Option<Expr>, Option<Expr>)) -> Option<Box<[Expr; 2]>> {
    Some(Box::new([left?, right?]))
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessOrEqual,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterOrEqual,
        operators::EQUALS => Comparison::Equal,
        operators::NOT_EQUALS => Comparison::NotEqual,
        _ => return None,
    })
}

fn arithmetic(name: &str) -> Option<Arithmetic> {
    Some(match name {
        operators::ADD => Arithmetic::Add,
        operators::SUBSTRACT => Arithmetic::Subtract,
        operators::MULTIPLY => Arithmetic::Multiply,
        _ => return None,
    })
}
