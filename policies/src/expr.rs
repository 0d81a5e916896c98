//! One condition: checked, bounded, asked in three-valued logic.
//!
//! The `cel` crate reads the text; everything after that is ours, because conditions need two things
//! an interpreter does not give. What a condition reads has to be known before it runs, so that only
//! those classifiers run. And a signal nobody can vouch for has to count as neither true nor false,
//! through `&&`, `||` and `!`, without an exception that some caller forgets to catch.
//!
//! A checked expression has no loops, no recursion and a bounded number of steps.

mod place;
mod syntax;
mod check;
mod value;
mod reach;

use std::sync::Arc;

pub(crate) use check::{Checker, Scope};
pub(crate) use place::Written;
pub(crate) use reach::{bounds_harm, possible};
pub(crate) use syntax::{Mistake, Parsed, parse};
pub(crate) use value::Truth;

use crate::vocabulary::{Path, Reads};

/// A checked condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    /// What has to be known before it can be asked.
    pub(crate) reads: Reads,
    /// How many steps it takes at most.
    pub(crate) steps: usize,
    pub(crate) root: Expr,
}

/// A checked expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    Read(Path),
    Lexicon(Arc<str>),
    /// The quadrant is one of these, one bit each.
    Quadrant(u8),
    Not(Box<Expr>),
    All(Box<[Expr; 2]>),
    Any(Box<[Expr; 2]>),
    If(Box<[Expr; 3]>),
    Compare(Comparison, Box<[Expr; 2]>),
    OneOf(Box<Expr>, Vec<Expr>),
    Match(Match, Box<[Expr; 2]>),
    Arithmetic(Arithmetic, Box<[Expr; 2]>),
    Named(Arc<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    StartsWith,
    EndsWith,
    Contains,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}

// === impl Comparison ===

impl Comparison {
    /// The same comparison with its sides exchanged.
    pub(crate) const fn flip(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
        }
    }

    /// The comparison that holds when this one does not.
    pub(crate) const fn negate(self) -> Self {
        match self {
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
        }
    }
}

#[cfg(test)]
mod tests;
