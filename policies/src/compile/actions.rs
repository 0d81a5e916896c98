//! Actions: whether they fit the phase, one another and what is configured.

use super::Environment;
use crate::{
    decision::{Author, Change, Reroute, Rung},
    diagnostic::codes,
    facts::Phase,
    model::{ActionKind, At, Otherwise, RawAction, RawRewrite, Report},
    policy::{Decides, Writing},
    suggest,
    vocabulary::Reads,
};

/// Checks the actions of one rule.
pub(super) struct Compiler<'a> {
    pub(super) environment: &'a Environment,
    pub(super) phase: Phase,
}

/// What a rule does.
#[derive(Default)]
pub(super) struct Effect {
    pub(super) changes: Vec<Change>,
    pub(super) decides: Option<Decides>,
    /// What has to be known to carry it out, besides the condition.
    pub(super) reads: Reads,
}

// === impl Compiler ===

impl Compiler<'_> {
    /// Any number of changes, then at most one decision; nothing if something is wrong.
    pub(super) fn effect(
        &self,
        actions: &[RawAction],
        id: &At<String>,
        report: &mut Report<'_>,
    ) -> Option<Effect> {
        let before = report.diagnostics.len();
        let mut effect = Effect::default();
        let mut decided: Option<&str> = None;
        for action in actions {
            if let Some(earlier) = decided {
                report
                    .error(&codes::ACTION_ORDER, format!("`{}` stands after `{earlier}`", action.name))
                    .place(action.span.clone(), "would never happen")
                    .advise(format!("`{earlier}` ends the phase: put it last, or write two rules"));
                continue;
            }
            if !self.fits(action, report) {
                continue;
            }
            if let Some(change) = self.change(action, report) {
                effect.changes.push(change);
            } else if let Some(decides) = self.decides(action, report) {
                effect.reads = effect.reads.and(self.reads(&decides));
                effect.decides = Some(decides);
                decided = Some(&action.name);
            }
        }
        if actions.is_empty() && report.diagnostics.len() == before && before == 0 {
            report
                .error(&codes::MISSING_FIELD, format!("rule `{}` does nothing", id.value))
                .place(id.span.clone(), "`then` is empty");
        }
        (report.diagnostics.len() == before).then_some(effect)
    }

    fn fits(&self, action: &RawAction, report: &mut Report<'_>) -> bool {
        let (phase, reason, help) = match action.kind {
            ActionKind::AddSystem(_)
            | ActionKind::SetParams(_)
            | ActionKind::IgnoreWords(_)
            | ActionKind::Rephrase(_) => (
                Phase::Request,
                "the request is gone already",
                "a `repair` asks again with a changed request",
            ),
            ActionKind::Rewrite(_) | ActionKind::Repair { .. } => (
                Phase::Response,
                "there is no answer yet",
                "`block` answers in the model's place, with a text of your own",
            ),
            ActionKind::Allow
            | ActionKind::Block { .. }
            | ActionKind::Annotate(_)
            | ActionKind::Reroute { .. } => return true,
        };
        if self.phase != phase {
            let here = self.phase.name();
            report
                .error(&codes::PHASE_ACTION, format!("a {here} rule cannot `{}`", action.name))
                .place(action.span.clone(), reason)
                .advise(help);
        }
        self.phase == phase
    }

    fn change(&self, action: &RawAction, report: &mut Report<'_>) -> Option<Change> {
        Some(match &action.kind {
            ActionKind::Annotate(labels) => Change::Annotate(labels.clone()),
            ActionKind::AddSystem(system) => Change::AddSystem(system.clone()),
            ActionKind::SetParams(params) => Change::SetParams(params.clone()),
            ActionKind::IgnoreWords(words) => Change::IgnoreWords(words.clone()),
            ActionKind::Rephrase(rephrase) => {
                self.helper(action, report);
                Change::Rephrase(rephrase.clone())
            }
            _ => return None,
        })
    }

    fn decides(&self, action: &RawAction, report: &mut Report<'_>) -> Option<Decides> {
        Some(match &action.kind {
            ActionKind::Allow => Decides::Allow,
            ActionKind::Block { message, status } => {
                Decides::Block { message: message.clone(), status: *status }
            }
            ActionKind::Reroute { .. } => Decides::Reroute(self.reroute(action, report)?),
            ActionKind::Rewrite(rewrite) => Decides::Rewrite(self.writing(rewrite, report)),
            ActionKind::Repair { attempts, otherwise, budget } => {
                let attempts = attempts.iter().filter_map(|attempt| self.rung(attempt, report)).collect();
                let otherwise = match otherwise {
                    Otherwise::Original => None,
                    Otherwise::Rewrite(rewrite) => Some(self.writing(rewrite, report)),
                };
                Decides::Repair { attempts, otherwise, budget: *budget }
            }
            _ => return None,
        })
    }

    fn rung(&self, action: &RawAction, report: &mut Report<'_>) -> Option<Rung> {
        match &action.kind {
            ActionKind::IgnoreWords(words) => Some(Rung::IgnoreWords(words.clone())),
            ActionKind::AddSystem(system) => Some(Rung::AddSystem(system.clone())),
            ActionKind::Reroute { .. } => self.reroute(action, report).map(Rung::Reroute),
            ActionKind::Rephrase(rephrase) => {
                self.helper(action, report);
                Some(Rung::Rephrase(rephrase.clone()))
            }
            _ => {
                report
                    .error(
                        &codes::BAD_VALUE,
                        format!("`{}` is not an attempt at a better answer", action.name),
                    )
                    .place(action.span.clone(), "cannot be tried")
                    .advise("attempts: `ignoreWords`, `rephrase`, `reroute`, `addSystem`");
                None
            }
        }
    }

    fn reroute(&self, action: &RawAction, report: &mut Report<'_>) -> Option<Reroute> {
        let ActionKind::Reroute { upstream, model, capability } = &action.kind else { return None };
        let declared = &self.environment.upstreams;
        if let Some(wanted) = capability {
            let found = declared.iter().find(|upstream| upstream.capabilities.contains(&wanted.value));
            if found.is_none() {
                let known =
                    declared.iter().flat_map(|upstream| upstream.capabilities.iter().map(String::as_str));
                report
                    .error(&codes::NO_SUCH_CAPABILITY, format!("no upstream has `{}`", wanted.value))
                    .place(wanted.span.clone(), "no upstream declares it")
                    .advise(suggest::help(&wanted.value, "capabilities", known));
            }
            return found.map(|upstream| Reroute { upstream: upstream.name.clone(), model: model.clone() });
        }
        let wanted = upstream.as_ref()?;
        if declared.iter().any(|upstream| upstream.name == wanted.value) {
            return Some(Reroute { upstream: wanted.value.clone(), model: model.clone() });
        }
        let known = declared.iter().map(|upstream| upstream.name.as_str());
        report
            .error(&codes::UNKNOWN_UPSTREAM, format!("unknown upstream `{}`", wanted.value))
            .place(wanted.span.clone(), "not in the configuration")
            .advise(suggest::help(&wanted.value, "declared", known));
        None
    }

    fn writing(&self, rewrite: &RawRewrite, report: &mut Report<'_>) -> Writing {
        let author = match &rewrite.author {
            Some(author) => {
                if author.value == Author::Helper && !self.environment.helper {
                    report
                        .error(&codes::NO_HELPER, "rewriting by a helper needs a helper model")
                        .place(author.span.clone(), "none is configured")
                        .advise("configure a helper, or leave `author` out for the reviewed guidance");
                }
                author.value
            }
            None if rewrite.text.is_none() && self.environment.helper => Author::Helper,
            None => Author::Guidance,
        };
        if rewrite.instruction.is_some() && author == Author::Guidance {
            report
                .error(&codes::NO_HELPER, "an instruction needs a helper model to follow it")
                .place(rewrite.span.clone(), "reviewed text is not generated")
                .advise("configure a helper, or give the `text` itself");
        }
        Writing { author, text: rewrite.text.clone(), instruction: rewrite.instruction.clone() }
    }

    fn helper(&self, action: &RawAction, report: &mut Report<'_>) {
        if !self.environment.helper {
            report
                .error(&codes::NO_HELPER, format!("`{}` needs a helper model", action.name))
                .place(action.span.clone(), "none is configured")
                .advise("configure a helper; `ignoreWords` needs none");
        }
    }

    /// A rewrite goes by the category, so it needs the category, where there is a classifier for it. A
    /// block takes the category where it is known: a rule that reads no classifier should run none.
    fn reads(&self, decides: &Decides) -> Reads {
        let by_category = matches!(decides, Decides::Rewrite(_) | Decides::Repair { .. });
        let at_hand = self.environment.heads.iter().any(|head| head == "harm");
        if by_category && at_hand { Reads::HARM } else { Reads::NONE }
    }
}
