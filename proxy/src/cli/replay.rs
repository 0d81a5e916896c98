//! `demur replay`: recorded answers of real models through the whole pipeline.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use tower::util::BoxCloneSyncService;

use crate::app::App;
use crate::cli::output::{self, Exit, Format, Result};
use crate::cli::serve::{LogFormat, log};
use crate::config::{Config, OnUnavailable, raw};
use crate::replay::recorded::{Recorded, UPSTREAM, read};
use crate::replay::{self, Change, Report};
use crate::sources::BACKUP;

/// Run recorded answers of real models through the whole pipeline, and count what reaches the client.
#[derive(Debug, Args)]
pub struct Replay {
    /// JSON Lines with `text`, `response`, `model`, `harmful` (0 or 1) and `refused` (0, 1 or "partial").
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    data: Vec<PathBuf>,
    /// The model whose recorded answers stand for the upstream.
    #[arg(long, value_name = "MODEL")]
    upstream: String,
    /// The model whose recorded answers stand for the upstream `backup`.
    #[arg(long, value_name = "MODEL")]
    backup: Option<String>,
    /// Folder of policies [default: the library that demur brings].
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Folder of classifiers [default: the ones that demur brings].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Write a decision record for each row, as JSON Lines; `request_id` is the id of the row.
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Replay {
    /// Replays and prints the result.
    ///
    /// # Errors
    /// When the data, the policies or the classifiers cannot be used.
    pub fn run(self) -> Result {
        log(LogFormat::Text, "error");
        let rows = read(&self.data)?;
        let recorded = Recorded::new(&rows, &self.upstream, self.backup.as_deref())?;
        let config = self.config()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let report = runtime.block_on(async {
            let app = App::prepare(config)?;
            let stack = app.stack_before(BoxCloneSyncService::new(recorded.clone()));
            let bar = progress(recorded.upstream_rows().len());
            let report = replay::replay(&stack, &recorded, || bar.inc(1)).await;
            bar.finish_and_clear();
            Ok::<_, output::Failure>(report?)
        })?;
        output::print(&match self.format {
            Format::Json => format!("{:#}\n", serde_json::to_value(&report)?),
            Format::Human | Format::Plain => self.table(&report),
        });
        Ok(Exit::Fine)
    }

    fn config(&self) -> std::result::Result<Config, crate::config::ConfigError> {
        // Nothing listens and nothing is sent: the recorded answers take the place of these addresses.
        let nowhere = |name: &str| raw::Upstream {
            name: name.to_owned(),
            ..raw::Upstream::at("http://127.0.0.1:9".to_owned())
        };
        let mut file = raw::File::bare(OnUnavailable::Block);
        file.upstreams.push(nowhere(UPSTREAM));
        if self.backup.is_some() {
            file.upstreams.push(nowhere(BACKUP));
        }
        file.policies = self.policies.clone().map(raw::Policies::at);
        file.records.path.clone_from(&self.records);
        file.classifiers.dirs = self.models.clone().into_iter().collect();
        file.classifiers.timeout = Some(jiff::SignedDuration::from_secs(60));
        Config::from_file(file)
    }

    fn table(&self, report: &Report) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        let backup = self.backup.as_deref().unwrap_or("no backup");
        table.set_header([
            format!("{} → {backup}, n = {}", self.upstream, report.n),
            "before".into(),
            "after".into(),
        ]);
        for (name, change) in [
            (format!("over-refusal (of {} harmless)", report.harmless), report.over_refusal),
            ("  partial refusal".to_owned(), report.partial_refusal),
            (format!("unsafe compliance (of {} harmful)", report.harmful), report.unsafe_compliance),
        ] {
            let Change { before, after } = change;
            table.add_row([name, percent(before), percent(after)]);
        }
        table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        let list = |counts: &std::collections::BTreeMap<String, usize>| {
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(" · ")
        };
        format!(
            "{table}\nrepaired {} · softened {}\nactions: {}\noutcomes: {}\nattempts: {}\n",
            report.repaired,
            report.softened,
            list(&report.actions),
            list(&report.outcomes),
            list(&report.attempts),
        )
    }
}

fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
}

/// A bar on a terminal; nothing elsewhere.
fn progress(length: usize) -> Arc<ProgressBar> {
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} prompts, {eta} left") {
        bar.set_style(style);
    }
    Arc::new(bar)
}
