//! Splines however steep or flat: what arrives has one density on both ways, the rest is reported.

use liouville::columns::Mask;
use liouville::flow::AnyFlow;
use liouville::flow::layers::{SplineCoupling, SplineMaf};
use liouville::flow::transformer::Spline;
use liouville::outcome::Reason;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The same flow with a gentle network whose last biases are up to `size`.
fn steep<T: Real, L>(mut flow: L, size: f64, seed: u64) -> AnyFlow<T>
where
    L: TrainableFlow<T, Tape: 'static> + Clone + 'static,
{
    let mut rng = StdRng::seed_from_u64(seed);
    let mut values: Vec<T> = flow.parameters();
    values.fill_with(|| T::of(rng.random_range(-0.5..0.5)));
    let layout = flow.layout();
    let last = layout.entries().last().expect("a network").range.clone();
    values[last].fill_with(|| T::of(rng.random_range(-size..size)));
    flow.set_parameters(&values).expect("parameters that fit");
    AnyFlow::new(flow)
}

/// Layers on the line, and on the circle.
fn layers<T: Real>(spline: Spline, size: f64, seed: u64) -> Vec<(String, AnyFlow<T>)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let tanh = Activation::Tanh;
    let maf = SplineMaf::<f32>::new(2).transformer(spline).hidden([5]).activation(tanh);
    let maf: SplineMaf<T> = maf.build(&mut rng).expect("valid sizes");
    let mask = Mask::new(&[false, true, true]).expect("splits");
    let coupling = SplineCoupling::<f32>::new(mask).transformer(spline).hidden([5]);
    let coupling: SplineCoupling<T> = coupling.activation(tanh).build(&mut rng).expect("valid");
    let name = |kind: &str| {
        format!("{kind} in {}, {} bins in ±{}, ±{size}", T::NAME, spline.bins(), spline.bound())
    };
    vec![(name("maf"), steep(maf, size, seed)), (name("coupling"), steep(coupling, size, seed + 1))]
}

/// Draws, and compares the density of what arrives on both ways; the shares that arrive and saturate.
fn one_density<T: Real, B: Base<T>>(
    name: &str,
    base: B,
    flow: &AnyFlow<T>,
    recorded: bool,
) -> [f64; 2] {
    let count = 2000;
    let start: DMatrix<T> = base.sample(count, &mut StdRng::seed_from_u64(3)).expect("drawn");
    let there = flow.follow(Direction::Forward, &start, None).expect("valid");
    let log_base = base.log_prob(&start).expect("finite");
    let here = Pushforward::new(base, flow.clone()).evaluate(&there.points, None).expect("valid");
    let (mut arrived, mut saturated) = (0, 0);
    for (j, outcome) in there.outcomes.iter().enumerate() {
        match outcome.failure().map(|failure| failure.reason) {
            None => {
                arrived += 1;
                let pair = [here.log_prob[j].wide(), (log_base[j] - there.log_det[j]).wide()];
                // The root of the sum of squares times the slope of the base, and the log-determinant.
                let far = start.column(j).norm().wide().max(4.0);
                let bound = 2e-3 * (far + 1.0);
                assert!(
                    (pair[0] - pair[1]).abs() <= bound,
                    "{name}: {pair:?} at {}, from {}",
                    there.points.column(j),
                    start.column(j)
                );
            }
            Some(Reason::Saturated { coordinate }) => {
                saturated += 1;
                assert!(coordinate < flow.dim());
            }
            Some(other) => panic!("{name}: {other:?}"),
        }
    }
    if recorded {
        assert_eq!(there.outcomes, outcomes_on_tape(flow, &start), "{name}");
    }
    [arrived, saturated].map(|number| f64::from(number) / count as f64)
}

/// What a recorded packet says became of the samples.
fn outcomes_on_tape<T: Real>(
    flow: &AnyFlow<T>,
    start: &DMatrix<T>,
) -> Vec<liouville::outcome::Outcome> {
    let mut packet = liouville::flow::Packet::new(liouville::flow::Track::LogDet);
    let mut workspace = liouville::ode::Workspace::new();
    packet.load(start.as_slice(), start.nrows(), &[], 0);
    flow.record_packet(Direction::Forward, &mut packet, &mut Default::default(), &mut workspace);
    packet.outcomes
}

fn splines_have_one_density_in<T: Real>() -> f64 {
    let line = |bins, bound| Spline::new(bins, bound).expect("valid settings");
    let shapes = [Spline::default(), line(3, 1.5), line(40, 300.0)];
    let circle = Spline::circular(6).expect("valid settings");
    let mut most = 0.0f64;
    for size in [0.5, 3.0, 10.0, 30.0, 100.0, 1000.0] {
        for seed in 0..3 {
            let mut shares = Vec::new();
            for spline in shapes {
                for (name, flow) in layers::<T>(spline, size, seed) {
                    let base = StandardNormal::new(flow.dim());
                    shares.push((one_density(&name, base, &flow, seed == 0), name));
                }
            }
            for (name, flow) in layers::<T>(circle, size, seed) {
                let base = UniformCircle::new(flow.dim());
                shares.push((one_density(&name, base, &flow, seed == 0), name));
            }
            for ([arrived, saturated], name) in shares {
                assert!(arrived + saturated == 1.0, "{name}");
                // Gentle maps lose nothing.
                assert!(size > 1.0 || arrived == 1.0, "{name}: {saturated} saturated");
                most = most.max(saturated);
            }
        }
    }
    most
}

#[test]
fn what_arrives_by_steep_splines_has_one_density() {
    let in_f32 = splines_have_one_density_in::<f32>();
    assert!(in_f32 > 0.0, "nothing was too steep: this test tells nothing");
    splines_have_one_density_in::<f64>();
}
