//! Which traffic a policy or a rule is for.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::facts::RequestFacts;

/// Patterns for each thing traffic is told apart by; what is left out takes everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppliesTo {
    pub(crate) models: Option<GlobSet>,
    pub(crate) tenants: Option<GlobSet>,
    pub(crate) paths: Option<GlobSet>,
    pub(crate) upstreams: Option<GlobSet>,
}

// === impl AppliesTo ===

impl AppliesTo {
    pub(crate) fn includes(&self, request: &RequestFacts) -> bool {
        let fits =
            |globs: &Option<GlobSet>, text: &str| globs.as_ref().is_none_or(|globs| globs.is_match(text));
        fits(&self.models, &request.model)
            && fits(&self.tenants, &request.tenant)
            && fits(&self.paths, &request.path)
            && fits(&self.upstreams, &request.upstream)
    }

    /// Whether it takes all traffic.
    pub(crate) const fn everything(&self) -> bool {
        self.models.is_none() && self.tenants.is_none() && self.paths.is_none() && self.upstreams.is_none()
    }
}

/// Reads patterns; the first that is none is returned with what is wrong with it.
pub(crate) fn globs<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<GlobSet, String> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        if pattern.len() > 256 {
            return Err("longer than 256 bytes".to_owned());
        }
        builder.add(Glob::new(pattern).map_err(|error| error.kind().to_string())?);
    }
    builder.build().map_err(|error| error.kind().to_string())
}
