//! Laws of bases: they integrate to one, samples follow them, scores and gradients are derivatives, bits do
//! not depend on neighbours or pointers, and a state is all of a base.

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, PI};

use liouville::columns::{Block, columns_to_block};
use liouville::density::AnyBase;
use liouville::description::{Array, Arrays, Description, Kinds, Restore, Source};
use liouville::flow::Space;
use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::bases::{BaseVisitor, visit_bases};
use crate::support::{cases, derivative, matrix, to_matrix};

/// Every base behind a pointer, after it was compared with itself.
struct Everyone<T: Real>(Vec<(String, AnyBase<T>)>);

impl<T: Real> BaseVisitor<T> for Everyone<T> {
    fn visit<B: Base<T> + Clone + 'static>(&mut self, name: &str, base: B) {
        let erased = AnyBase::new(base.clone());
        let at = |k: u64| StdRng::seed_from_u64(k);
        let points = base.sample(37, &mut at(1)).expect("drawn");
        let (own, theirs) = (all_of(&base, &points), all_of(&erased, &points));
        assert_eq!(own, theirs, "{name} behind a pointer");
        assert_eq!(points, erased.sample(37, &mut at(1)).expect("drawn"), "{name}");
        assert_eq!(base.state(), erased.state(), "{name}");
        assert_eq!(base.spaces(), erased.spaces(), "{name}");
        self.0.push((name.into(), erased));
    }
}

fn kinds<T: Real>(seed: u64) -> Vec<(String, AnyBase<T>)> {
    let mut kinds = Everyone(Vec::new());
    visit_bases(seed, &mut kinds);
    kinds.0
}

fn block<T: Real>(points: &DMatrix<T>) -> Block<T> {
    let mut block = Block::default();
    columns_to_block(points.as_slice(), points.nrows(), &mut block);
    block
}

/// The log-densities and scores of columns.
fn of_points<T: Real, B: Base<T>>(base: &B, points: &DMatrix<T>) -> (Vec<T>, DMatrix<T>) {
    let block = block(points);
    let (mut row, mut score) =
        (Block::new(1, points.ncols()), Block::new(points.nrows(), points.ncols()));
    base.log_prob_rows(block.view(), row.row_mut(0));
    base.score_rows(block.view(), score.view_mut());
    (row.row(0)[..points.ncols()].to_vec(), to_matrix(&score, points.ncols()))
}

/// The gradient of Σ w log p by the parameters.
fn gradient<T: Real, B: Base<T>>(base: &B, points: &DMatrix<T>, weights: &[T]) -> Vec<T> {
    let block = block(points);
    let mut row = Block::new(1, points.ncols());
    row.fill(T::zero());
    row.row_mut(0)[..weights.len()].copy_from_slice(weights);
    let mut sums = vec![T::zero(); base.parameter_count()];
    base.pullback_rows(block.view(), row.row(0), &mut sums);
    sums
}

fn weights<T: Real>(count: usize, seed: u64) -> Vec<T> {
    matrix::<T>(1, count, 1.0, seed).as_slice().to_vec()
}

/// All numbers, bit for bit.
fn all_of<T: Real, B: Base<T>>(base: &B, points: &DMatrix<T>) -> Vec<u64> {
    let (log_prob, score) = of_points(base, points);
    let gradient = gradient(base, points, &weights(points.ncols(), 3));
    log_prob.iter().chain(&score).chain(&gradient).map(|value| value.bits()).collect()
}

/// Points and weights along one coordinate: by the doubly exponential rule on the line (Takahasi and Mori
/// 1974), by that of the middle on an interval and around the circle.
fn nodes(space: Space, [location, scale]: [f64; 2], step: f64) -> Vec<[f64; 2]> {
    let middle = |low: f64, high: f64| {
        let count = (4.0 / step).ceil() as usize;
        let width = (high - low) / count as f64;
        (0..count).map(|k| [low + width * (k as f64 + 0.5), width]).collect()
    };
    match space {
        Space::Circle => middle(-PI, PI),
        Space::Between { low, high } => middle(low, high),
        _ => {
            let count = (3.6 / step).ceil() as i32;
            let node = |k: i32| {
                let u = f64::from(k) * step;
                let inner = FRAC_PI_2 * u.sinh();
                [
                    location + scale * inner.sinh(),
                    scale * step * inner.cosh() * FRAC_PI_2 * u.cosh(),
                ]
            };
            (-count..=count).map(node).collect()
        }
    }
}

/// Points in the plane, or on the line, with their weights and densities.
fn quadrature<T: Real>(base: &AnyBase<T>, step: f64) -> (DMatrix<f64>, Vec<f64>) {
    let (spaces, places) = (base.spaces(), base.location_and_scale());
    let along = |i: usize| {
        let place = places.as_ref().map_or([0.0, 1.0], |places| places[i]);
        nodes(spaces[i], place, step)
    };
    let mut all = vec![(Vec::new(), 1.0)];
    for i in 0..spaces.len() {
        let one = along(i);
        all = all
            .iter()
            .flat_map(|(point, weight): &(Vec<f64>, f64)| {
                one.iter().map(move |[x, w]| ([&point[..], &[*x]].concat(), weight * w))
            })
            .collect();
    }
    let points = DMatrix::from_fn(spaces.len(), all.len(), |i, j| all[j].0[i]);
    let log_prob = base.log_prob(&points.map(T::of)).expect("finite");
    let masses = all.iter().zip(&log_prob).map(|((_, w), value)| w * value.wide().exp()).collect();
    (points, masses)
}

fn they_integrate_to_one_in<T: Real>(seed: u64, bound: f64) {
    for (name, base) in kinds::<T>(seed).into_iter().filter(|(_, base)| base.dim() < 3) {
        let (_, masses) = quadrature(&base, 0.02);
        let mass: f64 = masses.iter().sum();
        assert!((mass - 1.0).abs() < bound, "{name}: {mass}");
    }
}

/// A coordinate between -1 and 1, or as it is where it is bounded.
fn squashed(space: Space, [location, scale]: [f64; 2], x: f64) -> f64 {
    let z = (x - location) / scale;
    if space == Space::Line { z / z.hypot(1.0) } else { x }
}

/// Means of bounded waves over samples beside their integrals: a mean of n numbers in ±1 is further than
/// 6 / √n away with a probability of 2 exp(-18) at most (Hoeffding).
fn samples_follow_in<T: Real>(seed: u64) {
    let count = 4000;
    for (name, base) in kinds::<T>(seed).into_iter().filter(|(_, base)| base.dim() < 3) {
        let (points, masses) = quadrature(&base, 0.04);
        let drawn = base.sample(count, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        let drawn = drawn.map(|value| value.wide());
        let (spaces, places) = (base.spaces(), base.location_and_scale());
        let place = |i: usize| places.as_ref().map_or([0.0, 1.0], |places| places[i]);
        for k in 0..6 {
            let turn = matrix::<f64>(base.dim() + 1, 1, [1.0, 4.0, 8.0][k % 3], seed + k as u64);
            let wave = |x: &[f64]| {
                let y = (0..x.len()).map(|i| turn[i] * squashed(spaces[i], place(i), x[i]));
                (y.sum::<f64>() + turn[x.len()]).cos()
            };
            let all = |m: &DMatrix<f64>| -> Vec<f64> {
                m.as_slice().chunks(m.nrows()).map(wave).collect()
            };
            let mean = all(&drawn).iter().sum::<f64>() / count as f64;
            let expected: f64 = all(&points).iter().zip(&masses).map(|(a, b)| a * b).sum();
            let bound = 6.0 / (count as f64).sqrt() + 1e-3;
            assert!((mean - expected).abs() < bound, "{name}, wave {k}: {mean} and {expected}");
        }
    }
}

/// Points where a base has some, away from bounds.
fn ordinary(base: &AnyBase<f64>, seed: u64) -> DMatrix<f64> {
    let inside = |points: &DMatrix<f64>| {
        let spaces = base.spaces();
        DMatrix::from_fn(points.nrows(), points.ncols(), |i, j| match spaces[i] {
            Space::Between { low, high } => {
                points[(i, j)].clamp(low + 0.01 * (high - low), high - 0.01 * (high - low))
            }
            _ => points[(i, j)],
        })
    };
    inside(&base.sample(9, &mut StdRng::seed_from_u64(seed)).expect("drawn"))
}

fn derivatives_agree(seed: u64) {
    for (name, base) in kinds::<f64>(seed) {
        let points = ordinary(&base, seed);
        let (_, score) = of_points(&base, &points);
        for k in 0..points.len() {
            let (column, size) = (k / points.nrows(), 1e-3 * (1.0 + 0.1 * points[k].abs()));
            let expected = derivative(size, |h| {
                let mut moved = points.clone();
                moved[k] += h;
                of_points(&base, &moved).0[column]
            });
            let scale = 1.0 + score.column(column).amax();
            assert!((score[k] - expected).abs() < 1e-6 * scale, "{name}: {} {expected}", score[k]);
        }
        let weights = weights::<f64>(9, seed + 1);
        let (ours, start) = (gradient(&base, &points, &weights), base.parameters());
        for k in 0..start.len() {
            let expected = derivative(1e-3, |h| {
                let (mut moved, mut values) = (base.clone(), start.clone());
                values[k] += h;
                moved.set_parameters(&values).expect("parameters that fit");
                let found = of_points(&moved, &points).0;
                found.iter().zip(&weights).map(|(value, weight)| value * weight).sum()
            });
            let scale = 1.0 + ours.iter().map(|value| value.abs()).fold(0.0, f64::max);
            assert!(
                (ours[k] - expected).abs() < 1e-6 * scale,
                "{name}, {k}: {} {expected}",
                ours[k]
            );
        }
    }
}

/// The same base in `f32` and in `f64` with the parameters of the other: log-densities, scores and gradients
/// agree as far as `f32` holds them.
fn twins_agree(seed: u64) {
    for ((name, single), (_, mut double)) in kinds::<f32>(seed).into_iter().zip(kinds::<f64>(seed))
    {
        let fixed = single.fixed();
        double.set_fixed(&fixed).expect("the same arrays");
        let values: Vec<f64> = single.parameters().iter().map(|value| value.wide()).collect();
        double.set_parameters(&values).expect("parameters that fit");
        let points = single.sample(33, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        let weights = weights::<f32>(33, seed);
        let wide = points.map(|value| value.wide());
        let wide_weights: Vec<f64> = weights.iter().map(|value| value.wide()).collect();
        let (ours, exact) = (of_points(&single, &points), of_points(&double, &wide));
        let close = |a: f32, b: f64, scale: f64| (a.wide() - b).abs() <= 1e-5 * (1.0 + scale);
        assert!(ours.0.iter().zip(&exact.0).all(|(a, b)| close(*a, *b, b.abs())), "{name}");
        let scores = ours.1.iter().zip(&exact.1);
        assert!(scores.into_iter().all(|(a, b)| close(*a, *b, exact.1.amax())), "{name}");
        let gradients =
            (gradient(&single, &points, &weights), gradient(&double, &wide, &wide_weights));
        let most = gradients.1.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let pairs = gradients.0.iter().zip(&gradients.1);
        assert!(
            pairs.into_iter().all(|(a, b)| close(*a, *b, 33.0 + most)),
            "{name}: {gradients:?}"
        );
    }
}

fn bits_do_not_depend_on_neighbours_in<T: Real>(seed: u64) {
    for (name, base) in kinds::<T>(seed) {
        let points = base.sample(50, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        let few = base.sample(7, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        assert_eq!(few, points.columns(0, 7).into_owned(), "{name}: a prefix");
        let mut spoilt = points.clone();
        spoilt[(0, 20)] = T::of(f64::NAN);
        let (log_prob, score) = of_points(&base, &points);
        let (beside, scores) = of_points(&base, &spoilt);
        assert!(!beside[20].is_finite(), "{name}");
        assert_eq!(base.log_prob(&points).expect("finite").as_slice(), log_prob, "{name}");
        for j in (0..50).filter(|j| *j != 20) {
            let alone = of_points(&base, &points.columns(j, 1).into_owned());
            assert_eq!((alone.0[0], alone.1.column(0)), (log_prob[j], score.column(j)), "{name}");
            assert_eq!((beside[j], scores.column(j)), (log_prob[j], score.column(j)), "{name}");
        }
        // A lane of no weight takes no part, whatever it holds.
        let mut weights = weights::<T>(50, seed);
        weights[20] = T::zero();
        assert_eq!(
            gradient(&base, &points, &weights),
            gradient(&base, &spoilt, &weights),
            "{name}"
        );
    }
}

fn states_are_all_of_a_base_in<T: Real>(seed: u64) {
    let first: BTreeMap<String, AnyBase<T>> = kinds::<T>(seed).into_iter().collect();
    for (name, mut base) in kinds::<T>(seed + 10) {
        let theirs = &first[&name];
        let points = theirs.sample(20, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        base.set_state(&theirs.state()).expect("made the same way");
        assert_eq!(all_of(&base, &points), all_of(theirs, &points), "{name}");
        assert_eq!(base.state(), theirs.state(), "{name}");
        assert_eq!(base.parameter_count(), base.layout().len(), "{name}");
        assert_eq!(base.parameters().len(), base.layout().len(), "{name}");
        // What is refused changes nothing.
        let (before, mut values) = (base.state(), base.parameters());
        assert!(base.set_parameters(&[&values[..], &[T::one()]].concat()).is_err(), "{name}");
        if let Some(last) = values.last_mut() {
            *last = T::of(f64::NAN);
            let error = base.set_parameters(&values).expect_err("NaN");
            assert!(error.is_non_finite() && error.to_string().contains('`'), "{name}: {error}");
            *values.last_mut().expect("some") = T::of(1e5);
            if base.set_parameters(&values).is_ok() {
                // Where the last is no logarithm any number will do.
                base.set_parameters(&before.parameters).expect("as before");
            }
        }
        let mut other = before.clone();
        other.settings.pop();
        assert!(base.set_state(&other).is_err_and(|error| error.is_setting()), "{name}");
        assert_eq!(base.state(), before, "{name}");
    }
}

/// Under a flow of the line: densities and scores of the model, by base and flow.
fn bases_stand_under_flows(seed: u64) {
    for (name, base) in kinds::<f64>(seed) {
        let (dim, line) = (base.dim(), base.spaces().iter().all(|s| *s != Space::Circle));
        if !line {
            continue;
        }
        let stack = Stack::maf(dim).layers(2).hidden([6]);
        let flow: Chain<f64> = stack.build(&mut StdRng::seed_from_u64(seed)).expect("valid sizes");
        let model = base.clone().pushed_by(flow);
        let latent = ordinary(&base, seed);
        let moved = model.flow().forward(&latent).expect("arrives");
        let found = model.evaluate(&moved.points, None).expect("fits");
        let expected = base.log_prob(&latent).expect("finite") - &moved.log_det;
        assert!((&found.log_prob - &expected).amax() < 1e-8 * (1.0 + expected.amax()), "{name}");
        let scored = model.score(&moved.points, None).expect("fits");
        assert_eq!(scored.log_prob, found.log_prob, "{name}");
        for k in 0..moved.points.len() {
            let j = k / dim;
            let change = derivative(1e-4, |h| {
                let mut points = moved.points.clone();
                points[k] += h;
                model.evaluate(&points, None).expect("fits").log_prob[j]
            });
            let scale = 1.0 + scored.score.column(j).amax();
            assert!((scored.score[k] - change).abs() < 1e-5 * scale, "{name}: {change}");
        }
        let drawn = model.sample(20, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        let drawn = drawn.all_arrived().expect("all");
        assert!(model.log_prob(&drawn).expect("finite").iter().all(|x| x.is_finite()), "{name}");
    }
}

/// From its description and its arrays a base is made again, to the last bit; and not from fewer arrays.
fn descriptions_make_bases_again_in<T: Real>(seed: u64) {
    for (name, base) in kinds::<T>(seed) {
        let (description, kinds) = (base.describe().expect("of the crate"), Kinds::new());
        let arrays = Arrays::of_state(&base.state()).expect("finite");
        let source = Source::new(&description, &arrays, &kinds);
        let again = AnyBase::<T>::restore(&source).expect("complete");
        arrays.all_taken().expect("all belong to it");
        let points = base.sample(20, &mut StdRng::seed_from_u64(seed)).expect("drawn");
        assert_eq!(all_of(&again, &points), all_of(&base, &points), "{name}");
        assert_eq!(again.describe().expect("as before"), description, "{name}");
        assert_eq!((again.layout(), again.fixed()), (base.layout(), base.fixed()), "{name}");
        for (left_out, _) in arrays.iter() {
            let mut fewer = Arrays::new();
            for (own, array) in arrays.iter().filter(|(own, _)| *own != left_out) {
                fewer.add(own, array.clone()).expect("named once");
            }
            let error = AnyBase::<T>::restore(&Source::new(&description, &fewer, &kinds));
            let text = error.expect_err("incomplete").to_string();
            assert!(text.contains(left_out), "{name}, without {left_out}: {text}");
        }
    }
}

#[test]
fn what_is_described_wrongly_is_refused() {
    let (kinds, mut arrays) = (Kinds::new(), Arrays::new());
    let array = |shape: &[usize], values: &[f64]| Array {
        shape: shape.to_vec(),
        values: values.to_vec(),
        scalar: "f64",
    };
    for (name, values) in [("low", [0.0]), ("high", [-1.0]), ("mean", [0.0]), ("log_scale", [1e6])]
    {
        arrays.add(name, array(&[1], &values)).expect("named once");
    }
    arrays.add("logits", array(&[2], &[0.0, 0.0])).expect("named once");
    let normal = |dim: usize| Description::new("StandardNormal").with("dim", dim);
    let mixture = || Description::new("Mixture").part("0", normal(1 << 20));
    for (description, word) in [
        (normal(0), "dimension 0"),
        (normal(1 << 24), "dimension 16777216"),
        (Description::new("UniformCircle"), "`dim`"),
        (Description::new("UniformBox"), "0 and -1"),
        (Description::new("DiagonalNormal"), "coordinate 0"),
        (Description::new("MultivariateNormal"), "`lower`"),
        (Description::new("StudentT"), "`location`"),
        (mixture(), "1 component"),
        (mixture().part("1", normal(3)), "component 1"),
        (mixture().part("2", normal(3)), "`1`"),
        (Description::new("Product").part("first", normal(1)), "`second`"),
        (Description::new("Frozen"), "`flow`"),
        (Description::new("Cauchy"), "`Cauchy`"),
    ] {
        let found = AnyBase::<f64>::restore(&Source::new(&description, &arrays, &kinds));
        let text = found.expect_err("no base").to_string();
        assert!(text.contains(word), "{description:?}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2)))]

    #[test]
    fn descriptions_make_bases_again(seed in any::<u32>()) {
        descriptions_make_bases_again_in::<f64>(u64::from(seed));
        descriptions_make_bases_again_in::<f32>(u64::from(seed));
    }

    #[test]
    fn they_stand_under_flows(seed in any::<u32>()) {
        bases_stand_under_flows(u64::from(seed));
    }

    #[test]
    fn they_integrate_to_one(seed in any::<u32>()) {
        they_integrate_to_one_in::<f64>(u64::from(seed), 1e-6);
        they_integrate_to_one_in::<f32>(u64::from(seed), 1e-4);
    }

    #[test]
    fn samples_follow_the_density(seed in any::<u32>()) {
        samples_follow_in::<f64>(u64::from(seed));
        samples_follow_in::<f32>(u64::from(seed));
    }

    #[test]
    fn scores_and_gradients_are_derivatives(seed in any::<u32>()) {
        derivatives_agree(u64::from(seed));
        twins_agree(u64::from(seed));
    }

    #[test]
    fn bits_do_not_depend_on_neighbours(seed in any::<u32>()) {
        bits_do_not_depend_on_neighbours_in::<f64>(u64::from(seed));
        bits_do_not_depend_on_neighbours_in::<f32>(u64::from(seed));
    }

    #[test]
    fn states_are_all_of_a_base(seed in any::<u32>()) {
        states_are_all_of_a_base_in::<f64>(u64::from(seed));
        states_are_all_of_a_base_in::<f32>(u64::from(seed));
    }
}
