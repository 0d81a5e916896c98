//! Writes the constructive answer that takes a refusal's place: need, risk, guideline, what is safe and useful
//! (after paper 33, Oyster-I; the wording of the instruction is ours).
//!
//! With a helper model it is written for this prompt, judged, and dropped for the reviewed text when it does
//! not pass. Without one it is the reviewed text of the category. Self-harm always gets the reviewed text.

use demur_policies::Guidance;
use demur_policies::decision::{Author, Rewrite};

use crate::phase::accept;
use crate::phase::exchange::Exchange;
use crate::phase::helper::{self, Send};

/// The category whose text is never generated.
const REVIEWED_ONLY: &str = "self_harm";

/// The text for the client; `None` when there is no reviewed text and the helper had nothing acceptable.
pub async fn write(exchange: &mut Exchange, send: &Send, rewrite: &Rewrite) -> Option<String> {
    let generated = rewrite.author == Author::Helper && rewrite.category.as_deref() != Some(REVIEWED_ONLY);
    if generated && let Some(text) = generate(exchange, send, rewrite).await {
        return Some(text);
    }
    rewrite.text.clone()
}

async fn generate(exchange: &mut Exchange, send: &Send, rewrite: &Rewrite) -> Option<String> {
    let guidance = rewrite.category.as_deref().and_then(|category| exchange.live.policies.guidance(category));
    let instruction = rewrite.instruction.clone().unwrap_or_else(|| instruction(guidance));
    let prompt = exchange.last_user_text();
    let text = helper::ask(exchange, send, &instruction, &prompt).await?;
    let upstream =
        exchange.live.config.helper.as_ref().map(|helper| helper.upstream.clone()).unwrap_or_default();
    match accept::judge(exchange, &upstream, &text, "").await {
        Ok(_) => {
            exchange.journal.attempted("rewrite", &upstream, "accepted");
            Some(text)
        }
        Err(reason) => {
            exchange.journal.attempted("rewrite", &upstream, reason);
            None
        }
    }
}

/// What the helper is asked, with the reviewed guidance of the category where there is some.
fn instruction(guidance: Option<&Guidance>) -> String {
    let mut text = String::from(
        "A user's message was refused by another assistant. Work out what the user most likely needs. \
         Then write an answer that serves that need as far as it can be served safely: say briefly what you \
         leave out and why, give what is safe and useful, and offer a next step. Be warm and concrete, do not \
         lecture. Safety wins where the two conflict. Answer with the text for the user alone.",
    );
    if let Some(guidance) = guidance {
        text.push_str("\n\nRisk: ");
        text.push_str(&guidance.risk);
        text.push_str("\nGuideline: ");
        text.push_str(&guidance.guideline);
        for safe in &guidance.safe {
            text.push_str("\nSafe and useful: ");
            text.push_str(safe);
        }
    }
    text
}
