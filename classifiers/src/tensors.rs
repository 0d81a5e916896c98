//! Named arrays of numbers from a file: class means, whitening, centroids.
//!
//! The format is safetensors, which has no code in it and which every Python library writes.

use safetensors::{Dtype, SafeTensors};

use crate::error::LoadError;
use crate::manifest::FileRef;

/// The arrays of one file, verified.
#[derive(Debug)]
pub struct Tensors {
    file: FileRef,
    bytes: Vec<u8>,
}

/// A matrix, row after row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// How many numbers a row has.
    pub width: usize,
    /// The numbers.
    pub values: Vec<f32>,
}

// === impl Tensors ===

impl Tensors {
    /// Reads a file and verifies it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not the file that the manifest names.
    pub fn read(file: &FileRef) -> Result<Self, LoadError> {
        let bytes = file.read()?;
        SafeTensors::deserialize(&bytes)
            .map_err(|error| LoadError::invalid(&file.path, error.to_string()))?;
        Ok(Self { file: file.clone(), bytes })
    }

    /// The matrix of this name, or nothing if the file has none; a plain vector is a matrix of one row.
    ///
    /// # Errors
    ///
    /// When it is not one, or a number in it is not finite.
    pub fn get(&self, name: &str) -> Result<Option<Matrix>, LoadError> {
        let tensors = SafeTensors::deserialize(&self.bytes).map_err(|error| self.wrong(error.to_string()))?;
        let Ok(view) = tensors.tensor(name) else { return Ok(None) };
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Dtype::F16 => {
                view.data().as_chunks().0.iter().map(|bytes| half(u16::from_le_bytes(*bytes))).collect()
            }
            other => return Err(self.wrong(format!("tensor `{name}` is {other:?}, expected F32 or F16"))),
        };
        let width = match view.shape() {
            [width] | [_, width] if *width > 0 && !values.is_empty() => *width,
            shape => {
                return Err(
                    self.wrong(format!("tensor `{name}` has shape {shape:?}, expected one row or rows"))
                );
            }
        };
        if values.iter().any(|value| !value.is_finite()) {
            return Err(self.wrong(format!("tensor `{name}` holds a number that is not finite")));
        }
        Ok(Some(Matrix { width, values }))
    }

    /// The matrix of this name.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and when there is none.
    pub fn require(&self, name: &str) -> Result<Matrix, LoadError> {
        self.get(name)?.ok_or_else(|| self.wrong(format!("there is no tensor `{name}`")))
    }

    /// Something in the file is not as it should be.
    pub fn wrong(&self, message: String) -> LoadError {
        LoadError::invalid(&self.file.path, message)
    }
}

// === impl Matrix ===

impl Matrix {
    /// Its rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }
}

/// From half precision: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    match exponent {
        0 => sign * fraction * (-24_f32).exp2(),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1024.0 + fraction) * ((exponent - 25) as f32).exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::digest;
    use safetensors::tensor::{TensorView, serialize};
    use std::fs;

    fn file_with(dtype: Dtype, shape: Vec<usize>, data: &[u8]) -> Tensors {
        let view = TensorView::new(dtype, shape, data).unwrap();
        let bytes = serialize([("means", view)], None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        fs::write(&path, &bytes).unwrap();
        Tensors::read(&FileRef { path, sha256: digest::of(&bytes) }).unwrap()
    }

    #[test]
    fn halves_and_singles() {
        let halves: Vec<u8> =
            [0x3c00u16, 0xc000, 0x0001, 0x3555].into_iter().flat_map(u16::to_le_bytes).collect();
        let matrix = file_with(Dtype::F16, vec![2, 2], &halves).require("means").unwrap();
        assert_eq!(matrix.rows().next().unwrap(), [1.0, -2.0]);
        assert!((matrix.values[2] - 5.960_464_5e-8).abs() < 1e-12);
        assert!((matrix.values[3] - 0.333_251_95).abs() < 1e-7);
        let singles: Vec<u8> = [1.5f32, 2.5].into_iter().flat_map(f32::to_le_bytes).collect();
        let matrix = file_with(Dtype::F32, vec![2], &singles).require("means").unwrap();
        assert_eq!((matrix.width, matrix.rows().len()), (2, 1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let nan = f32::NAN.to_le_bytes();
        let message = file_with(Dtype::F32, vec![1], &nan).require("means").unwrap_err().to_string();
        assert!(message.contains("tensor `means` holds a number that is not finite"), "{message}");
        let tensors = file_with(Dtype::I32, vec![1], &[0; 4]);
        assert!(tensors.require("means").unwrap_err().to_string().contains("expected F32 or F16"));
        assert!(tensors.require("other").unwrap_err().to_string().contains("there is no tensor `other`"));
        assert_eq!(tensors.get("other").unwrap(), None);
    }
}
