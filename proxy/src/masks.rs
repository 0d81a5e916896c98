//! What is struck out of text before it is recorded: addresses, numbers and keys, by pattern.
//!
//! A pattern finds the shape, and where there are check digits they settle whether it is one: not every long number
//! is a card. The engine takes time linear in the text, whatever the pattern. Masks are a net with holes: they make a
//! slip less likely and a text no less private.

use std::borrow::Cow;
use std::sync::Arc;

use regex::{Captures, Regex};

/// Everything that is struck out. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Masks(Arc<[Mask]>);

/// One sort of thing that is struck out.
#[derive(Debug, Clone)]
pub struct Mask {
    name: String,
    pattern: Regex,
    holds: Option<fn(&str) -> bool>,
}

impl Mask {
    /// E-mail addresses.
    ///
    /// # Errors
    /// When the pattern is not one, which is a defect.
    pub fn email() -> Result<Self, regex::Error> {
        Self::new("email", r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}")
    }

    /// Phone numbers: with a country code, or written in groups.
    ///
    /// # Errors
    /// When the pattern is not one, which is a defect.
    pub fn phone() -> Result<Self, regex::Error> {
        let mask = Self::new(
            "phone",
            r"(?:\+|\b00)\d[\d ()./\-]{5,20}\d\b|\(?\b\d{2,5}\)?[ ./\-]\d{2,5}[ ./\-]\d{2,8}\b",
        )?;
        Ok(Self { holds: Some(is_phone), ..mask })
    }

    /// Payment cards, by their check digit.
    ///
    /// # Errors
    /// When the pattern is not one, which is a defect.
    pub fn card() -> Result<Self, regex::Error> {
        Ok(Self { holds: Some(is_card), ..Self::new("card", r"\b\d(?:[ \-]?\d){12,18}\b")? })
    }

    /// International bank account numbers, by their check digits.
    ///
    /// # Errors
    /// When the pattern is not one, which is a defect.
    pub fn iban() -> Result<Self, regex::Error> {
        let pattern = concat!(
            r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
            r"|\b[A-Za-z]{2}\d{2}[A-Za-z0-9]{11,30}\b",
        );
        Ok(Self { holds: Some(is_iban), ..Self::new("iban", pattern)? })
    }

    /// Keys and tokens: those that say what they are, and what stands behind `password=` and its like.
    ///
    /// # Errors
    /// When the pattern is not one, which is a defect.
    pub fn key() -> Result<Self, regex::Error> {
        let pattern = concat!(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
            r"|\b(?:sk|pk|rk)[-_][A-Za-z0-9_\-]{16,}",
            r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[a-z]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}",
            r"|\bglpat-[A-Za-z0-9_\-]{16,}|\bxox[a-z]-[A-Za-z0-9\-]{10,}|\bAIza[A-Za-z0-9_\-]{30,}|\bhf_[A-Za-z0-9]{20,}",
            r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*",
            r#"|(?i:api[_\-]?key|passwd|password|secret|token)["']?\s*[:=]\s*["']?[^\s,;"']{8,}"#,
            r"|(?i:bearer)\s+[A-Za-z0-9._~+/=\-]{16,}",
        );
        Self::new("key", pattern)
    }

    /// What a pattern of one's own finds.
    ///
    /// # Errors
    /// When it is no pattern.
    pub fn new(name: &str, pattern: &str) -> Result<Self, regex::Error> {
        Ok(Self { name: name.to_owned(), pattern: Regex::new(pattern)?, holds: None })
    }

    /// All that demur brings. What is long and says what it is goes first, so that a number inside it is not
    /// taken for something else.
    ///
    /// # Errors
    /// When a pattern is not one, which is a defect.
    pub fn all() -> Result<Vec<Self>, regex::Error> {
        Ok(vec![Self::key()?, Self::email()?, Self::iban()?, Self::card()?, Self::phone()?])
    }

    fn strike<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.pattern.replace_all(text, |found: &Captures<'_>| {
            let found = found.get(0).map_or("", |found| found.as_str());
            match self.holds {
                Some(holds) if !holds(found) => found.to_owned(),
                _ => format!("[{}]", self.name),
            }
        })
    }
}

impl Masks {
    /// These, one after the other.
    pub fn new(masks: Vec<Mask>) -> Self {
        Self(masks.into())
    }

    /// The text without what they find; the name of the mask stands in its place.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for mask in self.0.iter() {
            if let Cow::Owned(struck) = mask.strike(&text) {
                text = struck;
            }
        }
        text
    }
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> {
    text.chars().filter_map(|letter| letter.to_digit(10))
}

/// Between seven and fifteen digits, and no date.
fn is_phone(found: &str) -> bool {
    let groups: Vec<&str> = found.split(['-', '.', '/']).collect();
    let date = groups.len() == 3
        && groups
            .iter()
            .all(|group| matches!(group.len(), 2 | 4) && group.bytes().all(|b| b.is_ascii_digit()))
        && groups.iter().filter(|group| group.len() == 4).count() == 1;
    !date && (7..=15).contains(&digits(found).count())
}

/// Luhn's check.
fn is_card(found: &str) -> bool {
    let sum = digits(found).rev().enumerate().map(|(place, digit)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) => twice / 10 + twice % 10,
    });
    sum.sum::<u32>() % 10 == 0 && digits(found).any(|digit| digit != 0)
}

/// The remainder by 97 that ISO 13616 wants.
fn is_iban(found: &str) -> bool {
    let letters: Vec<char> = found.chars().filter(|letter| !letter.is_whitespace()).collect();
    let turned = letters.iter().skip(4).chain(letters.iter().take(4));
    let rest = turned
        .filter_map(|letter| letter.to_digit(36))
        .fold(0, |rest, value| if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 });
    rest == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Mask, Masks};

    fn masked(text: &str) -> String {
        Masks::new(Mask::all().expect("patterns")).apply(text)
    }

    #[test]
    fn what_identifies_a_person_or_opens_a_door_is_struck_out() {
        for (text, expected) in [
            ("write to ann.lee+x@mail.example.org today", "write to [email] today"),
            ("call +49 30 901820 or (030) 901-8200", "call [phone] or [phone]"),
            ("card 4111 1111 1111 1111, thanks", "card [card], thanks"),
            ("pay to DE89 3704 0044 0532 0130 00 now", "pay to [iban] now"),
            ("iban gb82west12345698765432.", "iban [iban]."),
            ("use sk-proj-abcdefghijklmnop1234 there", "use [key] there"),
            ("password: hunter2hunter2", "[key]"),
            ("AKIAIOSFODNN7EXAMPLE", "[key]"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        for text in [
            "order 4111111111111112 is not a card",
            "a secret ingredient, and token classification",
            "on 2026-11-24 at 10:30",
            "24.11.2026",
            "version 1.2.3 of 12 parts",
            "the year 1984 and pages 100-200",
            "a @mention and an at@",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn patterns_of_ones_own_work_alike() {
        let masks = Masks::new(vec![Mask::new("ticket", r"\bT-\d{4}\b").expect("a pattern")]);
        assert_eq!(masks.apply("see T-1234 and a@b.example"), "see [ticket] and a@b.example");
        assert!(Mask::new("broken", "(").is_err());
    }

    proptest! {
        #[test]
        fn an_address_is_found_wherever_it_stands(before in "[a-z ]{0,20}", after in "[a-z ]{0,20}") {
            let struck = masked(&format!("{before} joe@mail.example {after}"));
            prop_assert!(!struck.contains('@'), "{struck}");
        }

        #[test]
        fn any_text_can_be_masked(text in any::<String>()) {
            let once = masked(&text);
            prop_assert!(once.len() <= text.len() + 8 * text.len());
        }
    }
}
