//! A calibration for one upstream model, as a file.
//!
//! ```yaml
//! apiVersion: demur/v1
//! kind: Calibration
//! metadata: {upstream: gpt-4o-mini}
//! spec:
//!   classifier: response
//!   digest: 9f2c…                 # of the classifier it was fitted for
//!   heads:
//!     - {name: refusal, calibration: {method: platt, scale: 0.8, bias: -0.4}, threshold: 0.5, abstain: {low: 0.4, high: 0.6}}
//!   fitted: {rows: 450, from: "xstest.jsonl"}
//! ```
//!
//! A file is refused when it was fitted for another classifier: the numbers would still look like
//! probabilities, and would not be.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::calibrate::{Band, Calibration, Cut, Written};
use crate::error::LoadError;

/// A calibration file, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalibrationFile {
    /// `demur/v1`.
    pub api_version: String,
    /// `Calibration`.
    pub kind: String,
    /// What it is for.
    pub metadata: Metadata,
    /// What it says.
    pub spec: Spec,
}

/// What a calibration file is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The upstream model, as requests name it.
    pub upstream: String,
}

/// What a calibration file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The classifier.
    pub classifier: String,
    /// The digest of the classifier it was fitted for.
    pub digest: String,
    /// The heads that it calibrates; the others keep the shipped calibration.
    pub heads: Vec<Head>,
    /// What it was fitted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<Fitted>,
}

/// One head's calibration for an upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Head {
    /// The head.
    pub name: String,
    /// The map from its logits to probabilities.
    pub calibration: Written,
    /// The cut.
    pub threshold: f64,
    /// Where to abstain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstain: Option<Band>,
}

/// What a calibration was fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fitted {
    /// How many labelled rows.
    pub rows: usize,
    /// The name of the data.
    pub from: String,
}

// === impl CalibrationFile ===

impl CalibrationFile {
    /// A file for one upstream and one classifier.
    pub fn new(upstream: &str, spec: Spec) -> Self {
        Self {
            api_version: "demur/v1".to_owned(),
            kind: "Calibration".to_owned(),
            metadata: Metadata { upstream: upstream.to_owned() },
            spec,
        }
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, does not parse, or says something that cannot be.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let text = fs::read_to_string(path).map_err(|source| LoadError::unreadable(path, source))?;
        let file: Self =
            serde_yaml::from_str(&text).map_err(|error| LoadError::invalid(path, error.to_string()))?;
        if file.api_version != "demur/v1" || file.kind != "Calibration" {
            let message = format!(
                "expected `demur/v1` and `Calibration`, found `{}` and `{}`",
                file.api_version, file.kind
            );
            return Err(LoadError::invalid(path, message));
        }
        for head in &file.spec.heads {
            head.check()
                .map_err(|message| LoadError::invalid(path, format!("head `{}`: {message}", head.name)))?;
        }
        Ok(file)
    }

    /// The file as text.
    ///
    /// # Errors
    ///
    /// When a number in it cannot be written.
    pub fn to_yaml(&self) -> Result<String, String> {
        serde_yaml::to_string(self).map_err(|error| error.to_string())
    }
}

// === impl Head ===

impl Head {
    /// The map and the cut, if both are sound.
    pub(crate) fn check(&self) -> Result<(Calibration, Cut), String> {
        let cut = Cut { threshold: self.threshold, abstain: self.abstain };
        cut.check()?;
        Ok((self.calibration.check()?, cut))
    }
}

// === impl Written ===

impl From<Calibration> for Written {
    /// The plainest method that says the same; a temperature beside a scale is folded into it.
    fn from(calibration: Calibration) -> Self {
        let Calibration { temperature, scale, bias } = calibration;
        if calibration == Calibration::IDENTITY {
            Self::None
        } else if (scale - 1.0).abs() < f64::EPSILON && bias == 0.0 {
            Self::Temperature { temperature }
        } else {
            Self::Platt { scale: scale / temperature, bias }
        }
    }
}
