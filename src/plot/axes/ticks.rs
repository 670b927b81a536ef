//! Round numbers for axes, with the digits they need and in the room there is.

use super::range::{Range, Steps};

/// The numbers of an axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::plot) struct Ticks {
    /// Places with their numbers.
    pub major: Vec<(f64, String)>,
    /// Places between them.
    pub minor: Vec<f64>,
    /// What all numbers are to be multiplied by, and then added to; empty for nothing.
    pub factor: String,
}

/// The room along an axis.
pub(super) struct Room<'a> {
    /// From end to end, in pixels.
    pub pixels: f64,
    /// About so many pixels lie between numbers.
    pub apart: f64,
    /// The pixels that a number takes, with the least gap to the next.
    pub extent: &'a dyn Fn(&str) -> f64,
}

impl Room<'_> {
    fn most(&self) -> usize {
        (self.pixels / self.apart).clamp(2.0, 8.0) as usize
    }

    /// Whether no number is printed over another.
    fn holds(&self, range: Range, steps: Steps, major: &[(f64, String)]) -> bool {
        major.windows(2).all(|pair| {
            let [from, to] = [&pair[0], &pair[1]].map(|(value, _)| range.share(steps, *value));
            let needed = 0.5 * ((self.extent)(&pair[0].1) + (self.extent)(&pair[1].1));
            self.pixels * (to - from) >= needed
        })
    }
}

/// Few enough numbers to be read, and three or more where there is room for them.
pub(super) fn ticks(range: Range, steps: Steps, room: &Room<'_>) -> Ticks {
    match steps {
        Steps::Even => even(range, room),
        Steps::Logarithmic => logarithmic(range, room),
    }
}

/// The finest steps that are not too many; finer ones if there are fewer than three.
fn even(range: Range, room: &Room<'_>) -> Ticks {
    let mut best = Ticks::default();
    for step in round_steps(range) {
        let values = multiples(range, step);
        if values.len() > room.most() && best.major.len() >= 3 {
            break;
        }
        let notation = Notation::of(range, step);
        let major: Vec<_> = values.iter().map(|value| (*value, notation.text(*value))).collect();
        if !room.holds(range, Steps::Even, &major) {
            break;
        }
        if !major.is_empty() {
            best = Ticks { major, minor: Vec::new(), factor: notation.factor() };
        }
    }
    best
}

/// 5, 2 and 1 times powers of ten, from the length of a range downward.
fn round_steps(range: Range) -> impl Iterator<Item = f64> {
    let power = range.length().log10().ceil() as i32;
    let step = move |below: i32, m: f64| m * 10f64.powi(power - below);
    (0..4).flat_map(move |below| [5.0, 2.0, 1.0].map(|m| step(below, m)))
}

fn multiples(range: Range, step: f64) -> Vec<f64> {
    // A range is at least 1e-11 of its ends long: these are whole numbers.
    let first = (range.from() / step - 1e-9).ceil() as i64;
    let last = (range.to() / step + 1e-9).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

/// How the numbers of one axis are written: as (value - offset) / 10^power.
struct Notation {
    offset: f64,
    offset_step: f64,
    power: i32,
    digits: usize,
}

impl Notation {
    /// Numbers that are all alike but for their last digits are written as differences, and those that are
    /// large or small without their power of ten.
    fn of(range: Range, step: f64) -> Self {
        let size = range.from().abs().max(range.to().abs());
        let offset_step = 10f64.powi(range.length().log10().ceil() as i32 + 1);
        let alike = size / step > 3e5;
        let middle = range.at(0.5);
        let offset = if alike { (middle / offset_step).round() * offset_step } else { 0.0 };
        let size = (range.from() - offset).abs().max((range.to() - offset).abs());
        let power = match size {
            1e-3..1e5 => 0,
            _ => (size * (1.0 + 1e-9)).log10().floor() as i32,
        };
        Self { offset, offset_step, power, digits: digits_of(step / 10f64.powi(power)) }
    }

    fn text(&self, value: f64) -> String {
        let shown = (value - self.offset) / 10f64.powi(self.power);
        plain(shown, self.digits)
    }

    fn factor(&self) -> String {
        let factor = match self.power {
            0 => String::new(),
            power => format!("×{}", power_of_ten(power)),
        };
        match self.offset {
            0.0 => factor,
            offset => {
                let sign = if offset < 0.0 { "−" } else { "+" };
                format!("{factor} {sign} {}", written(offset.abs(), self.offset_step))
            }
        }
    }
}

/// The digits behind the point that tell multiples of a step apart.
fn digits_of(step: f64) -> usize {
    (-(step * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 15.0) as usize
}

/// A number with a true minus, and none before zero.
fn plain(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|letter| matches!(letter, b'0' | b'.')) => rest.into(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// A multiple of a step, as short as it can be told from its neighbours.
fn written(value: f64, step: f64) -> String {
    if (1e-4..1e7).contains(&value) {
        return plain(value, digits_of(step));
    }
    let power = (value * (1.0 + 1e-12)).log10().floor() as i32;
    let text = format!("{:.*}", digits_of(step / value), value / 10f64.powi(power));
    let short = if text.contains('.') { text.trim_end_matches('0') } else { &text };
    format!("{}×{}", short.trim_end_matches('.'), power_of_ten(power))
}

fn power_of_ten(power: i32) -> String {
    let digits = power.to_string();
    let raised = digits.chars().map(|letter| match letter {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    });
    format!("10{}", raised.collect::<String>())
}

/// Powers of ten, thinned out; with their doubles and fives if there are fewer than three, and even
/// steps if these are still too few.
fn logarithmic(range: Range, room: &Room<'_>) -> Ticks {
    let (first, last) = (range.from().log10().ceil() as i32, range.to().log10().floor() as i32);
    let decades = (last - first + 1).max(0) as usize;
    let mut found = if decades >= 3 {
        let label = power_label(range);
        let strides = (1..=decades).filter(|stride| decades.div_ceil(*stride) <= room.most());
        let every = |stride| {
            let values = (first..=last).step_by(stride).map(|power| 10f64.powi(power));
            values.map(|value| (value, label(value))).collect::<Vec<_>>()
        };
        strides.map(every).find(|major| room.holds(range, Steps::Logarithmic, major))
    } else {
        let values = times_of_decades(range, &[1.0, 2.0, 5.0]);
        let major: Vec<_> = values.iter().map(|v| (*v, written(*v, *v))).collect();
        (major.len() >= 3 && room.holds(range, Steps::Logarithmic, &major)).then_some(major)
    };
    if found.is_none() && decades < 3 {
        found = Some(even_on_logarithmic(range, room));
    }
    let minor = if decades < 9 {
        times_of_decades(range, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    } else {
        times_of_decades(range, &[1.0])
    };
    Ticks { major: found.unwrap_or_default(), minor, factor: String::new() }
}

/// Even steps between numbers of one size, as many as there is room for.
fn even_on_logarithmic(range: Range, room: &Room<'_>) -> Vec<(f64, String)> {
    let mut best = Vec::new();
    for step in round_steps(range) {
        let values = multiples(range, step);
        let shown = |v: &f64| (*v, written(*v, step));
        let major: Vec<_> = values.iter().filter(|v| **v > 0.0).map(shown).collect();
        let enough = major.len() > room.most() && best.len() >= 3;
        if enough || !room.holds(range, Steps::Logarithmic, &major) {
            break;
        }
        best = major;
    }
    best
}

fn times_of_decades(range: Range, times: &[f64]) -> Vec<f64> {
    let (first, last) = (range.from().log10().floor() as i32, range.to().log10().floor() as i32);
    let decades = (first..=last).map(|power| 10f64.powi(power));
    let all = decades.flat_map(|decade| times.iter().map(move |m| m * decade));
    all.filter(|value| range.contains(*value)).collect()
}

/// Powers far apart or far from one are all written as powers.
fn power_label(range: Range) -> impl Fn(f64) -> String {
    let raised = range.to() > 1e4 * range.from() || range.from() < 1e-4 || range.to() > 1e5;
    move |value: f64| match raised {
        true => power_of_ten(value.log10().round() as i32),
        false => written(value, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(steps: Steps, ends: [f64; 2], pixels: f64) -> (Vec<String>, String) {
        let range = Range::given("x", steps, ends).unwrap();
        let room = Room { pixels, apart: 80.0, extent: &|text| 12.0 * text.chars().count() as f64 };
        let found = ticks(range, steps, &room);
        (found.major.into_iter().map(|(_, text)| text).collect(), found.factor)
    }

    fn even(from: f64, to: f64, pixels: f64) -> Vec<String> {
        labels(Steps::Even, [from, to], pixels).0
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(even(-1.3, 2.2, 400.0), ["−1", "0", "1", "2"]);
        assert_eq!(even(0.0, 0.1, 300.0), ["0.00", "0.05", "0.10"]);
        assert_eq!(even(0.01, 0.99, 240.0), ["0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(even(0.0, 3000.0, 600.0), ["0", "500", "1000", "1500", "2000", "2500", "3000"]);
    }

    #[test]
    fn large_small_and_shifted_numbers_are_short() {
        let (texts, factor) = labels(Steps::Even, [0.0, 4e-5], 500.0);
        assert_eq!(
            (texts, factor.as_str()),
            (["0", "1", "2", "3", "4"].map(String::from).to_vec(), "×10⁻⁵")
        );
        let (texts, factor) = labels(Steps::Even, [-1e15 - 2e6, -1e15 + 2e6], 400.0);
        assert!(factor == "×10⁶ − 1×10¹⁵" && texts.len() >= 3, "{factor}: {texts:?}");
        let (texts, factor) = labels(Steps::Even, [100.25, 100.250_001], 700.0);
        assert!(factor.contains("+ 100.25") && texts.len() >= 3, "{factor}: {texts:?}");
    }

    #[test]
    fn powers_of_ten_are_thinned_out_and_filled_in() {
        let log = |from, to, pixels| labels(Steps::Logarithmic, [from, to], pixels).0;
        assert_eq!(log(0.03, 200.0, 700.0), ["0.1", "1", "10", "100"]);
        assert_eq!(log(15.0, 210.0, 700.0), ["20", "50", "100", "200"]);
        assert_eq!(log(1e-12, 1.0, 400.0), ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]);
        assert_eq!(log(3.1, 4.3, 400.0), ["3.2", "3.4", "3.6", "3.8", "4.0", "4.2"]);
    }

    #[test]
    fn neighbouring_ticks_of_any_range_have_different_labels_in_their_room() {
        for center in [0.0f64, 0.3, -7.0, 1e6, 1e15, 1e-200, -1e290] {
            for length in [1e-8, 1e-3, 1.0, 1e3] {
                for pixels in [90.0, 250.0, 900.0] {
                    let ends = [center, center + length * f64::max(center.abs(), 1e-280)];
                    let (labels, _) = labels(Steps::Even, ends, pixels);
                    let long: f64 = labels.iter().map(|text| 12.0 * text.len() as f64).sum();
                    assert!(long <= 1.5 * pixels + 100.0, "{ends:?}: {labels:?}");
                    assert!(pixels < 300.0 || labels.len() >= 3, "{ends:?}: {labels:?}");
                    assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "{labels:?}");
                }
            }
        }
    }
}
