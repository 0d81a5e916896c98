//! The request phase: judge the prompt, ask the policies, and clear the request, change it, or answer at once.

use demur_dialects::message::{Edit, Finish};
use demur_policies::decision::{Applied, Change};
use demur_policies::{Outcome, Phase};
use http::Response;

use crate::body::Body;
use crate::config::UnjudgedChoice;
use crate::error::Error;
use crate::phase::act::{self, Cleared};
use crate::phase::exchange::{Departure, Exchange};
use crate::phase::helper::Send;
use crate::phase::{classify, decide, rephrase, rewrite};
use crate::record::Fate;

/// What the request phase comes to.
pub enum Step {
    /// The request may go out; the fate is the one it has if the answer is left alone.
    Send(Box<Cleared>, Fate),
    /// The client is answered without an upstream.
    Answer(Response<Body>, Fate),
}

/// Runs the phase.
///
/// # Errors
/// When the request cannot be judged, must not pass unjudged, or cannot be changed as a rule wants.
pub async fn run(exchange: &mut Exchange, send: &Send) -> Result<Step, Error> {
    let view = &exchange.request.view;
    if exchange.live.config.unjudged == UnjudgedChoice::Block && !view.unjudged.is_empty() {
        let pointers = view.unjudged.iter().map(|unjudged| unjudged.pointer.as_str()).collect::<Vec<_>>();
        return Err(Error::Unjudged { pointers: pointers.join(", ") });
    }
    // What only a rule of the response phase reads of the prompt is judged here too, before the wait.
    let mut needs = exchange.live.policies.needs_for(Phase::Request, &exchange.facts.request);
    let later = exchange.live.policies.needs_for(Phase::Response, &exchange.facts.request);
    needs.harm |= later.harm;
    needs.risk |= later.risk;
    needs.lexicons |= later.lexicons;
    classify::prompt(exchange, needs).await?;
    let decision = decide::decide(exchange, Phase::Request);
    for applied in &decision.changes {
        if let Change::Annotate(labels) = &applied.change {
            exchange.journal.record.labels.extend(labels.clone());
        }
    }
    let (departure, fate) = match decision.outcome {
        Outcome::Block(block) => return Ok(Step::Answer(act::blocked(exchange, &block), Fate::Blocked)),
        Outcome::Rewrite(wanted) => {
            let text = rewrite::write(exchange, send, &wanted).await;
            let text = text.ok_or_else(|| {
                Error::Internal("a rule answers with a text that there is none of".to_owned())
            })?;
            return Ok(Step::Answer(act::answer(exchange, &text, Finish::Stop), Fate::Softened));
        }
        Outcome::Reroute(reroute) => {
            let edits = changes(exchange, send, &decision.changes).await;
            exchange.facts.request.upstream.clone_from(&reroute.upstream);
            exchange.journal.record.upstream.clone_from(&reroute.upstream);
            (Departure { upstream: Some(reroute.upstream), model: reroute.model, edits }, Fate::Rerouted)
        }
        Outcome::Continue | Outcome::Allow | Outcome::Repair(_) => {
            let edits = changes(exchange, send, &decision.changes).await;
            let fate = if edits.is_empty() { Fate::Passed } else { Fate::Changed };
            (Departure { edits, ..Departure::default() }, fate)
        }
    };
    exchange.departure = departure;
    Ok(Step::Send(Box::new(act::clear(exchange, exchange.departure.clone())?), fate))
}

/// The edits that the rules want. Those that coax a model are made for harmless prompts alone.
async fn changes(exchange: &Exchange, send: &Send, wanted: &[Applied]) -> Vec<Edit> {
    let harmless = exchange.is_harmless();
    let mut edits = Vec::new();
    for applied in wanted {
        match &applied.change {
            Change::AddSystem(add) => edits.push(act::add_system(add)),
            Change::SetParams(params) => edits.push(Edit::SetParams(params.clone())),
            Change::IgnoreWords(ignore) if harmless => {
                edits.extend(act::ignore_words(exchange, ignore).await);
            }
            Change::Rephrase(wanted) if harmless => {
                edits.extend(rephrase::rephrase(exchange, send, wanted).await);
            }
            Change::IgnoreWords(_) | Change::Rephrase(_) => {
                tracing::warn!(rule = %applied.rule, "a prompt not known to be harmless is not coaxed");
            }
            Change::Annotate(_) => {}
        }
    }
    edits
}
