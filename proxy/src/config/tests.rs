//! What a configuration file may say, and what is said about a wrong one.

use std::path::Path;
use std::time::Duration;

use super::{Config, ConfigError, OnUnavailable};

const SMALL: &str = "
upstreams: [{name: main, url: 'http://127.0.0.1:1'}]
policies: {dir: policies}
classifiers: {dirs: [models], onUnavailable: block}
";

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse("demur.yaml", text, Path::new("/base"), super::raw::Overrides::default())
}

fn complaint(text: &str) -> String {
    parse(text).expect_err("this configuration is wrong").to_string()
}

#[test]
fn defaults_are_filled_in_and_paths_start_at_the_file() {
    let config = parse(SMALL).expect("valid");
    assert_eq!(config.listen.port(), 8080);
    assert_eq!(config.policies, Some(Path::new("/base/policies").to_owned()));
    assert_eq!(config.classifiers.on_unavailable, OnUnavailable::Block);
    assert_eq!(config.stream.hold_words, 30);
}

#[test]
fn durations_are_written_with_units() {
    let config = parse(&format!("{SMALL}limits: {{requestTimeout: 1m 30s}}\n")).expect("valid");
    assert_eq!(config.limits.request_timeout, Duration::from_secs(90));
}

#[test]
fn a_typo_is_an_error_with_its_place() {
    let text = complaint(&format!("{SMALL}limit: {{maxConcurrent: 3}}\n"));
    assert!(text.contains("limit") && text.contains('5'), "{text}");
}

#[test]
fn all_findings_are_listed_at_once() {
    let text = complaint(
        "
listen: here
upstreams: [{name: a, url: 'ftp://x'}, {name: b, url: 'http://x', apiKey: {env: DEMUR_NO_SUCH_VARIABLE}}]
helper: {upstream: c, model: m}
policies: {dir: p}
classifiers: {dirs: [x], onUnavailable: allow, threads: 0}
",
    );
    for part in ["listen", "ftp://x", "DEMUR_NO_SUCH_VARIABLE", "`c`", "classifiers.threads"] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn fail_open_or_closed_has_to_be_written() {
    let text = complaint(&SMALL.replace(", onUnavailable: block", ""));
    assert!(text.contains("onUnavailable"), "{text}");
}

#[test]
fn an_upstream_is_in_one_place_or_in_several() {
    let several = "upstreams: [{name: main, endpoints: [{url: 'http://a'}, {url: 'http://b', weight: 3}]}]\n";
    let rest = "classifiers: {dirs: [models], onUnavailable: block}\n";
    let config = parse(&format!("{several}{rest}")).expect("valid");
    let weights: Vec<u32> = config.upstreams[0].endpoints.iter().map(|endpoint| endpoint.weight).collect();
    assert_eq!(weights, [1, 3]);
    for (wrong, said) in [
        ("{name: main}", "needs a `url`, or `endpoints`"),
        ("{name: main, url: 'http://a', endpoints: [{url: 'http://b'}]}", "and not both"),
        ("{name: main, endpoints: [{url: 'http://a'}, {url: 'http://a'}]}", "twice"),
        ("{name: main, endpoints: [{url: 'http://a', weight: 0}]}", "weight"),
        ("{name: main, url: 'http://user:pass@a'}", "use `apiKey`"),
        ("{name: main, url: 'http://a', retry: {attempts: 0}}", "attempts"),
        ("{name: main, url: 'http://a', retry: {minDelay: 3s}}", "minDelay"),
        ("{name: main, url: 'http://a', totalTimeout: 0s}", "totalTimeout"),
    ] {
        let text = complaint(&format!("upstreams: [{wrong}]\n{rest}"));
        assert!(text.contains(said) && !text.contains("pass@"), "{said} is missing in:\n{text}");
    }
}
