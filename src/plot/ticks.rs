//! Round numbers for axes.

/// Numbers in [from, to], at steps of 1, 2 or 5 times a power of ten, at most `most` of them.
pub(super) fn ticks(from: f64, to: f64, most: usize) -> Vec<f64> {
    let least = (to - from) / most.max(1) as f64;
    let power = 10f64.powf(least.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|step| *step >= least * (1.0 - 1e-9));
    let step = step.unwrap_or(10.0 * power);
    let first = (from / step - 1e-9).ceil() as i64;
    let last = (to / step + 1e-9).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

/// Powers of ten in [from, to], thinned out to at most `most`; with their doubles and fives if there
/// are fewer than three.
pub(super) fn log_ticks(from: f64, to: f64, most: usize) -> Vec<f64> {
    let (first, last) = (from.log10().ceil() as i32, to.log10().floor() as i32);
    if last - first < 2 {
        let decades = (first - 1..=last).map(|power| 10f64.powi(power));
        let all = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|m| m * decade));
        return all.filter(|value| (from..=to).contains(value)).collect();
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
    if !(1e-4..1e6).contains(&size) {
        return format!("{value:.0e}").replace('-', "−");
    }
    let digits = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(-1.3, 2.2, 5), [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!(ticks(0.0, 0.1, 4), [0.0, 0.05, 0.1]);
        assert_eq!(ticks(0.0, 3000.0, 6), [0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0]);
        assert_eq!(log_ticks(0.03, 200.0, 9), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(log_ticks(15.0, 210.0, 9), [20.0, 50.0, 100.0, 200.0]);
    }

    #[test]
    fn labels_have_no_more_digits_than_they_need() {
        let third = 3.0 * 0.1;
        assert_eq!(label(third, 0.1), "0.3");
        assert_eq!(label(-2.0, 1.0), "−2");
        assert_eq!(label(1e7, 1e6), "1e7");
        assert_eq!(label(0.25, 0.05), "0.25");
    }
}
