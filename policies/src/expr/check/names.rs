//! Names: each is a signal of the vocabulary or a declaration of the policy.

use cel::common::ast::{Expr as Cel, IdedExpr, LiteralValue, operators};

use super::{Checker, Typed};
use crate::{
    diagnostic::codes,
    expr::Expr,
    suggest,
    vocabulary::{Kind, Path, Reads, VOCABULARY},
};

impl Checker<'_> {
    /// `a.b.c`, `a["b"].c`: what a condition reads has to be known without running it, so nothing in a
    /// name may be computed.
    pub(super) fn name(&mut self, cel: &IdedExpr) -> Option<Typed> {
        let segments = self.segments(cel)?;
        let name = segments.join(".");
        if let Some(entry) = VOCABULARY.iter().find(|entry| entry.name == name) {
            self.reads = self.reads.and(entry.reads);
            let expr = if entry.path == Path::Quadrant { Expr::Quadrant(0) } else { Expr::Read(entry.path) };
            return Some(Typed { expr, kind: entry.kind });
        }
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["conditions", name] => self.condition(cel, name),
            ["thresholds", name] => self.threshold(cel, name),
            ["prompt", "lexicon", name] => self.lexicon(cel, name),
            _ => self.unknown(cel, &name),
        }
    }

    fn segments(&mut self, cel: &IdedExpr) -> Option<Vec<String>> {
        match &cel.expr {
            Cel::Ident(name) => Some(vec![name.clone()]),
            Cel::Select(select) => {
                if select.test {
                    let help = "every signal is there; one that is not known makes the condition unknown";
                    self.complain(
                        &codes::CEL_SUBSET,
                        cel,
                        "conditions do not have `has`",
                        "not needed",
                        Some(help.into()),
                    );
                    return None;
                }
                let mut segments = self.segments(&select.operand)?;
                segments.push(select.field.clone());
                Some(segments)
            }
            Cel::Call(call) if call.func_name == operators::INDEX => {
                let [target, index] = call.args.as_slice() else { return None };
                let mut segments = self.segments(target)?;
                if let Cel::Literal(LiteralValue::String(name)) = &index.expr {
                    segments.push(name.inner().to_owned());
                    return Some(segments);
                }
                let message = "what a condition reads must be written out";
                let help = Some("write the name: `prompt.harm` or `prompt[\"harm\"]`".to_owned());
                self.complain(
                    &codes::COMPUTED_INDEX,
                    index,
                    message,
                    "this index is not a text in quotes",
                    help,
                );
                None
            }
            _ => {
                self.complain(
                    &codes::CONDITION_TYPE,
                    cel,
                    "this has no fields",
                    "only signals have fields",
                    None,
                );
                None
            }
        }
    }

    fn condition(&mut self, cel: &IdedExpr, name: &str) -> Option<Typed> {
        match self.scope.conditions.get(name) {
            Some(Some(condition)) => {
                self.reads = self.reads.and(condition.reads);
                self.steps = self.steps.saturating_add(condition.steps);
                Some(Typed { expr: Expr::Named(condition.clone()), kind: Kind::Bool })
            }
            Some(None) => Some(Typed { expr: Expr::Bool(false), kind: Kind::Bool }),
            None => {
                let declared: Vec<&str> = self.scope.conditions.keys().map(String::as_str).collect();
                self.undeclared(cel, "condition", name, &declared)
            }
        }
    }

    fn threshold(&mut self, cel: &IdedExpr, name: &str) -> Option<Typed> {
        if let Some(value) = self.scope.thresholds.get(name) {
            return Some(Typed { expr: Expr::Number(value.unwrap_or(0.5)), kind: Kind::Number });
        }
        let declared: Vec<&str> = self.scope.thresholds.keys().map(String::as_str).collect();
        self.undeclared(cel, "threshold", name, &declared)
    }

    fn lexicon(&mut self, cel: &IdedExpr, name: &str) -> Option<Typed> {
        if let Some(full) = self.scope.lexicons.get(name) {
            self.reads = self.reads.and(Reads::LEXICONS);
            return Some(Typed { expr: Expr::Lexicon(full.clone()), kind: Kind::Bool });
        }
        let declared: Vec<&str> = self.scope.lexicons.keys().map(String::as_str).collect();
        self.undeclared(cel, "lexicon", name, &declared)
    }

    fn undeclared(&mut self, cel: &IdedExpr, what: &str, name: &str, declared: &[&str]) -> Option<Typed> {
        let help = suggest::help(name, "declared", declared.iter().copied());
        let message = format!("unknown {what} `{name}`");
        self.complain(&codes::UNKNOWN_NAME, cel, message, "not declared in this policy", Some(help));
        None
    }

    fn unknown(&mut self, cel: &IdedExpr, name: &str) -> Option<Typed> {
        let below = format!("{name}.");
        let mut fields: Vec<&str> =
            VOCABULARY.iter().map(|entry| entry.name).filter(|known| known.starts_with(&below)).collect();
        if name == "prompt.lexicon" || name == "conditions" || name == "thresholds" {
            fields = match name {
                "conditions" => self.scope.conditions.keys().map(String::as_str).collect(),
                "thresholds" => self.scope.thresholds.keys().map(String::as_str).collect(),
                _ => self.scope.lexicons.keys().map(String::as_str).collect(),
            };
        }
        if !fields.is_empty() {
            let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            let help = format!("it has {}", fields.join(", "));
            self.complain(
                &codes::CONDITION_TYPE,
                cel,
                format!("`{name}` is not a value"),
                "has fields of its own",
                Some(help),
            );
            return None;
        }
        let known = VOCABULARY.iter().map(|entry| entry.name);
        let help = match suggest::nearest(name, known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => match aliased(name) {
                Some(known) => format!("did you mean `{known}`?"),
                None => siblings(name),
            },
        };
        let what = if name.contains('.') { "signal" } else { "name" };
        self.complain(
            &codes::UNKNOWN_NAME,
            cel,
            format!("unknown {what} `{name}`"),
            "not in the vocabulary",
            Some(help),
        );
        None
    }
}

/// Names people bring from elsewhere.
fn aliased(name: &str) -> Option<&'static str> {
    Some(match name {
        "harm" | "harm.score" | "prompt.score" | "prompt.harmful" | "prompt.toxicity" => "prompt.harm.score",
        "category" | "harm.category" | "prompt.category" => "prompt.harm.category",
        "quadrant" | "prompt.harm.quadrant" => "prompt.quadrant",
        "refusal" | "refusal.kind" | "response.kind" | "prompt.refusal.kind" => "response.refusal.kind",
        "refusal.score" => "prompt.refusal.score",
        "model" => "request.model",
        "tenant" => "request.tenant",
        "upstream" => "request.upstream",
        "request.attempt" | "attempts" => "attempt",
        _ => return None,
    })
}

fn siblings(name: &str) -> String {
    let root = name.split('.').next().unwrap_or(name);
    let near: Vec<String> = VOCABULARY
        .iter()
        .map(|entry| entry.name)
        .filter(|known| known.split('.').next() == Some(root))
        .map(|known| format!("`{known}`"))
        .collect();
    if near.is_empty() {
        let roots = ["request", "prompt", "response", "attempt", "conditions", "thresholds"];
        suggest::help(root, "names begin with", roots)
    } else {
        format!("`{root}` has {}", near.join(", "))
    }
}
