//! Values, slopes and curves against those of another implementation, and what a record refuses.

use nalgebra::{ComplexField, RealField, SMatrix, SVector};
use num_dual::{Dual2_64, DualNum, HyperDual64};

use super::{Number, Record};

/// Value, first and second derivative of a function of one number, by the record.
fn noted(function: impl Fn(Number) -> Number, x: f64) -> [f64; 3] {
    let mut record = Record::take();
    let place = record.open(1);
    let value = function(Number::noted(x, place.variable(0)));
    record.close();
    Number::hand_in(&[value], &mut record, true);
    // The derivative of u f'(x) by x, and of f by x.
    let (mut slope, mut curve) = (0.0, 0.0);
    record.pull(|_| 1.0, |_| [1.0, 0.0], |_, found| slope = found);
    record.pull(|_| 1.0, |_| [0.0, 1.0], |_, found| curve = found);
    record.give();
    [value.value(), slope, curve]
}

fn close(what: &str, ours: f64, theirs: f64) {
    let same = ours == theirs || ours.is_nan() && theirs.is_nan();
    let bound = 1e-13 * (1.0 + theirs.abs());
    assert!(same || (ours - theirs).abs() < bound, "{what}: {ours} and {theirs}");
}

fn check(
    name: &str,
    points: &[f64],
    ours: impl Fn(Number) -> Number,
    theirs: impl Fn(Dual2_64) -> Dual2_64,
) {
    for &x in points {
        let known = theirs(Dual2_64::from_re(x).derivative());
        let [value, slope, curve] = noted(&ours, x);
        let what = format!("{name} at {x}");
        close(&what, value, known.re);
        close(&format!("slope of {what}"), slope, known.v1);
        close(&format!("curve of {what}"), curve, known.v2);
        assert_eq!(ours(Number::constant(x)).value().to_bits(), value.to_bits(), "{what}");
    }
}

macro_rules! functions {
    ($($points:expr => $($name:ident),*;)*) => {
        $($(
            check(stringify!($name), $points, |x| DualNum::$name(&x), |x| DualNum::$name(&x));
        )*)*
    };
}

#[test]
fn functions_have_their_derivatives() {
    functions! {
        &[-2.3, -0.4, 0.3, 1.7, 5.0] => sin, cos, tan, exp, exp2, exp_m1, sinh, cosh, tanh, atan, asinh, recip;
        &[0.2, 0.9, 1.3, 7.0] => ln, log2, log10, ln_1p, sqrt, cbrt;
        &[-0.9, -0.1, 0.4, 0.8] => asin, acos, atanh;
        &[1.2, 3.0] => acosh;
        &[2.5, 4.0] => sph_j0, sph_j1, sph_j2;
    }
    for n in -4..=6 {
        check("powi", &[-1.3, 0.7, 2.0], |x| x.powi(n), |x| x.powi(n));
    }
    for n in [-2.5, -1.0, -0.5, 0.5, 1.5, 2.0, 3.5, 0.3, -1.7, 6.5] {
        check("powf", &[0.4, 1.0, 3.0], |x| DualNum::powf(&x, n), |x| DualNum::powf(&x, n));
    }
    check("log", &[0.4, 3.0], |x| DualNum::log(&x, 3.0), |x| DualNum::log(&x, 3.0));
}

#[test]
fn operators_have_their_derivatives() {
    let points = [-1.4, 0.6, 2.2];
    check(
        "polynomial",
        &points,
        |x| (x * x - x / 3.0 + 1.0) * x * 2.0,
        |x| (x * x - x / 3.0 + 1.0) * x * 2.0,
    );
    check("quotient", &points, |x| (x + 2.0) / (x * x + 1.0), |x| (x + 2.0) / (x * x + 1.0));
    check("negative", &points, |x| -x * 3.0 - 1.0, |x| -x * 3.0 - 1.0);
    check(
        "from the left",
        &points,
        |x| 2.0 / (1.0 + x * x) - 3.0 * x,
        |x| (x * x + 1.0).recip() * 2.0 - x * 3.0,
    );
    check("assigned", &points, assigned, assigned);
    // Remainders go with what is left.
    let [value, slope, curve] = noted(|x| x % Number::constant(0.75), 2.0);
    assert_eq!([value, slope, curve], [0.5, 1.0, 0.0]);
}

fn assigned<D: DualNum<f64> + Copy>(x: D) -> D {
    let mut y = x;
    y += x * x;
    y -= 2.0;
    y *= x;
    y /= x * x + D::from(1.0);
    y *= 1.5;
    y
}

/// Derivatives by two numbers: u'∇f and its gradient.
fn noted_two(
    function: impl Fn([Number; 2]) -> Number,
    at: [f64; 2],
    direction: [f64; 2],
) -> ([f64; 2], [f64; 2]) {
    let mut record = Record::take();
    let place = record.open(2);
    let x = std::array::from_fn(|i| Number::noted(at[i], place.variable(i)));
    let value = function(x);
    record.close();
    Number::hand_in(&[value], &mut record, true);
    let (mut slopes, mut turns) = ([0.0; 2], [0.0; 2]);
    record.pull(|i| direction[i], |_| [1.0, 0.0], |i, found| slopes[i] = found);
    record.pull(|i| direction[i], |_| [0.0, 1.0], |i, found| turns[i] = found);
    (slopes, turns)
}

fn of_two<D: DualNum<f64> + Copy>([x, y]: [D; 2]) -> D {
    y.atan2(x) * x / (y + 3.0) - (x * y).sin() + x.powd(y) + x.mul_add(y, y)
}

#[test]
fn functions_of_two_numbers_have_their_derivatives() {
    let (at, direction) = ([0.8, 1.3], [0.6, -1.1]);
    let (slopes, turns) = noted_two(of_two, at, direction);
    let second = |i: usize, j: usize| {
        let part = |k: usize, l: usize| f64::from(u8::from(k == l));
        let x = [0, 1].map(|k| HyperDual64::new(at[k], part(k, i), part(k, j), 0.0));
        of_two(x)
    };
    for i in 0..2 {
        close("slope", slopes[i], second(i, i).eps1);
        let expected: f64 = (0..2).map(|j| direction[j] * second(i, j).eps1eps2).sum();
        close("turn", turns[i], expected);
    }
}

#[test]
fn corners_are_where_they_belong() {
    // The limits of the formulas.
    assert_eq!(noted(|x| DualNum::powf(&x, 1.5), 0.0)[1], 0.0);
    assert_eq!(noted(|x| DualNum::sqrt(&x), 0.0)[1], f64::INFINITY);
    assert_eq!(noted(|x| DualNum::tanh(&x), 800.0), [1.0, 0.0, 0.0]);
    assert_eq!(noted(|x| DualNum::atan2(&Number::constant(1.0), x), 0.0)[1], -1.0);
    // Spherical Bessel functions are even or odd, and join where their formulas do.
    for x in [-0.999_999_9, -1.000_000_1, -0.3, 1e-9] {
        let (j0, j1) = (noted(|x| x.sph_j0(), x), noted(|x| x.sph_j1(), x));
        let sign = x.signum();
        close("j0", j0[0], sign * noted(|x| x.sph_j0(), -x)[0] * sign);
        close("j0'", j0[1], -j1[0]);
        let series = 1.0 / 3.0 - x * x / 10.0 + x.powi(4) / 168.0 - x.powi(6) / 6480.0;
        assert!((j1[1] - series).abs() < 1e-5 * x.abs() + 1e-15, "{x}: {}", j1[1]);
    }
}

#[test]
fn matrices_are_made_of_them() {
    let norm = |[x, y]: [Number; 2]| SVector::from([x, y]).norm();
    let (slopes, turns) = noted_two(norm, [3.0, 4.0], [1.0, 0.0]);
    slopes.into_iter().zip([0.6, 0.8]).for_each(|(a, b)| close("slope", a, b));
    // Twice: (r² - x²) / r³ and -xy / r³.
    turns.into_iter().zip([0.128, -0.096]).for_each(|(a, b)| close("turn", a, b));
    let solved = |[x, y]: [Number; 2]| {
        let inverse =
            SMatrix::<Number, 2, 2>::new(x, y, -y, x).try_inverse().unwrap_or_else(SMatrix::zeros);
        (inverse * SVector::from([x, y]))[0]
    };
    // (x² - y²) / (x² + y²).
    let (slopes, _) = noted_two(solved, [3.0, 4.0], [0.0, 0.0]);
    let expected = [4.0 * 3.0 * 16.0 / 625.0, -4.0 * 4.0 * 9.0 / 625.0];
    slopes.into_iter().zip(expected).for_each(|(a, b)| close("slope", a, b));
    let greater = |[x, y]: [Number; 2]| RealField::max(x, y) + ComplexField::floor(x);
    assert_eq!(noted_two(greater, [3.5, 4.0], [0.0, 0.0]).0, [0.0, 1.0]);
}

#[test]
fn records_know_their_numbers() {
    // A number of another evaluation, and one of another thread.
    let mut record = Record::take();
    let old = Number::noted(1.0, record.open(1));
    record.close();
    assert!(noted(|x| x * old, 2.0).iter().all(|number| number.is_nan()));
    let elsewhere = |x: Number| {
        std::thread::scope(|s| s.spawn(|| x * x).join().unwrap_or(Number::constant(0.0)))
    };
    assert!(noted(elsewhere, 2.0).iter().all(|number| number.is_nan()));
    // Inside of one evaluation there may be another.
    let nested = |x: Number| x * noted(|y| y * y, x.value())[1] + x * x;
    assert_eq!(noted(nested, 3.0), [27.0, 12.0, 2.0]);
    // Constants have no derivatives, and what does not move enters none.
    assert_eq!(noted(|_| Number::constant(4.0), 2.0), [4.0, 0.0, 0.0]);
    assert_eq!(noted(|x| x + DualNum::sqrt(&Number::constant(0.0)), 1.0), [1.0, 1.0, 0.0]);
}
