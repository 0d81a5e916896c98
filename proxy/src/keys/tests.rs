//! What a file of keys may say, where a key is found, and that it goes nowhere.

use std::fs;

use http::{Request, header};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{Keys, take_key};
use crate::body::{self, Body};
use crate::error::Error;
use crate::fresh::Refresh;
use crate::metrics::Metrics;
use crate::phase::exchange::Tenant;

fn hashed(key: &str) -> String {
    Sha256::digest(key).iter().fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn tenants(per_minute: u32) -> String {
    format!(
        "tenants:\n- {{name: shop, keys: ['{}', '{}'], requestsPerMinute: {per_minute}}}\n- {{name: lab, keys: ['{}']}}\n",
        hashed("dm-one"),
        hashed("dm-two"),
        hashed("dm-lab")
    )
}

fn keys(text: &str) -> (TempDir, Result<Keys, super::KeysError>) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("keys.yaml");
    fs::write(&path, text).expect("written");
    let keys = Keys::load(&path);
    (folder, keys)
}

fn with(name: &str, value: &str) -> Request<Body> {
    Request::post("/v1/x").header(name, value).body(body::empty()).expect("a request")
}

fn admitted(keys: &Keys, key: &str) -> Result<String, &'static str> {
    let mut request = with("x-api-key", key);
    let metrics = Metrics::new().expect("metrics");
    keys.admit(&mut request, &metrics).map_err(|error| error.label())?;
    Ok(request.extensions().get::<Tenant>().expect("a tenant").0.to_string())
}

#[test]
fn a_key_is_found_wherever_an_api_has_one_and_is_taken_out() {
    for (name, value) in [
        ("authorization", "Bearer dm-one"),
        ("authorization", "bearer  dm-one"),
        ("x-api-key", "dm-one"),
        ("api-key", "dm-one"),
        ("x-goog-api-key", "dm-one"),
    ] {
        let mut request = with(name, value);
        assert_eq!(take_key(&mut request).as_deref(), Some(&b"dm-one"[..]), "{name}: {value}");
        assert!(request.headers().is_empty());
    }
    let mut request = Request::post("/v1/x?alt=sse&key=dm-one").body(body::empty()).expect("a request");
    assert_eq!(take_key(&mut request).as_deref(), Some(&b"dm-one"[..]));
    assert_eq!(request.uri(), "/v1/x?alt=sse");
    let mut both = with("authorization", "Bearer dm-one");
    both.headers_mut().insert("x-api-key", header::HeaderValue::from_static("dm-other"));
    assert_eq!(take_key(&mut both).as_deref(), Some(&b"dm-one"[..]));
    assert!(both.headers().is_empty(), "none of them travels on");
    assert_eq!(take_key(&mut with("authorization", "Basic eDp5")), None);
}

#[test]
fn keys_stand_for_tenants_and_tenants_have_limits() {
    let (_folder, keys) = keys(&tenants(2));
    let keys = keys.expect("valid");
    assert_eq!(admitted(&keys, "dm-lab"), Ok("lab".to_owned()));
    assert_eq!(admitted(&keys, "dm-none"), Err("unknown_key"));
    assert_eq!(admitted(&keys, &hashed("dm-one")), Err("unknown_key"), "a digest is no key");
    assert_eq!(admitted(&keys, "dm-one"), Ok("shop".to_owned()));
    assert_eq!(admitted(&keys, "dm-two"), Ok("shop".to_owned()));
    assert_eq!(admitted(&keys, "dm-one"), Err("rate_limited"), "both keys count together");
    assert_eq!(admitted(&keys, "dm-lab"), Ok("lab".to_owned()));
}

#[test]
fn a_changed_file_counts_on_where_the_limit_is_the_same() {
    let (folder, keys) = keys(&tenants(1));
    let keys = keys.expect("valid");
    let path = folder.path().join("keys.yaml");
    assert!(admitted(&keys, "dm-one").is_ok());
    fs::write(&path, tenants(1).replace(&hashed("dm-lab"), &hashed("dm-new"))).expect("written");
    assert!(keys.refresh().is_ok_and(|changed| changed));
    assert_eq!(admitted(&keys, "dm-one"), Err("rate_limited"));
    assert_eq!(admitted(&keys, "dm-lab"), Err("unknown_key"));
    assert!(admitted(&keys, "dm-new").is_ok());
    fs::write(&path, tenants(5)).expect("written");
    assert!(keys.refresh().is_ok_and(|changed| changed));
    assert!(admitted(&keys, "dm-one").is_ok());
    fs::write(&path, "tenants: {").expect("written");
    assert!(keys.refresh().is_err());
    assert!(admitted(&keys, "dm-one").is_ok(), "the old ones stay");
}

#[test]
fn what_is_wrong_is_named_without_the_key() {
    for (text, said) in [
        (tenants(1).replace(&hashed("dm-two"), "sk-written-by-mistake"), "key 2 of the tenant `shop`"),
        (tenants(1).replace(&hashed("dm-two"), &hashed("dm-one")), "twice"),
        (format!("tenants: [{{name: shop, key: '{}'}}]", "sk-written-by-mistake"), "not a list of `tenants`"),
        (tenants(0), "requestsPerMinute"),
    ] {
        let (_folder, keys) = keys(&text);
        let error = keys.expect_err("it is wrong").to_string();
        assert!(error.contains(said) && !error.contains("sk-written"), "{error}");
    }
}

#[test]
fn an_unknown_key_is_not_said_back() {
    let (_folder, keys) = keys(&tenants(1));
    let metrics = Metrics::new().expect("metrics");
    let error = keys.expect("valid").admit(&mut with("x-api-key", "sk-secret"), &metrics);
    assert!(matches!(&error, Err(Error::Unauthenticated)));
    assert!(!format!("{error:?}").contains("sk-secret"));
}
