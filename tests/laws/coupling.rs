//! What is particular to coupling layers: their closed forms, where they start, what they learn.

use liouville::columns::{Block, Mask, Scratch, columns_to_block};
use liouville::flow::layers::{AdditiveCoupling, AffineCoupling, RealNvpCoupling};
use liouville::flow::transformer::{Affine, BaseAffine, ScaleShift, Transformer};
use liouville::flow::{Coupling, Moved};
use liouville::nn::{Input, Network};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::coupling;
use crate::support::{BOTH, cases, matrix};

fn follow<T: Real, L: Flow<T>>(
    name: &str,
    layer: &L,
    direction: Direction,
    x: &DMatrix<T>,
) -> Moved<T> {
    let context = matrix::<T>(layer.context_dim(), 1, 1.0, 77);
    let context = (layer.context_dim() > 0).then_some(&context);
    let moved = layer.follow(direction, x, context).expect("valid input");
    assert!(moved.outcomes.iter().all(|outcome| outcome.arrived()), "{name}: {:?}", moved.outcomes);
    assert!(moved.efforts.iter().all(|effort| effort.evaluations == 1), "{name}");
    moved
}

/// The raw parameters that a layer's network makes of one point without a context.
fn raw<R: Transformer<f64>>(layer: &Coupling<f64, R>, x: &DVector<f64>) -> Vec<f64> {
    let kept: Vec<f64> = layer.mask().kept().iter().map(|&i| x[i]).collect();
    let (mut points, none) = (Block::default(), Block::new(0, 1));
    columns_to_block(&kept, kept.len(), &mut points);
    let mut out = Block::new(layer.network().outputs(), 1);
    let input = Input { x: points.view(), context: none.view() };
    layer.network().forward(input, out.view_mut(), &mut Scratch::new());
    (0..out.rows()).map(|i| out.row(i)[0]).collect()
}

/// A layer of every kind on five coordinates, with the same random network.
fn three_kinds(seed: u64) -> (AffineCoupling<f64>, RealNvpCoupling<f64>, AdditiveCoupling<f64>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mask = Mask::random(5, &mut rng).expect("splits");
    let network = |outputs: usize, rng: &mut StdRng| -> Network<f64> {
        let builder = Network::new(3, outputs).hidden([7, 6]).last_scale(1.0);
        let mut network = builder.build(rng).expect("valid sizes");
        let louder: Vec<f64> = network.parameters().iter().map(|p| 2.0 * p).collect();
        network.set_parameters(&louder).expect("parameters that fit");
        network
    };
    let two = network(4, &mut rng);
    let affine = Coupling::from_network(mask.clone(), two.clone(), Affine::default());
    let nvp = Coupling::from_network(mask.clone(), two, ScaleShift::new(1.5).expect("positive"));
    let additive = Coupling::from_network(mask, network(2, &mut rng), Default::default());
    (affine.expect("fits"), nvp.expect("fits"), additive.expect("fits"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(6)))]

    /// The closed form is what Runge-Kutta makes of the field, points and log-determinants.
    #[test]
    fn affine_couplings_are_the_flows_of_their_fields(seed in any::<u32>()) {
        for (name, layer) in coupling::affine_layers::<f64>(u64::from(seed)) {
            let points = matrix::<f64>(layer.dim(), 20, 2.0, u64::from(seed));
            let solver = dopri8().tolerance(1e-12);
            let continuous = ContinuousFlow::new(layer.field()).solver(solver).trace(Trace::Exact);
            let context = matrix::<f64>(2, 1, 1.0, 5);
            for direction in BOTH {
                let closed = layer.follow(direction, &points, Some(&context)).expect("valid");
                let solved = continuous.follow(direction, &points, Some(&context)).expect("valid");
                let error = (closed.points - solved.points).amax();
                prop_assert!(error < 1e-9, "{} {:?}: {:e}", name, direction, error);
                let error = (closed.log_det - solved.log_det).amax();
                prop_assert!(error < 1e-9, "{} {:?}: {:e}", name, direction, error);
            }
        }
    }

    /// The formulas of the papers, coordinate by coordinate, and of the time-one flow.
    #[test]
    fn couplings_are_their_formulas(seed in any::<u32>()) {
        let (affine, nvp, additive) = three_kinds(u64::from(seed));
        let points = matrix::<f64>(5, 9, 2.0, u64::from(seed) + 1);
        let moved = [affine.forward(&points), nvp.forward(&points), additive.forward(&points)];
        let [affines, nvps, additives] = moved.map(|moved| moved.expect("valid"));
        for (j, x) in points.column_iter().map(|x| x.into_owned()).enumerate() {
            let (pairs, shifts) = (raw(&affine, &x), raw(&additive, &x));
            let mut log_dets = [0.0; 2];
            for &i in affine.mask().kept() {
                let ends = [&affines, &nvps, &additives].map(|moved| moved.points[(i, j)]);
                prop_assert!(ends.iter().all(|end| *end == x[i]), "kept");
            }
            for (k, &i) in affine.mask().moved().iter().enumerate() {
                let (r, t) = (pairs[2 * k], pairs[2 * k + 1]);
                let [s, gentle] = [3.0f64, 1.5].map(|bound| bound * (r / bound).tanh());
                let expected = s.exp() * x[i] + t * s.exp_m1() / s;
                prop_assert!((affines.points[(i, j)] - expected).abs() < 1e-12 * (1.0 + expected.abs()));
                let expected = gentle.exp() * x[i] + t;
                prop_assert!((nvps.points[(i, j)] - expected).abs() < 1e-12 * (1.0 + expected.abs()));
                prop_assert!((additives.points[(i, j)] - x[i] - shifts[k]).abs() < 1e-14);
                log_dets[0] += s;
                log_dets[1] += gentle;
            }
            prop_assert!((affines.log_det[j] - log_dets[0]).abs() < 1e-13);
            prop_assert!((nvps.log_det[j] - log_dets[1]).abs() < 1e-13);
            prop_assert_eq!(additives.log_det[j], 0.0);
        }
    }

    /// What was not trained is the identity, to the last bit.
    #[test]
    fn couplings_start_as_the_identity(seed in any::<u32>(), dim in 2usize..7, layer in 0usize..2) {
        fn check<T: Real, R: Transformer<T> + Default + 'static>(seed: u64, dim: usize, layer: usize) {
            let mut rng = StdRng::seed_from_u64(seed);
            let points = matrix::<T>(dim, 20, 5.0, seed);
            let build = [
                Coupling::<T, R>::alternating(dim, layer, [8, 8], &mut rng),
                Coupling::<T, R>::halves(dim, layer, [8], &mut rng),
            ];
            for coupling in build {
                let coupling = coupling.expect("splits");
                assert_eq!(Flow::<T>::dim(&coupling), dim);
                for direction in BOTH {
                    let moved = follow("start", &coupling, direction, &points);
                    assert_eq!(moved.points, points);
                    assert!(moved.log_det.iter().all(|value| *value == T::zero()));
                }
            }
        }
        let seed = u64::from(seed);
        check::<f64, Affine>(seed, dim, layer);
        check::<f32, ScaleShift>(seed, dim, layer);
        check::<f32, liouville::flow::transformer::Shift>(seed, dim, layer);
    }

    /// Two layers of neighbouring index move all coordinates between them, each once.
    #[test]
    fn masks_of_neighbouring_layers_are_opposite(dim in 2usize..40, layer in 0usize..9, seed in any::<u32>()) {
        for make in [Mask::halves, Mask::alternating] {
            let [one, other] = [layer, layer + 1].map(|layer| make(dim, layer).expect("splits"));
            prop_assert_eq!(one.moved(), other.kept());
            prop_assert_eq!(one.kept(), other.moved());
            prop_assert!(one.moved().len().abs_diff(one.kept().len()) <= 1);
        }
        let random = Mask::random(dim, &mut StdRng::seed_from_u64(u64::from(seed))).expect("splits");
        let mut all = [random.kept(), random.moved()].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..dim).collect::<Vec<_>>());
        prop_assert_eq!(random.moved().len(), dim / 2);
    }
}

/// A column that is spoilt fails alone.
#[test]
fn a_column_that_overflows_fails_alone() {
    let (affine, nvp, additive) = three_kinds(3);
    let mut points = matrix::<f64>(5, 30, 1.0, 4);
    points[(2, 7)] = 1e308;
    points.column_mut(9).fill(1e308);
    fn check<L: Flow<f64>>(layer: &L, points: &DMatrix<f64>) {
        let mut clean = points.clone();
        for j in [7, 9] {
            clean.column_mut(j).fill(0.1);
        }
        for direction in BOTH {
            let spoilt = layer.follow(direction, points, None).expect("finite input");
            let clean = layer.follow(direction, &clean, None).expect("finite input");
            for j in (0..30).filter(|j| ![7, 9].contains(j)) {
                assert!(spoilt.outcomes[j].arrived());
                assert_eq!(spoilt.points.column(j), clean.points.column(j));
                assert_eq!(spoilt.log_det[j], clean.log_det[j]);
            }
            for j in [7, 9] {
                let finite = spoilt.points.column(j).iter().all(|value| value.is_finite());
                assert_eq!(spoilt.outcomes[j].arrived(), finite && spoilt.log_det[j].is_finite());
            }
        }
    }
    check(&affine, &points);
    check(&nvp, &points);
    check(&additive, &points);
}

/// Four couplings learn a density that is far from normal: more than the best normal density does.
#[test]
fn couplings_learn_a_bent_density() {
    let mut rng = StdRng::seed_from_u64(7);
    let noise: DMatrix<f64> = StandardNormal::new(2).sample(2000, &mut rng).expect("samples");
    let bent = DMatrix::from_fn(2, 2000, |i, j| match i {
        0 => noise[(0, j)],
        _ => noise[(0, j)].powi(2) + 0.2 * noise[(1, j)],
    });
    // The entropy of the data is that of the noise, plus ln 0.2.
    let best = -(1.0 + (2.0 * std::f64::consts::PI).ln()) - 0.2f64.ln();
    // A normal density of the same variances, 1 and 2 + 0.04, uncorrelated.
    let normal = -(1.0 + (2.0 * std::f64::consts::PI).ln()) - 0.5 * 2.04f64.ln();
    let layers = Chain::new()
        .try_repeat(4, |i| AffineCoupling::alternating(2, i, [16, 16], &mut rng))
        .expect("splits");
    let mut model = StandardNormal::new(2).pushed_by(layers);
    let trainer = Trainer::maximum_likelihood().steps(400).batch(250).learning_rate(0.01);
    trainer.quiet().fit(&mut model, &bent, &mut rng).expect("trains");
    let reached = model.log_prob(&bent).expect("arrives").mean();
    assert!(reached - normal > 0.8 * (best - normal), "{normal} {reached} {best}");
}

#[test]
fn couplings_refuse_bad_input() {
    let mut rng = StdRng::seed_from_u64(1);
    for dim in [0, 1] {
        let error = AffineCoupling::<f64>::alternating(dim, 0, [8], &mut rng).expect_err("one");
        assert!(error.is_setting() && error.to_string().contains("cannot be split"), "{error}");
        assert!(
            AdditiveCoupling::<f32>::halves(dim, 1, [8], &mut rng).expect_err("one").is_setting()
        );
        assert!(Mask::random(dim, &mut rng).expect_err("one").is_setting());
    }
    assert!(Mask::new(&[true, true]).expect_err("all").to_string().contains("all of 2"));
    assert!(Mask::new(&[false; 3]).expect_err("none").to_string().contains("none of 3"));
    let width = RealNvpCoupling::<f64>::halves(4, 0, [8, 0], &mut rng);
    assert!(width.expect_err("width zero").is_setting());
    for bound in [0.0, -1.0, f64::NAN, f64::INFINITY, 51.0] {
        assert!(Affine::new(bound).expect_err("bound").is_setting());
        assert!(ScaleShift::new(bound).expect_err("bound").is_setting());
        assert!(BaseAffine::new(bound).expect_err("bound").is_setting());
    }
    let mask = Mask::halves(4, 0).expect("splits");
    let network: Network<f64> = Network::new(2, 3).build(&mut rng).expect("valid");
    let error = Coupling::from_network(mask.clone(), network.clone(), Affine::default());
    assert!(error.expect_err("three outputs").is_shape());
    assert!(field::AffineCoupling::new(mask.clone(), network, 1.0).expect_err("three").is_shape());
    let network: Network<f64> = Network::new(2, 4).build(&mut rng).expect("valid");
    assert!(field::AffineCoupling::new(mask, network, f64::NAN).expect_err("bound").is_setting());
}
