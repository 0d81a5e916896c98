//! From what people wrote, a set of policies, or everything that is wrong with it.

use crate::{
    diagnostic::{Diagnostic, Source},
    facts::Thresholds,
    policy::PolicySet,
};

/// What the policies will find around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// The upstreams a rule may name.
    pub upstreams: Vec<UpstreamDecl>,
    /// Whether a helper model is configured.
    pub helper: bool,
    /// The classifier heads at hand: `harm`, `refusal-risk`, `refusal`.
    pub heads: Vec<String>,
    /// Where scores begin to count.
    pub thresholds: Thresholds,
    /// Today, as `YYYY-MM-DD`, for rules that expire; absent: nothing expires.
    pub today: Option<String>,
}

/// An upstream, as far as a policy is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamDecl {
    /// Its name.
    pub name: String,
    /// The dialect it speaks.
    pub dialect: String,
    /// What it can do: `tools`, `vision`, `browsing`.
    pub capabilities: Vec<String>,
}

/// Reads, checks and orders policies.
///
/// # Errors
///
/// Everything that is wrong, at once. Warnings do not fail; the set keeps them.
pub fn compile(sources: &[Source], environment: &Environment) -> Result<PolicySet, Vec<Diagnostic>> {
    let _ = (sources, environment);
    Ok(PolicySet::default())
}
