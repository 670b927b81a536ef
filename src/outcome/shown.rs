//! How numbers and counts are shown in messages: short, and so that what differs looks different.

/// As many digits tell all `f64` numbers apart.
const ALL: usize = 17;
/// As many digits say how large something is.
const FEW: usize = 6;

/// As many letters of a word are shown.
const LONGEST: usize = 60;

/// A list shows so many of its numbers.
const MOST: usize = 12;

/// A number in six digits at most: 0.3, 1234.5, 1.5e308.
pub(crate) fn number(value: f64) -> String {
    with_digits(value, FEW)
}

/// A p-value: 0.43, 0.0026, 3.1e-7.
#[cfg(feature = "table")]
pub(crate) fn p_value(p: f64) -> String {
    match p {
        0.1.. => format!("{p:.2}"),
        0.01.. => format!("{p:.3}"),
        1e-3.. => format!("{p:.4}"),
        1e-300.. => format!("{p:.1e}"),
        _ => "below 1e-300".into(),
    }
}

/// Two numbers, in as many digits as they take to look different.
pub(crate) fn apart([a, b]: [f64; 2]) -> [String; 2] {
    let shown = |digits| [a, b].map(|value| with_digits(value, digits));
    let different = (FEW..ALL).map(shown).find(|[a, b]| a != b);
    different.unwrap_or_else(|| shown(if a == b { FEW } else { ALL }))
}

/// Two numbers side by side: (0.5, -1e30).
pub(crate) fn pair(values: [f64; 2]) -> String {
    let [a, b] = values.map(number);
    format!("({a}, {b})")
}

/// The first of some numbers, and how many there are in all if there are more: [3, 1, 2].
pub(crate) fn list(values: &[usize]) -> String {
    let shown: Vec<String> = values.iter().take(MOST).map(usize::to_string).collect();
    let rest =
        if values.len() > MOST { format!(", ... {} in all", values.len()) } else { "".into() };
    format!("[{}{rest}]", shown.join(", "))
}

/// A word of somebody else, such as the name of a column, as it stands on one line: what moves the cursor is
/// escaped, and what is long is cut.
pub(crate) fn word(word: &str) -> String {
    let (mut letters, mut start) = (word.chars(), String::new());
    for letter in letters.by_ref().take(LONGEST) {
        match is_unseen(letter) {
            true => start.extend(letter.escape_debug()),
            false => start.push(letter),
        }
    }
    if letters.next().is_some() { start + "..." } else { start }
}

/// Whether a letter moves the cursor, or turns the direction of a line.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// "1 value", "3 values".
pub(crate) fn count(many: usize, what: &str) -> String {
    format!("{many} {what}{}", if many == 1 { "" } else { "s" })
}

/// A number rounded to so many digits; very large and very small ones by a power of ten.
fn with_digits(value: f64, digits: usize) -> String {
    let rounded = format!("{value:.0$e}", digits - 1);
    let power = rounded.split_once('e').and_then(|(_, power)| power.parse::<i32>().ok());
    let Some(power) = power else { return value.to_string() };
    if !(-4..7).contains(&power) {
        return match rounded.split_once('e') {
            Some((mantissa, power)) => format!("{}e{power}", without_zeros(mantissa)),
            None => rounded,
        };
    }
    let decimals = (digits as i32 - 1 - power).max(0) as usize;
    without_zeros(&format!("{value:.decimals$}")).to_string()
}

/// Without zeros at the end, behind the point.
fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-2.0, "-2"),
            (0.3, "0.3"),
            (1.0 / 3.0, "0.333333"),
            (0.000_123_456_789, "0.000123457"),
            (1234.5, "1234.5"),
            (2_026_000.0, "2026000"),
            (9_999_990.0, "9999990"),
            (1e7, "1e7"),
            (-1.5e308, "-1.5e308"),
            (5e-324, "4.94066e-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[cfg(feature = "table")]
    #[test]
    fn p_values_are_no_powers_unless_they_must() {
        let all = [1.0, 0.434, 0.0258, 0.0038, 2.7e-4, 0.0];
        let texts = ["1.00", "0.43", "0.026", "0.0038", "2.7e-4", "below 1e-300"];
        assert_eq!(all.map(p_value), texts);
    }

    #[test]
    fn what_differs_looks_different() {
        assert_eq!(apart([0.0, 1.0]), ["0", "1"]);
        assert_eq!(apart([1.0, 1.0]), ["1", "1"]);
        assert_eq!(apart([1.0, 1.000_000_1]), ["1", "1.0000001"]);
        for value in [1e-300, 0.1, 1.0, 1234.5, 1e20] {
            let [a, b] = apart([value, value.next_up()]);
            assert!(a != b && a.len().max(b.len()) < 25, "{a} and {b}");
        }
    }

    #[test]
    fn lists_end() {
        assert_eq!(list(&[3, 1]), "[3, 1]");
        let all: Vec<usize> = (0..784).collect();
        assert_eq!(list(&all), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ... 784 in all]");
    }

    #[test]
    fn words_stay_on_their_line() {
        assert_eq!(word("naïve [µm], \"x\""), "naïve [µm], \"x\"");
        assert_eq!(word("a\tb\r\nc\u{1b}[31m"), r"a\tb\r\nc\u{1b}[31m");
        assert_eq!(word("\u{202e}abc"), r"\u{202e}abc");
        let long = word(&"é".repeat(10_000));
        assert_eq!((long.chars().count(), long.ends_with("é...")), (LONGEST + 3, true));
        assert!(word(&"é".repeat(LONGEST)).ends_with('é'));
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!([0, 1, 2].map(|many| count(many, "row")), ["0 rows", "1 row", "2 rows"]);
    }
}
