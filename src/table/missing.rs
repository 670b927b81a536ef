//! What counts as missing, and what is done with rows that have it.

/// Words that stand for a missing value, whatever their case, beside an empty cell.
const USUAL: [&str; 12] =
    ["NA", "N/A", "#N/A", "<NA>", "NaN", "-NaN", "null", "none", "nil", "?", "-", "."];

/// What is done with a row in which a value is missing or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Gaps {
    #[default]
    Refused,
    LeftOut,
    Kept,
}

/// Which words and numbers mean that a value is missing.
#[derive(Debug, Clone)]
pub(super) struct Words {
    words: Vec<String>,
    numbers: Vec<f64>,
}

impl Default for Words {
    fn default() -> Self {
        let mut words = Self::only_empty();
        words.add(USUAL);
        words
    }
}

impl Words {
    /// Nothing but an empty cell.
    pub(super) fn only_empty() -> Self {
        Self { words: vec![String::new()], numbers: Vec::new() }
    }

    /// Takes these words in, too. Those that are numbers, such as -999, are compared as numbers.
    pub(super) fn add(&mut self, words: impl IntoIterator<Item = impl AsRef<str>>) {
        for word in words {
            let word = word.as_ref().trim();
            match word.parse::<f64>() {
                Ok(number) if !number.is_nan() => self.numbers.push(number),
                _ => self.words.push(word.to_ascii_lowercase()),
            }
        }
    }

    /// Whether a cell that is no number stands for a missing value.
    pub(super) fn contain(&self, cell: &[u8]) -> bool {
        let cell = cell.trim_ascii();
        self.words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(cell))
    }

    /// The same number, or NaN if it stands for a missing value.
    pub(super) fn number(&self, value: f64) -> f64 {
        match !self.numbers.is_empty() && self.numbers.contains(&value) {
            true => f64::NAN,
            false => value,
        }
    }
}
