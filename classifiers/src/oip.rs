//! Placeholder.
use crate::backend::{Answer, Backend, BackendError, Row};
use crate::manifest::{Manifest, Remote};
/// A model on a server.
pub struct Oip;
impl Oip {
    /// x
    pub fn new(_: &Remote, _: &Manifest) -> Self {
        Self
    }
}
impl Backend for Oip {
    fn run(&mut self, _: &[&Row]) -> Result<Vec<Answer>, BackendError> {
        Err(BackendError::new("not yet"))
    }
}
