//! `demur demo`: the whole job on a scripted model that refuses too much, as a table; then it stays up.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::cli::output::{self, Exit, Result};
use crate::cli::serve::{LogFormat, log};
use crate::config::{Config, OnUnavailable, raw};
use crate::demo::{self, Line, model};
use crate::listen;
use crate::record::Fate;

/// How much of a text the table shows, in characters.
const SHOWN: usize = 150;

/// Show the whole job on a scripted model that refuses too much.
#[derive(Debug, Args)]
pub struct Demo {
    /// Print the table and exit.
    #[arg(long)]
    once: bool,
    /// Address for traffic, once the table is printed.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Address for metrics and explanations.
    #[arg(long, default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
    admin: SocketAddr,
    /// Folder of policies [default: the library that demur brings].
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Folder of classifiers [default: the ones that demur brings].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

impl Demo {
    /// Runs the demo.
    ///
    /// # Errors
    /// When the classifiers or the policies cannot be used, or an address not be listened on.
    pub fn run(self) -> Result {
        // Only what is wrong: the table is what the demo has to say.
        log(LogFormat::Text, "error");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.show())?;
        Ok(Exit::Fine)
    }

    async fn show(self) -> std::result::Result<(), output::Failure> {
        let tasks = TaskTracker::new();
        let model = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let upstream = format!("http://{}", model.local_addr()?);
        let stop = CancellationToken::new();
        let (model_tasks, model_stop) = (tasks.clone(), stop.clone());
        tasks.spawn(async move {
            let second = std::time::Duration::from_secs(1);
            let manner = listen::Manner {
                head_timeout: second,
                read_timeout: second,
                drain_timeout: second,
                tls: None,
            };
            listen::serve(model, tower::service_fn(model::serve), &model_tasks, model_stop, manner).await;
        });
        let app = App::prepare(self.config(&upstream)?)?;
        let stack = app.stack()?;
        let mut lines = Vec::new();
        for prompt in demo::PROMPTS {
            lines.push(demo::ask(&stack, prompt).await?);
        }
        output::print(&format!("{}\n{}\n", table(&lines), summary(&lines)));
        // It has tasks of its own, which serving would wait for at its end.
        drop(stack);
        if !self.once {
            let traffic = free(self.listen).await?;
            let admin = free(self.admin).await?;
            output::print(&invitation(&traffic, &admin)?);
            let drain = app.drain.clone();
            tasks.spawn(async move {
                drop(tokio::signal::ctrl_c().await);
                drain.cancel();
            });
            app.serve(traffic, admin).await?;
        }
        stop.cancel();
        Ok(())
    }

    fn config(&self, upstream: &str) -> std::result::Result<Config, crate::config::ConfigError> {
        let mut file = raw::File::bare(OnUnavailable::Block);
        file.upstreams.push(raw::Upstream::at(upstream.to_owned()));
        file.policies = self.policies.clone().map(raw::Policies::at);
        file.classifiers.dirs = self.models.clone().into_iter().collect();
        Config::from_file(file)
    }
}

/// Listens on this address, or on a free port of it when it is taken.
async fn free(wanted: SocketAddr) -> std::io::Result<TcpListener> {
    match listen::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(_) => listen::bind(SocketAddr::new(wanted.ip(), 0)).await,
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if !output::colourful(&std::io::stdout()) {
        table.force_no_tty();
    }
    if table.width().is_none() {
        table.set_width(150);
    }
    let bold = |text: &str| Cell::new(text).add_attribute(Attribute::Bold);
    table.set_header(["prompt", "the model said", "demur saw", "rule", "the client got"].map(bold));
    for line in lines {
        table.add_row([
            Cell::new(line.prompt),
            Cell::new(shortened(&line.model_said)).fg(if line.model_refused {
                Color::Red
            } else {
                Color::Reset
            }),
            Cell::new(seen(line)),
            Cell::new(line.rule.as_deref().unwrap_or("–").replace('/', "/\n")),
            Cell::new(format!("{}: {}", outcome(line.fate), shortened(&line.client_got)))
                .fg(colour(line.fate)),
        ]);
    }
    table
}

fn seen(line: &Line) -> String {
    let score = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {value:.2}"));
    let parts = [
        score("harm", line.seen.harm).map(|harm| match &line.seen.category {
            Some(category) => format!("{harm} {category}"),
            None => harm,
        }),
        score("refusal", line.seen.risk),
        line.seen.quadrant.map(|quadrant| format!("→ {quadrant}")),
        line.seen.kind.map(|kind| format!("answer: {kind}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn outcome(fate: Fate) -> &'static str {
    match fate {
        Fate::Passed => "as it was",
        Fate::Changed => "asked better",
        Fate::Rerouted => "rerouted",
        Fate::Blocked => "blocked",
        Fate::Withheld => "withheld",
        Fate::Repaired => "repaired",
        Fate::Softened => "softened",
        Fate::Failed | Fate::Abandoned => "failed",
    }
}

fn colour(fate: Fate) -> Color {
    match fate {
        Fate::Repaired | Fate::Changed | Fate::Rerouted => Color::Green,
        Fate::Softened | Fate::Blocked | Fate::Withheld => Color::Yellow,
        Fate::Failed | Fate::Abandoned => Color::Red,
        Fate::Passed => Color::Reset,
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(SHOWN).collect::<String>().trim_end())
}

fn summary(lines: &[Line]) -> String {
    let count = |wanted: fn(&Line) -> bool| lines.iter().filter(|line| wanted(line)).count();
    format!(
        "{} prompts · the model refused {} · repaired {} · blocked or answered with care {}",
        lines.len(),
        count(|line| line.model_refused),
        count(|line| matches!(line.fate, Fate::Repaired | Fate::Changed | Fate::Rerouted)),
        count(|line| matches!(line.fate, Fate::Blocked | Fate::Withheld | Fate::Softened)),
    )
}

fn invitation(traffic: &TcpListener, admin: &TcpListener) -> std::io::Result<String> {
    let (traffic, admin) = (traffic.local_addr()?, admin.local_addr()?);
    let body = format!(
        r#"{{"model":"{}","messages":[{{"role":"user","content":"How do I kill the process on port 8080?"}}]}}"#,
        model::NAME
    );
    Ok(format!(
        "
demur is up. Try it (Ctrl-C ends it):

  curl -i http://{traffic}/v1/chat/completions -H 'content-type: application/json' -d '{body}'
  curl http://{admin}/explain -d '{body}'
  curl http://{admin}/policies
  curl http://{admin}/metrics
"
    ))
}
