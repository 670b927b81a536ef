//! Every instruction set that fuses gives the same bits: all that a flow says, its gradients and its training.
//!
//! `cargo test --test laws instruction_sets -- --nocapture --test-threads 1` prints a fingerprint of each
//! flow's numbers, to be compared with those of another processor.

use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, PoisonError};

use liouville::columns::Block;
use liouville::flow::continuous::Gradient;
use liouville::flow::euler_step::{Determinant, PowerSeries};
use liouville::flow::{AnyFlow, Contexts, Cotangent, Packet, Track};
use liouville::kernels::{InstructionSet, limit_instruction_set};
use liouville::ode::Workspace;
use liouville::prelude::*;
use liouville::train::Pairing;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::bases::{BaseVisitor, visit_bases};
use crate::catalogue::{
    FlowVisitor, TrainableVisitor, visit_extreme, visit_extreme_networks, visit_integrated,
    visit_kinked, visit_layers, visit_trainable,
};
use crate::support::{BOTH, matrix};

/// Those that are to agree, as far as this processor has them. The limit is of the whole process: other tests see no difference, which is
/// what is promised, and so the plain set that does not fuse is never set here.
const FUSED: [InstructionSet; 3] =
    [InstructionSet::PlainFused, InstructionSet::Avx2, InstructionSet::Avx512];

/// One test at a time, lest they change the limit under one another.
static LIMITED: Mutex<()> = Mutex::new(());

/// Numbers by the name of what says them.
#[derive(Default)]
struct Numbers {
    all: Vec<(String, Vec<u64>)>,
}

impl Numbers {
    fn note<'a, T: Real>(&mut self, name: String, values: impl IntoIterator<Item = &'a T>) {
        // Which NaN a NaN is, is nobody's business.
        let bits = |value: &T| if value.wide().is_nan() { u64::MAX } else { value.bits() };
        self.all.push((name, values.into_iter().map(bits).collect()));
    }
}

/// What `run` notes, with every set.
fn agree(what: &str, least: usize, run: impl Fn(&mut Numbers)) {
    let _alone = LIMITED.lock().unwrap_or_else(PoisonError::into_inner);
    let here = FUSED.into_iter().filter(|set| set.here() == *set);
    let found = here.map(|set| {
        limit_instruction_set(set);
        let mut numbers = Numbers::default();
        run(&mut numbers);
        (set, numbers)
    });
    let found: Vec<_> = found.collect();
    limit_instruction_set(InstructionSet::Avx512);
    let first = &found[0].1;
    for (set, other) in &found[1..] {
        assert_eq!(first.all.len(), other.all.len());
        for ((name, a), (_, b)) in first.all.iter().zip(&other.all) {
            let place = a.iter().zip(b).position(|(a, b)| a != b);
            assert!(place.is_none() && a.len() == b.len(), "{what}, {name}: {set:?} at {place:?}");
        }
    }
    let count: usize = first.all.iter().map(|(_, values)| values.len()).sum();
    assert!(count >= least, "only {count} numbers");
    for (name, values) in &first.all {
        let mut hasher = DefaultHasher::new();
        values.iter().for_each(|value| hasher.write_u64(*value));
        println!("fingerprint {what}, {name}: {:016x}", hasher.finish());
    }
}

/// Both ways of a flow with log-determinants, and the pullback of both.
struct Flows<'a> {
    seed: u64,
    numbers: &'a mut Numbers,
}

impl Flows<'_> {
    fn pullback<T: Real, L: TrainableFlow<T>>(
        &mut self,
        name: &str,
        flow: &L,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) {
        let (dim, count) = points.shape();
        let contexts = Contexts::new(flow.context_dim(), count, context).expect("fits");
        let (mut packet, mut buffer) = (Packet::new(Track::LogDet), Vec::new());
        let values = contexts.of_packet(0, count, &mut buffer);
        packet.load(points.as_slice(), dim, values, contexts.dim);
        let (mut tape, mut workspace) = (L::Tape::default(), Workspace::new());
        flow.record_packet(direction, &mut packet, &mut tape, &mut workspace);
        let mut cotangent = Cotangent {
            points: Block::new(dim, count),
            log_det: Block::new(1, count),
            context: Block::new(contexts.dim, count),
        };
        for lane in 0..count {
            (0..dim).for_each(|i| cotangent.points.row_mut(i)[lane] = T::of(0.3 + i as f64));
            cotangent.log_det.row_mut(0)[lane] = T::of(0.7 - lane as f64);
        }
        let mut sums = vec![T::zero(); flow.sums_len()];
        flow.pullback_packet(direction, &mut tape, &mut cotangent, &mut sums, &mut workspace);
        let mut folded = vec![T::zero(); flow.layout().len()];
        flow.fold(&sums, &mut folded).expect("fits");
        self.numbers.note(format!("{name}, {direction:?}, by parameters"), &folded);
        let pulled = [&cotangent.points, &cotangent.context];
        let lanes = pulled
            .into_iter()
            .flat_map(|block| (0..block.rows()).flat_map(move |i| &block.row(i)[..count]));
        self.numbers.note(format!("{name}, {direction:?}, by points and contexts"), lanes);
    }
}

impl<T: Real> FlowVisitor<T> for Flows<'_> {
    fn meet(&mut self, name: &str, flow: AnyFlow<T>) {
        // Fewer than a group of lanes, from near zero to the tails.
        let start = matrix::<T>(flow.dim(), 11, 1.0, self.seed);
        let start = DMatrix::from_fn(flow.dim(), 11, |i, j| start[(i, j)] * T::of(0.4 * j as f64));
        let context = matrix::<T>(flow.context_dim(), 11, 1.0, self.seed + 1);
        let context = (context.nrows() > 0).then_some(&context);
        let there = flow.follow(Direction::Forward, &start, context).expect("valid input").points;
        for (direction, from) in BOTH.into_iter().zip([&start, &there]) {
            if from.iter().any(|value| !value.is_finite()) {
                continue;
            }
            let moved = flow.follow(direction, from, context).expect("valid input");
            let errors = moved.standard_error.iter().flatten();
            let numbers = moved.points.iter().chain(moved.log_det.iter()).chain(errors);
            self.numbers.note(format!("{name}, {direction:?}"), numbers);
            self.pullback(name, &flow, direction, from, context);
        }
    }
}

/// Log-densities, scores and samples with every kind of trace.
struct Models<'a> {
    seed: u64,
    numbers: &'a mut Numbers,
}

fn traces(seed: u64) -> Vec<Trace> {
    let noises = [Noise::Gaussian, Noise::Rademacher, Noise::Orthogonal];
    let estimates = noises.map(|noise| Trace::Hutchinson(Hutchinson { probes: 2, noise, seed }));
    let deflated = Trace::HutchPlusPlus(HutchPlusPlus { range: 1, residual: 1, seed });
    estimates.into_iter().chain([Trace::Exact, deflated]).collect()
}

impl<T: Real> TrainableVisitor<T> for Models<'_> {
    fn visit<F: TrainableField<T> + Clone + 'static>(&mut self, name: &str, field: F) {
        let points = matrix::<T>(field.dim(), 5, 1.5, self.seed);
        let context = matrix::<T>(field.context_dim(), 5, 1.0, self.seed + 1);
        for trace in traces(self.seed) {
            let flow = ContinuousFlow::new(field.clone()).tolerance(1e-3).trace(trace);
            let model = StandardNormal::new(field.dim()).pushed_by(flow);
            let all = model.evaluate(&points, Some(&context)).expect("valid");
            let errors = all.standard_error.as_ref().map_or(&[][..], |errors| errors.as_slice());
            let numbers = all.latent.iter().chain(&all.log_prob).chain(errors);
            self.numbers.note(format!("{name}, {trace:?}"), numbers);
            let scored = model.score(&points, Some(&context)).expect("valid");
            let scores = scored.score.iter().chain(&scored.context_score);
            self.numbers.note(format!("{name}, {trace:?}, score"), scores);
        }
    }
}

/// Samples of bases, their log-densities, scores and gradients.
struct Bases<'a> {
    numbers: &'a mut Numbers,
}

impl<T: Real> BaseVisitor<T> for Bases<'_> {
    fn visit<B: Base<T> + Clone + 'static>(&mut self, name: &str, base: B) {
        let points = base.sample(21, &mut StdRng::seed_from_u64(3)).expect("drawn");
        self.numbers.note(format!("{name}, samples"), &points);
        self.numbers.note(name.into(), &base.log_prob(&points).expect("finite"));
        let mut block = Block::default();
        liouville::columns::columns_to_block(points.as_slice(), base.dim(), &mut block);
        let mut score = Block::new(base.dim(), 21);
        base.score_rows(block.view(), score.view_mut());
        self.numbers.note(format!("{name}, score"), score.values());
        let mut sums = vec![T::zero(); base.parameter_count()];
        base.pullback_rows(block.view(), &vec![T::of(0.3); block.lanes()], &mut sums);
        self.numbers.note(format!("{name}, by parameters"), &sums);
    }
}

#[test]
fn bases_with_their_gradients() {
    fn check<T: Real>() {
        agree(&format!("bases in {}", T::NAME), 2_000, |numbers| {
            visit_bases::<T>(11, &mut Bases { numbers });
        });
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn flows_with_their_gradients() {
    fn check<T: Real>() {
        agree(&format!("flows in {}", T::NAME), 10_000, |numbers| {
            let mut flows = Flows { seed: 5, numbers };
            visit_layers::<T>(5, &mut flows);
            visit_kinked::<T>(5, &mut flows);
            visit_integrated::<T>(5, &mut flows);
        });
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn extreme_flows_with_their_gradients() {
    fn check<T: Real>() {
        agree(&format!("extreme flows in {}", T::NAME), 1_000, |numbers| {
            let mut flows = Flows { seed: 6, numbers };
            visit_extreme::<T>(6, &mut flows);
            visit_extreme_networks::<T>(6, &mut flows);
        });
    }
    check::<f32>();
    check::<f64>();
}

/// Residual layers whose log-determinants are estimated by a power series.
fn visit_series<T: Real>(seed: u64, flows: &mut Flows<'_>) {
    for (noise, hidden) in [(Noise::Gaussian, &[][..]), (Noise::Rademacher, &[9, 6])] {
        for dim in [1, 4] {
            let builder = Mlp::new(dim).context(2).hidden(hidden.to_vec());
            let mut rng = StdRng::seed_from_u64(seed);
            let untrained: Mlp<T> = builder.build(&mut rng).expect("valid sizes");
            let values = matrix::<T>(untrained.parameters().len(), 1, 2.0, seed);
            let network = builder.with_parameters(values.as_slice().to_vec()).expect("as many");
            // Few terms for certain, so that their random number matters.
            let series = PowerSeries { noise, probes: 3, terms: 2, seed, ..PowerSeries::default() };
            let layer = EulerStep::new(network).determinant(Determinant::Series(series));
            let flow = AnyFlow::new(layer);
            let point = DMatrix::from_element(dim, 1, T::of(0.3));
            let context = DMatrix::from_element(2, 1, T::of(0.5));
            let moved = flow.follow(BOTH[0], &point, Some(&context)).expect("valid input");
            assert!(moved.standard_error.is_some(), "no estimate");
            flows.meet(&format!("series of {noise:?} noise in {dim} dimensions"), flow);
        }
    }
}

#[test]
fn determinants_by_series_with_their_gradients() {
    fn check<T: Real>() {
        agree(&format!("series in {}", T::NAME), 1_000, |numbers| {
            let mut flows = Flows { seed: 10, numbers };
            (10..13).for_each(|seed| visit_series::<T>(seed, &mut flows));
        });
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn log_densities_and_scores_exact_and_estimated() {
    fn check<T: Real>() {
        agree(&format!("models in {}", T::NAME), 5_000, |numbers| {
            visit_trainable::<T>(7, &mut Models { seed: 7, numbers });
        });
    }
    check::<f32>();
    check::<f64>();
}

/// Parameters after thirty steps, log-densities and samples.
fn train<T: Real, F: TrainableFlow<T> + Clone>(
    numbers: &mut Numbers,
    name: &str,
    flow: F,
    fit: impl Fn(&mut Pushforward<StandardNormal, F>, &DMatrix<T>, &mut StdRng),
) {
    let mut rng = StdRng::seed_from_u64(8);
    let data: DMatrix<T> = data::two_moons(0.1).sample(200, &mut rng).expect("valid");
    let mut model = StandardNormal::new(2).pushed_by(flow);
    fit(&mut model, &data, &mut rng);
    numbers.note(format!("{name}, parameters"), &model.flow().parameters());
    numbers.note(format!("{name}, log-densities"), &model.log_prob(&data).expect("valid"));
    let drawn = model.sample(50, &mut rng).expect("valid");
    numbers.note(format!("{name}, samples"), drawn.iter());
}

#[test]
fn training() {
    fn check<T: Real>() {
        agree(&format!("training in {}", T::NAME), 1_000, |numbers| {
            let mut rng = StdRng::seed_from_u64(9);
            let field: Mlp<T> = Mlp::new(2).hidden([8, 8]).build(&mut rng).expect("valid sizes");
            let flow = ContinuousFlow::new(field).tolerance(1e-3);
            let by_likelihood = Trainer::maximum_likelihood().steps(30).batch(40).quiet();
            let way_back = Gradient::Adjoint(automatic().tolerance(1e-3));
            for (name, gradient) in [("discrete", Gradient::Discrete), ("adjoint", way_back)] {
                train(numbers, name, flow.clone().gradient(gradient), |model, data, rng| {
                    by_likelihood.fit(model, data, rng).expect("trains");
                });
            }
            train(numbers, "flow matching", flow, |model, data, rng| {
                let matching = Trainer::flow_matching().pairing(Pairing::OptimalTransport);
                let matching = matching.steps(30).batch(40).average(0.9).quiet();
                matching.fit(model, data, rng).expect("trains");
            });
            let splines = Stack::spline_coupling(2).layers(2).hidden([8]).build::<T, _>(&mut rng);
            train(numbers, "splines", splines.expect("valid sizes"), |model, data, rng| {
                by_likelihood.fit(model, data, rng).expect("trains");
            });
            let maf = Stack::maf(2).layers(2).hidden([8]).build::<T, _>(&mut rng);
            train(numbers, "maf", maf.expect("valid sizes"), |model, data, rng| {
                by_likelihood.fit(model, data, rng).expect("trains");
            });
        });
    }
    check::<f32>();
    check::<f64>();
}
