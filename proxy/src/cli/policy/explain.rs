//! `demur policy explain`: what policies make of one prompt and one answer, without a running demur.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use demur_dialects::dialect::Route;
use demur_policies::facts::ResponseFacts;
use demur_policies::{Phase, evaluate};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::admin;
use crate::cli::output::{self, Exit, Failure, Format, Result};
use crate::cli::policy::story::{Explained, Story};
use crate::cli::policy::surroundings::{Surroundings, compiled};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::phase::exchange::{Exchange, Traces};
use crate::phase::texts::Texts;
use crate::record::Records;
use crate::routes::Routes;
use crate::sources::Folder;

/// The path an explained request is taken to be sent to.
const DEFAULT_PATH: &str = "/v1/chat/completions";

/// Say in plain language what policies make of a prompt: the signals, the rule that acts, and why.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Explain {
    /// A prompt, a file with one, a file with a whole request in JSON, or `-` for standard input.
    #[arg(value_name = "FILE_OR_TEXT")]
    prompt: String,
    /// An answer to it, or a file with one: explains the response phase too.
    #[arg(long, value_name = "FILE_OR_TEXT")]
    answer: Option<String>,
    /// Folder of policies [default: the library that demur brings].
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The path a request in JSON would be sent to; it says in which dialect it is read.
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH)]
    path: String,
    #[command(flatten)]
    surroundings: Surroundings,
    /// How the explanation is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXAMPLE: &str = "\
Example, policies/storefront.yaml and policies/storefront.test.yaml:

  apiVersion: demur/v1
  kind: Policy
  metadata: {name: storefront}
  spec:
    rules:
      - id: everyday-words
        phase: request
        when: prompt.quadrant == \"over_refusal\" && prompt.harm.score < 0.2
        then: {ignoreWords: {max: 3}}

  apiVersion: demur/v1
  kind: PolicyTest
  spec:
    cases:
      - name: everyday words are named to the model
        prompt: {harm: 0.05, refusal: 0.9}
        expect: {outcome: continue, changes: [ignoreWords]}

  demur policy test policies
  demur policy explain \"How do I kill a Python process?\" --policies policies
  demur policy explain request.json --answer \"I'm sorry, but I can't help with that.\"

Exit codes: 0 explained; 2 it could not be, because of files, policies or classifiers.";

// === impl Explain ===

impl Explain {
    /// Explains.
    ///
    /// # Errors
    /// When the prompt cannot be read, or classifiers cannot be used.
    pub fn run(self) -> Result {
        let environment = self.surroundings.environment()?;
        let files = match &self.policies {
            Some(path) => Folder::At(path.clone()),
            None => Folder::Builtin { backup: false },
        }
        .read()?;
        let Some(policies) = compiled(&files, &environment, self.format) else { return Ok(Exit::Failed) };
        let live = Arc::new(Live {
            config: Arc::new(self.surroundings.config()?),
            policies,
            shadow: None,
            classifiers: self.surroundings.classifiers()?,
            thresholds: environment.thresholds,
            since: jiff::Timestamp::now(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let explained = runtime.block_on(self.explain(Arc::clone(&live)))?;
        output::print(&match self.format {
            Format::Json => format!("{:#}\n", explained.details),
            Format::Human => {
                Story::new(&live.policies, output::colourful(&std::io::stdout())).tell(&explained)
            }
            Format::Plain => Story::new(&live.policies, false).tell(&explained),
        });
        Ok(Exit::Fine)
    }

    async fn explain(&self, live: Arc<Live>) -> std::result::Result<Explained, Failure> {
        let mut exchange = self.exchange(Arc::clone(&live))?;
        let mut details = admin::explain(&mut exchange).await?;
        let first = evaluate(&live.policies, Phase::Request, &exchange.facts);
        let mut decisions = vec![(Phase::Request, first)];
        if let Some(answer) = &self.answer {
            let text = read(answer)?;
            let texts = Texts::new(Arc::clone(&live.classifiers), live.thresholds);
            let facts = &mut exchange.facts;
            (facts.refusal, facts.answer_harm) = texts.answer(&text).await;
            let words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
            facts.response = Some(ResponseFacts {
                status: 200,
                finish: "stop".to_owned(),
                words,
                ..ResponseFacts::default()
            });
            let decision = evaluate(&live.policies, Phase::Response, facts);
            if let Some(object) = details.as_object_mut() {
                let about = json!({
                    "signals": {"response.refusal": facts.refusal, "response.harm": facts.answer_harm},
                    "response": facts.response,
                    "decision": decision,
                });
                object.insert("answer".to_owned(), about);
            }
            decisions.push((Phase::Response, decision));
        }
        Ok(Explained { facts: exchange.facts.clone(), decisions, details })
    }

    /// The exchange that would begin with this prompt; it leaves no record and goes nowhere.
    fn exchange(&self, live: Arc<Live>) -> std::result::Result<Exchange, Failure> {
        let text = read(&self.prompt)?;
        let whole = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object());
        let body = if whole {
            text
        } else {
            json!({"model": "", "messages": [{"role": "user", "content": text.trim_end()}]}).to_string()
        };
        let path = if whole { self.path.as_str() } else { DEFAULT_PATH };
        let Route::Guarded(guarded) = demur_dialects::route::route(&Method::POST, path) else {
            return Err(format!("`{path}` is not a path that demur guards").into());
        };
        let request = guarded.dialect.read_request(&guarded.endpoint, &body.into())?;
        let (head, ()) = Request::builder().method(Method::POST).uri(path).body(())?.into_parts();
        let metrics = Metrics::new()?;
        let records = Records::to_log(metrics.records_dropped.clone());
        Ok(Exchange::rehearse(
            live,
            guarded,
            head,
            request,
            Traces { metrics, records, routes: Routes::default() },
        ))
    }
}

/// Standard input, a file, or the text itself.
fn read(given: &str) -> std::result::Result<String, Failure> {
    if given == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    if Path::new(given).is_file() {
        return std::fs::read_to_string(given)
            .map_err(|error| format!("cannot read `{given}`: {error}").into());
    }
    Ok(given.to_owned())
}
