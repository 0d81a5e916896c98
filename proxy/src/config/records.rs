//! What is recorded, where, and what of it is struck out.

use std::path::PathBuf;

use crate::config::raw::{self, RecordText};
use crate::masks::{Mask, Masks};

/// Full files that are kept where nothing else is said.
const KEPT: usize = 5;

/// What is recorded, and where.
#[derive(Debug, Clone)]
pub struct RecordConfig {
    /// A file; `None` is the log.
    pub path: Option<PathBuf>,
    /// When the file is full, and how many are kept; `None` is never.
    pub rotation: Option<Rotation>,
    /// How text is recorded.
    pub text: RecordText,
    /// What is struck out of text that is kept.
    pub masks: Masks,
}

/// When a file of records is full, and how many full ones are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes after which a file is full.
    pub max_bytes: u64,
    /// Full files beside the one that is written.
    pub keep: usize,
}

/// What was written about records, as it is meant.
pub fn resolve(written: raw::Records, findings: &mut Vec<String>) -> RecordConfig {
    if written.max_bytes == Some(0) {
        findings.push("records.maxBytes: it has to be at least 1".to_owned());
    }
    if written.max_bytes.is_none() && written.keep.is_some() {
        findings.push("records.keep: files are only kept where `maxBytes` says when one is full".to_owned());
    }
    if written.masks.is_some() && written.text != RecordText::Keep {
        findings.push("records.masks: there is nothing to strike out unless `text` is `keep`".to_owned());
    }
    let rotation =
        written.max_bytes.map(|max_bytes| Rotation { max_bytes, keep: written.keep.unwrap_or(KEPT) });
    let masks = match written.masks {
        None => Mask::all(),
        Some(masks) => masks.iter().map(|mask| made(mask, findings)).filter_map(Result::transpose).collect(),
    };
    let masks = match masks {
        Ok(masks) => Masks::new(masks),
        Err(error) => {
            findings.push(format!("records.masks: {error}"));
            Masks::default()
        }
    };
    RecordConfig { path: written.path, rotation, text: written.text, masks }
}

/// A mask as it is meant; a pattern that is none is a finding.
fn made(written: &raw::Mask, findings: &mut Vec<String>) -> Result<Option<Mask>, regex::Error> {
    Ok(Some(match written {
        raw::Mask::Email => Mask::email()?,
        raw::Mask::Phone => Mask::phone()?,
        raw::Mask::Card => Mask::card()?,
        raw::Mask::Iban => Mask::iban()?,
        raw::Mask::Key => Mask::key()?,
        raw::Mask::Own(own) => match Mask::new(&own.name, &own.pattern) {
            Ok(mask) => mask,
            Err(error) => {
                findings.push(format!("records.masks.{}: {error}", own.name));
                return Ok(None);
            }
        },
    }))
}
