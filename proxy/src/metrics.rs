//! Every metric of demur, in one file: name, help, labels, and the one place that counts it.
//!
//! Names begin with `demur_`, units are base units, and every label takes its values from a closed set or
//! from the configuration (rules, upstreams): no text of a prompt, no path, no user can become a label.

use std::cell::RefCell;
use std::sync::Arc;

use prometheus::{
    Encoder, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Buckets for latencies of the traffic, in seconds: from what demur adds to what a model takes.
const TRAFFIC_SECONDS: &[f64] =
    &[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Buckets for what demur itself does, in seconds.
const OWN_SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];
/// Buckets for batch sizes, in texts.
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// All metrics and the registry that prints them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    described: Arc<[Described]>,
    /// Exchanges ended, by dialect, outcome and status class.
    pub requests: IntCounterVec,
    /// Exchanges under way.
    pub in_flight: IntGauge,
    /// Decisions, by phase, rule (`policy/rule`, empty when none decided) and outcome.
    pub decisions: IntCounterVec,
    /// What rules in shadow would have decided.
    pub shadow_decisions: IntCounterVec,
    /// Decisions of the set in shadow (`shadowPolicies`), by phase and whether the set in force agrees.
    pub shadow_policy_decisions: IntCounterVec,
    /// Where the two disagree: by phase, the rules of both and what they want.
    pub shadow_policy_differences: IntCounterVec,
    /// Answers judged, by refusal kind and upstream.
    pub refusals: IntCounterVec,
    /// Prompts judged, by quadrant.
    pub quadrants: IntCounterVec,
    /// Attempts of repairs, by rung and result.
    pub repairs: IntCounterVec,
    /// Signals that stayed unknown, by signal and reason.
    pub unknown_signals: IntCounterVec,
    /// Signals judged, by the readings that the texts had.
    pub readings: IntCounterVec,
    /// Parts that no classifier could judge, by reason.
    pub unjudged: IntCounterVec,
    /// Time to a verdict, by phase.
    pub classify_seconds: HistogramVec,
    /// Sizes of batches, by classifier.
    pub batch_size: HistogramVec,
    /// Time of one batch, by classifier.
    pub batch_seconds: HistogramVec,
    /// Verdicts found in the cache, by classifier.
    pub cache_hits: IntCounterVec,
    /// Exchanges by time to the head of the answer.
    pub request_seconds: HistogramVec,
    /// What demur added to it.
    pub overhead_seconds: Histogram,
    /// How long the beginnings of streams were held.
    pub hold_seconds: Histogram,
    /// Failures, by label of the error.
    pub errors: IntCounterVec,
    /// Answers of upstreams, by upstream and status class.
    pub upstream_answers: IntCounterVec,
    /// Requests sent to endpoints, by upstream, endpoint and what came of it.
    pub upstream_attempts: IntCounterVec,
    /// Failures that asked for another attempt, by upstream, what failed, and what was done about it.
    pub upstream_retries: IntCounterVec,
    /// Answers that broke off after their head, by upstream and reason.
    pub upstream_broken: IntCounterVec,
    /// Circuit breakers: 0 closed, 1 while one request tries again, 2 open.
    pub upstream_breaker: IntGaugeVec,
    /// Reloads of the policies, by result.
    pub reloads: IntCounterVec,
    /// Whether the last reload failed: 1 while an older policy is in force than the folder holds.
    pub reload_failed: IntGauge,
    /// Reloads of the policies in shadow, by result.
    pub shadow_reloads: IntCounterVec,
    /// Whether the last reload of the policies in shadow failed.
    pub shadow_reload_failed: IntGauge,
    /// The policies in shadow: 1 for their revision.
    pub shadow_policy_info: IntGaugeVec,
    /// Whether a rollback is in force: 1 until the source changes.
    pub policy_pinned: IntGauge,
    /// When the policy in force was loaded, in seconds since 1970.
    pub policy_loaded: IntGauge,
    /// The policy in force: 1 for its revision.
    pub policy_info: IntGaugeVec,
    /// The classifiers in force: 1 for each name and digest.
    pub classifier_info: GaugeVec,
    /// Requests over the limit of their tenant.
    pub rate_limited: IntCounterVec,
    /// Certificates, keys and secrets that changed while demur ran, by what they are and whether they can be used.
    pub file_reloads: IntCounterVec,
    /// Decision records that were lost because the sink was too slow or full.
    pub records_dropped: IntCounter,
    /// Requests to paths that no dialect knows, by what was done.
    pub unknown_routes: IntCounterVec,
}

/// What is to be known of one metric, for those who query it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The name with its prefix.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What it counts.
    pub help: String,
    /// The names of its labels.
    pub labels: Vec<String>,
}

impl Metrics {
    /// All metrics, at zero.
    ///
    /// # Errors
    /// When two metrics have the same name, which is a defect.
    #[expect(clippy::too_many_lines, reason = "one list of everything that is measured")]
    pub fn new() -> Result<Self, prometheus::Error> {
        let make = Maker { registry: Registry::new(), described: RefCell::default() };
        Ok(Self {
            requests: make.counters(
                "requests_total",
                "Exchanges ended.",
                &["dialect", "outcome", "status"],
            )?,
            in_flight: make.gauge("requests_in_flight", "Exchanges under way.")?,
            decisions: make.counters(
                "decisions_total",
                "Decisions by rule.",
                &["phase", "rule", "outcome"],
            )?,
            shadow_decisions: make.counters(
                "shadow_decisions_total",
                "What rules in shadow would have decided.",
                &["phase", "rule", "outcome"],
            )?,
            shadow_policy_decisions: make.counters(
                "shadow_policy_decisions_total",
                "Decisions of the policies in shadow.",
                &["phase", "result"],
            )?,
            shadow_policy_differences: make.counters(
                "shadow_policy_differences_total",
                "Where the policies in shadow want something else than those in force.",
                &["phase", "live_rule", "live", "shadow_rule", "shadow"],
            )?,
            refusals: make.counters(
                "answers_total",
                "Answers judged, by refusal kind.",
                &["kind", "upstream"],
            )?,
            quadrants: make.counters("prompts_total", "Prompts judged, by quadrant.", &["quadrant"])?,
            repairs: make.counters(
                "repair_attempts_total",
                "Attempts to repair a refusal.",
                &["rung", "result"],
            )?,
            unknown_signals: make.counters(
                "unknown_signals_total",
                "Signals that a classifier did not stand by.",
                &["signal", "reason"],
            )?,
            readings: make.counters(
                "readings_total",
                "Signals judged, by the readings that the texts had.",
                &["signal", "reading"],
            )?,
            unjudged: make.counters(
                "unjudged_parts_total",
                "Parts that could not be judged.",
                &["reason"],
            )?,
            classify_seconds: make.seconds(
                "classify_seconds",
                "Time to a verdict.",
                &["phase"],
                OWN_SECONDS,
            )?,
            batch_size: make.seconds("batch_size", "Texts in one batch.", &["classifier"], BATCH)?,
            batch_seconds: make.seconds(
                "batch_seconds",
                "Time of one batch.",
                &["classifier"],
                OWN_SECONDS,
            )?,
            cache_hits: make.counters(
                "classifier_cache_hits_total",
                "Verdicts from the cache.",
                &["classifier"],
            )?,
            request_seconds: make.seconds(
                "request_seconds",
                "Time from the head of a request to the head of its answer.",
                &["dialect"],
                TRAFFIC_SECONDS,
            )?,
            overhead_seconds: make.histogram("overhead_seconds", "What demur added to it.", OWN_SECONDS)?,
            hold_seconds: make.histogram(
                "hold_seconds",
                "How long the beginnings of streams were held.",
                TRAFFIC_SECONDS,
            )?,
            errors: make.counters("errors_total", "Exchanges that failed.", &["error"])?,
            upstream_answers: make.counters(
                "upstream_answers_total",
                "Answers of upstreams.",
                &["upstream", "status"],
            )?,
            upstream_attempts: make.counters(
                "upstream_attempts_total",
                "Requests sent to endpoints.",
                &["upstream", "endpoint", "result"],
            )?,
            upstream_retries: make.counters(
                "upstream_retries_total",
                "Failures that asked for another attempt.",
                &["upstream", "failure", "handling"],
            )?,
            upstream_broken: make.counters(
                "upstream_broken_answers_total",
                "Answers that broke off after their head.",
                &["upstream", "reason"],
            )?,
            upstream_breaker: make.gauges(
                "upstream_breaker_state",
                "Circuit breakers: 0 closed, 1 trying again, 2 open.",
                &["upstream", "endpoint"],
            )?,
            reloads: make.counters("policy_reloads_total", "Reloads of the policies.", &["result"])?,
            reload_failed: make.gauge(
                "config_reload_failed",
                "1 while the last reload failed and an older policy is in force.",
            )?,
            shadow_reloads: make.counters(
                "shadow_policy_reloads_total",
                "Reloads of the policies in shadow.",
                &["result"],
            )?,
            shadow_reload_failed: make.gauge(
                "shadow_policy_reload_failed",
                "1 while the last reload of the policies in shadow failed.",
            )?,
            shadow_policy_info: make.gauges(
                "shadow_policy_info",
                "The policies in shadow.",
                &["revision"],
            )?,
            policy_pinned: make.gauge("policy_pinned", "1 while a rollback is in force.")?,
            policy_loaded: make
                .gauge("policy_loaded_timestamp_seconds", "When the policy in force was loaded.")?,
            policy_info: make.gauges("policy_info", "The policy in force.", &["revision"])?,
            classifier_info: make.values(
                "classifier_info",
                "The classifiers in force.",
                &["classifier", "digest"],
            )?,
            rate_limited: make.counters(
                "rate_limited_total",
                "Requests over the limit of their tenant.",
                &["tenant"],
            )?,
            file_reloads: make.counters(
                "file_reloads_total",
                "Certificates, keys and secrets that changed.",
                &["file", "result"],
            )?,
            records_dropped: make.counter("records_dropped_total", "Decision records that were lost.")?,
            unknown_routes: make.counters(
                "unknown_routes_total",
                "Requests no dialect knows.",
                &["handling"],
            )?,
            described: make.described.into_inner().into(),
            registry: make.registry,
        })
    }

    /// Every metric there is. What `render` prints leaves out those that nothing was counted in yet.
    pub fn described(&self) -> &[Described] {
        &self.described
    }

    /// All metrics in the text format of Prometheus.
    pub fn render(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::error!(%error, "cannot render metrics");
        }
        out
    }
}

/// The class of a status: `2xx`, `4xx`, … ; a bounded label.
pub fn status_class(status: http::StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// Makes metrics and registers them, so that a name stands once.
struct Maker {
    registry: Registry,
    described: RefCell<Vec<Described>>,
}

impl Maker {
    fn keep<M: prometheus::core::Collector + Clone + 'static>(
        &self,
        kind: &'static str,
        metric: M,
    ) -> Result<M, prometheus::Error> {
        self.registry.register(Box::new(metric.clone()))?;
        self.described.borrow_mut().extend(metric.desc().into_iter().map(|desc| Described {
            name: desc.fq_name.clone(),
            kind,
            help: desc.help.clone(),
            labels: desc.variable_labels.clone(),
        }));
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.keep("counter", IntCounter::with_opts(opts(name, help))?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        self.keep("counter", IntCounterVec::new(opts(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.keep("gauge", IntGauge::with_opts(opts(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        self.keep("gauge", IntGaugeVec::new(opts(name, help), labels)?)
    }

    fn values(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
        self.keep("gauge", GaugeVec::new(opts(name, help), labels)?)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
        self.keep("histogram", Histogram::with_opts(histogram_opts(name, help, buckets))?)
    }

    fn seconds(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, prometheus::Error> {
        self.keep("histogram", HistogramVec::new(histogram_opts(name, help, buckets), labels)?)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("demur_{name}"), help)
}

fn histogram_opts(name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(format!("demur_{name}"), help).buckets(buckets.to_vec())
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn every_metric_registers_and_carries_the_prefix() {
        let metrics = Metrics::new().expect("names are unique");
        metrics.records_dropped.inc();
        metrics.requests.with_label_values(&["openai-chat", "passed", "2xx"]).inc();
        let text = String::from_utf8(metrics.render()).expect("text");
        assert!(text.contains("demur_records_dropped_total 1"));
        assert!(text.lines().filter(|line| !line.starts_with('#')).all(|line| line.starts_with("demur_")));
    }
}
