//! Round numbers for axes.

use super::range::Range;

/// Numbers in a range, at steps of 1, 2 or 5 times a power of ten, at most `most` of them.
pub(super) fn ticks(range: Range, most: usize) -> Vec<f64> {
    let least = range.length() / most.max(1) as f64;
    let power = 10f64.powf(least.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|step| *step >= least * (1.0 - 1e-9));
    let step = step.unwrap_or(10.0 * power);
    // A range is at least 1e-9 of its ends long: these are whole numbers.
    let first = (range.from() / step - 1e-9).ceil() as i64;
    let last = (range.to() / step + 1e-9).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

/// Powers of ten in a range of positive numbers, thinned out to at most `most`; with their doubles and
/// fives if there are fewer than three.
pub(super) fn log_ticks(range: Range, most: usize) -> Vec<f64> {
    let (first, last) = (range.from().log10().ceil() as i32, range.to().log10().floor() as i32);
    if last - first < 2 {
        let decades = (first - 1..=last).map(|power| 10f64.powi(power));
        let all = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|m| m * decade));
        return all.filter(|value| range.contains(*value)).collect();
    }
    let stride = ((last - first + 1).max(1) as usize).div_ceil(most.max(1));
    (first..=last).step_by(stride).map(|power| 10f64.powi(power)).collect()
}

/// The shortest decimal that tells neighbouring ticks apart.
pub(super) fn label(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let size = value.abs();
    let digits =
        |more: f64| (more - (step * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 15.0) as usize;
    if (1e-4..1e6).contains(&size) {
        return format!("{value:.0$}", digits(0.0)).replace('-', "−");
    }
    let text = format!("{value:.0$e}", digits(size.log10().floor()));
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    format!("{mantissa}e{power}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::range::Steps;

    #[test]
    fn ticks_are_round_and_inside() {
        let even =
            |from, to, most| ticks(Range::given("x", Steps::Even, [from, to]).unwrap(), most);
        assert_eq!(even(-1.3, 2.2, 5), [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!(even(0.0, 0.1, 4), [0.0, 0.05, 0.1]);
        assert_eq!(even(0.0, 3000.0, 6), [0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0]);
        let log =
            |from, to| log_ticks(Range::given("x", Steps::Logarithmic, [from, to]).unwrap(), 9);
        assert_eq!(log(0.03, 200.0), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(log(15.0, 210.0), [20.0, 50.0, 100.0, 200.0]);
    }

    #[test]
    fn labels_have_no_more_digits_than_they_need() {
        let third = 3.0 * 0.1;
        assert_eq!(label(third, 0.1), "0.3");
        assert_eq!(label(-2.0, 1.0), "−2");
        assert_eq!(label(1e7, 1e6), "1e7");
        assert_eq!(label(0.25, 0.05), "0.25");
        assert_eq!(label(1.2e6, 2e5), "1.2e6");
        assert_eq!(label(-1e15 - 2e6, 1e6), "−1.000000002e15");
    }

    #[test]
    fn neighbouring_ticks_of_any_range_have_different_labels() {
        for center in [0.0f64, 0.3, -7.0, 1e6, 1e15, 1e-200, -1e290] {
            for length in [1e-8, 1e-3, 1.0, 1e3] {
                let ends = [center, center + length * f64::max(center.abs(), 1e-280)];
                let ticks = ticks(Range::given("x", Steps::Even, ends).unwrap(), 8);
                assert!((2..=9).contains(&ticks.len()), "{ends:?}: {ticks:?}");
                let step = ticks[1] - ticks[0];
                let labels: Vec<String> = ticks.iter().map(|tick| label(*tick, step)).collect();
                assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "{labels:?}");
            }
        }
    }
}
