//! The part of editing that is the same in every dialect: texts at pointers, and top-level parameters.

use serde_json::{Map, Value};

use crate::dialect::EditError;
use crate::json::Document;
use crate::json::{Kind, SpliceError, Splices, quote};

/// The pointer of a key, which can be read but not edited.
const KEY_MARK: char = '#';

/// Puts another text at a pointer.
pub(crate) fn replace_text(
    document: &Document,
    splices: &mut Splices<'_>,
    pointer: &str,
    text: &str,
) -> Result<(), EditError> {
    let Some(node) = document.get(pointer) else {
        let is_key = pointer.strip_suffix(KEY_MARK).is_some_and(|key| document.get(key).is_some());
        return Err(if is_key {
            EditError::NotText(pointer.to_owned())
        } else {
            EditError::Missing(pointer.to_owned())
        });
    };
    if node.kind() != Kind::String {
        return Err(EditError::NotText(pointer.to_owned()));
    }
    splices.replace(node, quote(text));
    Ok(())
}

/// Sets members of the body's root; `null` removes. Later ones have already won over earlier ones.
pub(crate) fn set_params(document: &Document, splices: &mut Splices<'_>, params: &Map<String, Value>) {
    let root = document.root();
    for (key, value) in params {
        if value.is_null() {
            splices.unset(root, key);
        } else {
            splices.set(root, key, value.to_string());
        }
    }
}

impl From<SpliceError> for EditError {
    fn from(error: SpliceError) -> Self {
        Self::Overlap(error.0)
    }
}
