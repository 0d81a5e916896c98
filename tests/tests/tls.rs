//! TLS on all sides: to clients, to administrators, to upstreams, and through a proxy.
#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use demur_tests::clock::{eventually, within};
use demur_tests::folder::Folder;
use demur_tests::openai::{self, CHAT};
use demur_tests::process::{Demur, Setup, command, free_port, root, run};
use demur_tests::raw::Raw;
use demur_tests::script::Reply;
use demur_tests::upstream::Upstream;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use tempfile::TempDir;

const POLICY: &str = "
apiVersion: demur/v1
kind: Policy
metadata: {name: idle}
spec:
  rules:
    - {id: never, phase: request, when: request.model == 'none', onUnknown: skip, then: {block: {message: never}}}
";
const SHOP: &str = "spiffe://example.org/shop";

/// An authority, and a folder for what it certifies.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, format!("authority {}", free_port()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("a file can be written");
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Certifies `localhost`, `127.0.0.1` and, where there is one, a URI; writes `name.pem` and `name.key`.
    fn certify(&self, name: &str, uri: Option<&str>) -> (String, String) {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names.extend(uri.map(|uri| SanType::URI(uri.try_into().expect("a URI"))));
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let paths = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        fs::write(&paths.0, certificate.pem()).expect("a file can be written");
        fs::write(&paths.1, key.serialize_pem()).expect("a file can be written");
        paths
    }

    /// What a listener is to show and to ask for.
    fn tls(&self, clients: &str) -> String {
        let (certificate, key) = self.certify("server", None);
        format!("{{certificate: '{certificate}', key: '{key}'{clients}}}")
    }
}

struct Ground {
    demur: Demur,
    upstream: Upstream,
    _policies: Folder,
}

fn ground(lines: &[&str]) -> Ground {
    let upstream = Upstream::start(|_| Reply::json(&openai::answer("m", "a good answer")));
    let policies = Folder::with(POLICY);
    let setup = Setup::new(&upstream.url(), policies.path()).env("RUST_LOG", "debug");
    let demur = lines.iter().fold(setup, |setup, line| setup.line(line)).start();
    Ground { demur, upstream, _policies: policies }
}

/// What curl prints of an exchange: the version of HTTP and the status; `None` when there was none.
fn curl(url: &str, args: &[&str]) -> Option<String> {
    let done = Command::new("curl")
        .args(["--silent", "--noproxy", "*", "--max-time", "20", "--output", "/dev/null"])
        .args(["--write-out", "%{http_version} %{http_code}"])
        .args(["--header", "content-type: application/json"])
        .args(args)
        .arg(url)
        .output()
        .expect("curl is installed");
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
}

fn chat(demur: &Demur, args: &[&str]) -> Option<String> {
    let body = openai::ask("m", "hello").to_string();
    let url = demur.url(CHAT).replace("http://", "https://");
    curl(&url, &[args, &["--data", &body]].concat())
}

fn set(path: impl AsRef<Path>, text: &[u8]) {
    let path = path.as_ref();
    let beside = PathBuf::from(format!("{}.new", path.display()));
    fs::write(&beside, text).expect("a file can be written");
    fs::rename(&beside, path).expect("a file can be renamed");
}

#[test]
fn traffic_is_served_over_tls_in_both_versions_of_http() {
    let authority = Authority::new();
    let ground = ground(&[&format!("tls: {}", authority.tls(""))]);
    let ca = authority.path("ca.pem");
    assert_eq!(chat(&ground.demur, &["--cacert", &ca, "--http1.1"]).as_deref(), Some("1.1 200"));
    assert_eq!(chat(&ground.demur, &["--cacert", &ca, "--http2"]).as_deref(), Some("2 200"));
    assert_eq!(curl(&ground.demur.url(CHAT), &[]), None, "not in clear");
    let other = Authority::new();
    assert_eq!(chat(&ground.demur, &["--cacert", &other.path("ca.pem")]), None, "another authority");
    assert_eq!(ground.upstream.received().len(), 2);
}

#[test]
fn only_known_clients_come_in() {
    let authority = Authority::new();
    let ca = authority.path("ca.pem");
    let clients = format!(", clients: {{ca: '{ca}', names: ['{SHOP}', shop.internal]}}");
    let ground = ground(&[&format!("tls: {}", authority.tls(&clients))]);
    let show = |(certificate, key): &(String, String)| {
        chat(&ground.demur, &["--cacert", &ca, "--cert", certificate, "--key", key])
    };
    assert_eq!(chat(&ground.demur, &["--cacert", &ca]), None, "without a certificate");
    assert_eq!(show(&authority.certify("other", Some("spiffe://example.org/other"))), None, "another name");
    assert_eq!(show(&authority.certify("longer", Some(&format!("{SHOP}/x")))), None, "not a prefix");
    assert_eq!(show(&Authority::new().certify("forged", Some(SHOP))), None, "another authority");
    assert!(ground.upstream.received().is_empty());
    assert_eq!(show(&authority.certify("shop", Some(SHOP))).as_deref(), Some("2 200"));
}

#[test]
fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let ground = ground(&[&format!("tls: {}", old.tls(""))]);
    let (old_ca, new_ca) = (old.path("ca.pem"), new.path("ca.pem"));
    assert!(chat(&ground.demur, &["--cacert", &old_ca]).is_some());
    let (certificate, key) = new.certify("server", None);
    let read = |path: &str| fs::read(path).expect("it was written");
    set(old.path("server.key"), &read(&key));
    set(old.path("server.pem"), &read(&certificate));
    let shown = within(Duration::from_secs(10), || chat(&ground.demur, &["--cacert", &new_ca]));
    assert_eq!(shown.as_deref(), Some("2 200"));
    assert_eq!(chat(&ground.demur, &["--cacert", &old_ca]), None);

    set(old.path("server.pem"), b"no certificate");
    let failures = "demur_file_reloads_total{file=\"server_certificate\",result=\"failure\"}";
    eventually("the failure is counted", || ground.demur.metric(failures));
    assert!(chat(&ground.demur, &["--cacert", &new_ca]).is_some(), "the old one stays");
}

#[test]
fn administration_can_be_over_tls_too() {
    let authority = Authority::new();
    let folder = Folder::with(POLICY);
    let (traffic, admin) = (free_port(), free_port());
    let config = folder.save(
        "demur.conf",
        &format!(
            "upstreams: [{{name: main, url: 'http://127.0.0.1:9'}}]\npolicies: {{dir: '{}'}}\n\
             listen: 127.0.0.1:{traffic}\nadmin: 127.0.0.1:{admin}\nadminTls: {}\n\
             classifiers: {{dirs: ['{}'], onUnavailable: block}}",
            folder.path().display(),
            authority.tls(""),
            root().join("classifiers/models").display()
        ),
    );
    let mut command = command();
    command.args(["serve", "--config"]).arg(config).stdout(Stdio::null()).stderr(Stdio::null());
    let mut demur = command.spawn().expect("demur can be started");
    let url = format!("https://127.0.0.1:{admin}/readyz");
    let ready = within(Duration::from_mins(1), || curl(&url, &["--cacert", &authority.path("ca.pem")]));
    let clear = curl(&url.replace("https://", "http://"), &[]);
    demur.kill().expect("it runs");
    demur.wait().expect("it can be waited for");
    assert_eq!((ready.as_deref(), clear), (Some("2 200"), None));
}

/// A demur before a demur, as an upstream that asks for a certificate.
fn before(inner: &Ground, more: &str) -> (Demur, Folder) {
    let policies = Folder::with(POLICY);
    let url = inner.demur.url("").replace("http://", "https://");
    let demur = Setup::default()
        .line(&format!("upstreams: [{{name: main, url: '{url}'{more}}}]"))
        .line(&format!("policies: {{dir: '{}'}}", policies.path().display()))
        .start();
    (demur, policies)
}

#[test]
fn an_upstream_is_checked_and_is_shown_a_certificate() {
    let authority = Authority::new();
    let ca = authority.path("ca.pem");
    let inner = ground(&[&format!("tls: {}", authority.tls(&format!(", clients: {{ca: '{ca}'}}")))]);
    let (certificate, key) = authority.certify("client", None);
    let shown = format!(", ca: '{ca}', clientCertificate: {{certificate: '{certificate}', key: '{key}'}}");
    let asked = |more: &str| {
        let (demur, _policies) = before(&inner, more);
        demur.chat(&openai::ask("m", "hello")).status.as_u16()
    };
    assert_eq!(asked(&shown), 200);
    assert!(inner.demur.output().contains("peer=Server"), "both sides agreed on HTTP/2");
    assert_eq!(asked(&format!(", ca: '{ca}'")), 502, "without a certificate");
    let other = Authority::new();
    assert_eq!(asked(&shown.replace(&ca, &other.path("ca.pem"))), 502, "of an authority that is not trusted");
    assert_eq!(inner.upstream.received().len(), 1);
}

#[test]
fn the_proxy_of_the_environment_is_used_for_https_alone() {
    let (tell, told) = std::sync::mpsc::channel();
    let proxy = Raw::start(move |conn| {
        let _ = tell.send(conn.read_request());
        conn.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    });
    let asked = |url: &str, env: &[(&str, &str)]| {
        let policies = Folder::with(POLICY);
        let setup = Setup::new(url, policies.path());
        let setup = env.iter().fold(setup, |setup, (name, value)| setup.env(name, value));
        setup.start().chat(&openai::ask("m", "hello")).status.as_u16()
    };
    let with_key = proxy.url().replace("http://", "http://user:pass@");
    assert_eq!(asked("https://api.example.com", &[("HTTPS_PROXY", &with_key)]), 502);
    let connect = told.recv_timeout(Duration::from_secs(10)).expect("the proxy was asked");
    assert!(connect.starts_with("CONNECT api.example.com:443 HTTP/1.1\r\n"), "{connect}");
    assert!(connect.to_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{connect}");

    let before = proxy.connections();
    let upstream = Upstream::start(|_| Reply::json(&openai::answer("m", "a good answer")));
    assert_eq!(asked(&upstream.url(), &[("ALL_PROXY", &proxy.url())]), 200, "in clear it goes straight");
    let nowhere = Upstream::nowhere().replace("http://", "https://");
    assert_eq!(asked(&nowhere, &[("HTTPS_PROXY", &proxy.url()), ("NO_PROXY", "127.0.0.1")]), 502);
    assert_eq!(proxy.connections(), before);
}

#[test]
fn what_cannot_be_used_is_named_at_the_start() {
    let authority = Authority::new();
    let (certificate, key) = authority.certify("server", None);
    let (_, other_key) = authority.certify("other", None);
    let said = |tls: &str| {
        let folder = Folder::with(POLICY);
        let config = folder.save(
            "demur.conf",
            &format!(
                "upstreams: [{{name: main, url: 'http://127.0.0.1:9'}}]\npolicies: {{dir: '{}'}}\n\
                 listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ntls: {tls}\n\
                 classifiers: {{dirs: ['{}'], onUnavailable: block}}",
                folder.path().display(),
                root().join("classifiers/models").display()
            ),
        );
        let config = config.display().to_string();
        let [served, checked] = ["serve", "check"].map(|command| run(&[command, "--config", &config]));
        assert_eq!((served.code, checked.code), (2, 2), "{}", served.stderr);
        assert!(served.stderr.contains(checked.stderr.trim_end()), "{}\n{}", served.stderr, checked.stderr);
        served.stderr
    };
    let text = said(&format!("{{certificate: '{certificate}', key: '{other_key}'}}"));
    assert!(text.contains("tls") && text.contains("server.pem"), "{text}");
    let text = said(&format!("{{certificate: '{key}', key: '{key}'}}"));
    assert!(text.contains("it holds no certificate"), "{text}");
    let text = said(&format!("{{certificate: '{certificate}', key: '{key}', clients: {{ca: nowhere.pem}}}}"));
    assert!(text.contains("nowhere.pem"), "{text}");
    let text =
        said(&format!("{{certificate: '{certificate}', key: '{key}', clients: {{ca: x, names: ['a b']}}}}"));
    assert!(text.contains("tls.clients.names: `a b`"), "{text}");
}
