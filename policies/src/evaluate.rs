//! From a policy and what is known, a decision.
//!
//! Rules are tried in the order written; the first deciding rule whose condition holds decides.

use crate::{
    decision::Decision,
    facts::{Facts, Phase},
    policy::PolicySet,
};

/// Asks the policies.
pub fn evaluate(set: &PolicySet, phase: Phase, facts: &Facts) -> Decision {
    let _ = (set, phase, facts);
    Decision::default()
}
