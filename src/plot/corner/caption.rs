//! A number with its errors, with as many digits as they leave.

/// Beyond these sizes numbers have a power of ten.
const PLAIN: [f64; 2] = [1e-3, 1e5];
/// Numbers below the first whose errors are a smaller share of them than the second have all their digits.
const MANY: f64 = 1e12;
const EXACT: f64 = 1e-6;

/// The median with the ways to two quantiles, as text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Caption {
    pub middle: String,
    pub up: String,
    pub down: String,
    /// A power of ten that all are to be multiplied by; empty for one.
    pub factor: String,
}

impl Caption {
    /// Two digits of the smaller error.
    pub fn of([low, middle, high]: [f64; 3]) -> Self {
        let (up, down) = (high - middle, middle - low);
        let size = middle.abs().max(up).max(down);
        let least = [up, down].into_iter().filter(|error| *error > 0.0);
        let least = least.fold(f64::INFINITY, f64::min);
        // A date in days with errors in seconds: its digits say more than a power of ten.
        let exact = size < MANY && least < EXACT * size;
        let plain = size == 0.0 || exact || (PLAIN[0]..PLAIN[1]).contains(&size);
        let power = if plain { 0 } else { size.log10().floor() as i32 };
        let scaled = |value: f64| match power {
            0 => value,
            // In two steps: ten to the power of 310 is no number.
            _ => value / 10f64.powi(power / 2) / 10f64.powi(power - power / 2),
        };
        let least = scaled(least);
        // What is rounded up to a power of ten has one digit less.
        let digits = if least.is_finite() { 1.0 - (1.005 * least).log10().floor() } else { 2.0 };
        let digits = digits.clamp(0.0, if exact { 12.0 } else { 8.0 }) as usize;
        let text = |value: f64| format!("{:.digits$}", scaled(value)).replace('-', "−");
        let middle = text(middle);
        // Minus nothing is nothing.
        let nothing = middle.trim_start_matches('−').chars().all(|c| c == '0' || c == '.');
        Self {
            middle: if nothing { middle.trim_start_matches('−').into() } else { middle },
            up: format!("+{}", text(up)),
            down: format!("−{}", text(down)),
            factor: if power == 0 { String::new() } else { format!("×10{}", raised(power)) },
        }
    }
}

/// A number in raised digits.
fn raised(number: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        _ => c.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(c),
    };
    number.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: [f64; 3]) -> String {
        let Caption { middle, up, down, factor } = Caption::of(values);
        [middle, up, down, factor].join(" ").trim_end().to_string()
    }

    #[test]
    fn numbers_have_the_digits_that_their_errors_leave() {
        assert_eq!(text([1.185, 1.234, 1.29]), "1.234 +0.056 −0.049");
        assert_eq!(text([-12.0, 0.4, 15.0]), "0 +15 −12");
        assert_eq!(text([-1.5, -1.0, -0.25]), "−1.00 +0.75 −0.50");
        assert_eq!(text([1.9e6, 2e6, 2.2e6]), "2.00 +0.20 −0.10 ×10⁶");
        assert_eq!(text([-1e-6, -1e-12, 1e-6]), "0.0 +1.0 −1.0 ×10⁻⁶");
        assert_eq!(
            text([2459000.50009, 2459000.50012, 2459000.50016]),
            "2459000.500120 +0.000040 −0.000030"
        );
        assert_eq!(text([3.0, 3.0, 3.0]), "3.00 +0.00 −0.00");
        assert_eq!(text([-1e300, 0.0, 1e300]), "0.0 +1.0 −1.0 ×10³⁰⁰");
        assert_eq!(text([0.0, 5e-324, 1e-323]).split(' ').count(), 4);
    }
}
