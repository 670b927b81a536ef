//! A solve allocates nothing once its workspace has been used.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use liouville::flow::continuous::{Frame, Gradient};
use liouville::flow::euler_step::{Determinant, PowerSeries};
use liouville::flow::layers::{AffineCoupling, Maf, RealNvpCoupling, SplineMaf};
use liouville::flow::{ClosedForm, Constrain, Cotangent, Packet, Permutation, Track, elementwise};
use liouville::nalgebra::DMatrix;
use liouville::ode::Workspace;
use liouville::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The system's allocator, counting.
struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);
/// The bytes of the largest allocation since it was last set to zero.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The number of allocations in the third of three equal rounds of `work`.
fn allocations_when_warm(mut work: impl FnMut()) -> usize {
    work();
    work();
    let before = COUNT.load(Ordering::Relaxed);
    work();
    COUNT.load(Ordering::Relaxed) - before
}

/// A gated network plus a linear field.
fn gated() -> field::Sum<f32, field::Gated<f32>, field::Linear<f32>> {
    let builder = Mlp::new(3).hidden([16, 8]).gated();
    let network = builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes");
    let pull = nalgebra::DMatrix::from_fn(3, 3, |i, j| ((i + 2 * j) as f32).sin());
    field::Sum::new(network, field::Linear::new(pull).expect("square")).expect("one dimension")
}

fn solve_with<S: liouville::ode::Solver<f32>>(
    name: &str,
    hidden: &[usize],
    trace: Trace,
    solver: S,
) {
    let mut rng = StdRng::seed_from_u64(1);
    let field: Mlp<f32> = Mlp::new(3).hidden(hidden.to_vec()).build(&mut rng).expect("valid sizes");
    let values: Vec<f32> = (0..field.parameters().len()).map(|i| (i as f32).sin() * 0.5).collect();
    let field = Mlp::new(3).hidden(hidden.to_vec()).with_parameters(values).expect("as many");
    let flow = ContinuousFlow::new(field).trace(trace).solver(solver);
    follow_with(name, &flow);
    let root = DMatrix::from_row_slice(3, 3, &[1.0, 0.2, 0.1, 0.2, 0.9, -0.3, 0.1, -0.3, 1.1]);
    let frame = Frame::new(&[0.1, 0.2, 0.3], &[0.9, 1.0, 1.5], root).expect("a frame");
    follow_with(&format!("{name}, framed"), &flow.framed(frame));
}

fn follow_with<F: Flow<f32>>(name: &str, flow: &F) {
    let points: Vec<f32> = (0..3 * 100).map(|i| (i as f32 * 0.7).cos()).collect();
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    let allocations = allocations_when_warm(|| {
        packet.load(&points, 3, &[], 0);
        flow.follow_packet(Direction::Inverse, &mut packet, &mut workspace);
    });
    assert!(packet.outcomes.iter().all(|outcome| outcome.arrived()), "{name}");
    assert!(
        packet.efforts.iter().any(|effort| effort.accepted > 1),
        "{name}: the solve was no work"
    );
    assert_eq!(allocations, 0, "{name}");
}

/// A gradient by the adjoint: once warm at a loose tolerance, one with many more steps allocates
/// nothing either, since nothing is kept of them.
fn adjoint_with(trace: Trace) {
    let values: Vec<f32> = (0..64 * 9).map(|i| (i as f32).sin()).collect();
    let builder = Mlp::new(3).hidden([16, 16]);
    let count = 16 * 4 + 16 + 16 * 16 + 16 + 3 * 16 + 3;
    let field = builder.with_parameters(values[..count].to_vec()).expect("as many");
    let points: Vec<f32> = (0..3 * 64).map(|i| (i as f32 * 0.7).cos()).collect();
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    let (mut tape, mut cotangent) = (Default::default(), Cotangent::default());
    let mut sums = vec![0.0; field.sums_len()];
    let mut gradient = |flow: &ContinuousFlow<Mlp<f32>>| {
        packet.load(&points, 3, &[], 0);
        flow.record_packet(Direction::Inverse, &mut packet, &mut tape, &mut workspace);
        cotangent.points.clone_from(&packet.points);
        cotangent.log_det.clone_from(&packet.log_det);
        cotangent.context.reshape(0, 64);
        flow.pullback_packet(
            Direction::Inverse,
            &mut tape,
            &mut cotangent,
            &mut sums,
            &mut workspace,
        );
        packet.efforts.iter().map(|effort| effort.accepted).sum::<u64>()
    };
    let at = |flow: &ContinuousFlow<Mlp<f32>>, tolerance: f64| {
        // Steps as long as their error allows, so that a loose tolerance takes few.
        let solver = dopri5().tolerance(tolerance).longest_step(1.0);
        flow.clone().solver(solver).gradient(Gradient::Adjoint(solver))
    };
    let loose = at(&ContinuousFlow::new(field).trace(trace), 1e-2);
    let few = gradient(&loose);
    let tight = at(&loose, 1e-6);
    gradient(&loose);
    let before = COUNT.load(Ordering::Relaxed);
    let many = gradient(&tight);
    let allocations = COUNT.load(Ordering::Relaxed) - before;
    assert!(many > 2 * few, "{many} steps after {few}");
    assert!(sums.iter().all(|sum| sum.is_finite()));
    assert_eq!(allocations, 0, "adjoint, {trace:?}");
}

/// A layer in both directions.
fn layer_with<L: Flow<f32>>(name: &str, layer: &L) {
    let points: Vec<f32> = (0..3 * 100).map(|i| (i as f32 * 0.7).cos()).collect();
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    for direction in [Direction::Forward, Direction::Inverse] {
        let allocations = allocations_when_warm(|| {
            packet.load(&points, 3, &[], 0);
            layer.follow_packet(direction, &mut packet, &mut workspace);
        });
        assert!(packet.outcomes.iter().all(|outcome| outcome.arrived()), "{name}");
        assert_eq!(allocations, 0, "{name} {direction:?}");
    }
}

/// A flow onto a constrained support, forward.
fn constrained_with<L: Flow<f32>>(name: &str, layer: &L) {
    let points: Vec<f32> = (0..3 * 100).map(|i| (i as f32 * 0.7).cos()).collect();
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    let allocations = allocations_when_warm(|| {
        packet.load(&points, 3, &[], 0);
        layer.follow_packet(Direction::Forward, &mut packet, &mut workspace);
        layer.follow_packet(Direction::Inverse, &mut packet, &mut workspace);
    });
    assert!(packet.outcomes.iter().all(|outcome| outcome.arrived()), "{name}");
    assert_eq!(allocations, 0, "{name}");
}

/// An exact trace in high dimension, forward and back: no block holds more than sixteen tangents of
/// every sample, beside as many numbers as there are dimensions or hidden units.
fn slices_with(dim: usize, width: usize) {
    let mut rng = StdRng::seed_from_u64(1);
    let network = Mlp::new(dim).hidden([width; 3]).build::<f32, _>(&mut rng).expect("valid sizes");
    let flow = ContinuousFlow::new(network).solver(rk4(1));
    let points: Vec<f32> = (0..dim * 64).map(|i| (i as f32 * 0.7).cos()).collect();
    let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
    let (mut tape, mut cotangent) = (Default::default(), Cotangent::default());
    let mut sums = vec![0.0; flow.sums_len()];
    LARGEST.store(0, Ordering::Relaxed);
    packet.load(&points, dim, &[], 0);
    flow.record_packet(Direction::Inverse, &mut packet, &mut tape, &mut workspace);
    cotangent.points.clone_from(&packet.points);
    cotangent.log_det.clone_from(&packet.log_det);
    cotangent.context.reshape(0, 64);
    let (way, cotangent) = (Direction::Inverse, &mut cotangent);
    flow.pullback_packet(way, &mut tape, cotangent, &mut sums, &mut workspace);
    // Memory that grows takes up to twice what is asked for.
    let (largest, bound) = (LARGEST.load(Ordering::Relaxed), 2 * 16 * 64 * dim.max(width) * 4);
    assert!(largest <= bound, "{largest} bytes at once, not {bound}");
}

/// One test, since the count belongs to the process.
#[test]
fn warm_solves_allocate_nothing() {
    solve_with("two layers", &[16, 16], Trace::Exact, dopri5());
    solve_with("two layers, estimated", &[16, 16], Trace::hutchinson(2), dopri5());
    solve_with("two layers, Hutch++", &[16, 16], Trace::hutch_plus_plus(2), dopri5());
    follow_with("gated", &ContinuousFlow::new(gated()).trace(Trace::Exact));
    solve_with("three layers", &[16, 8, 16], Trace::Exact, dopri5());
    solve_with("equal steps", &[16], Trace::Exact, rk4(10));
    slices_with(200, 40);
    adjoint_with(Trace::Exact);
    adjoint_with(Trace::hutchinson(2));
    let (u, w) = (nalgebra::dvector![1.0, -0.5, 0.3], nalgebra::dvector![-2.0, 0.4, 1.0]);
    let planar = field::Planar::new(u.clone(), w, 0.2).expect("finite");
    layer_with("planar step", &EulerStep::new(planar));
    let radial = field::Radial::new(u, 0.5, 1.0).expect("finite");
    layer_with("radial step", &EulerStep::new(radial));
    let mut rng = StdRng::seed_from_u64(1);
    let affine = AffineCoupling::<f32>::alternating(3, 0, [16, 8], &mut rng).expect("splits");
    layer_with("affine coupling", &affine);
    let residual = RealNvpCoupling::new(affine.mask().clone()).hidden([16, 16]).residual();
    let residual: RealNvpCoupling<f32> = residual.build(&mut rng).expect("valid sizes");
    layer_with("residual RealNVP coupling", &residual);
    let maf: Maf<f32> = Maf::new(3).hidden([8, 8]).build(&mut rng).expect("valid sizes");
    layer_with("maf", &maf);
    let builder = SplineMaf::new(3).hidden([8, 8]).residual();
    let maf: SplineMaf<f32> = builder.build(&mut rng).expect("valid sizes");
    layer_with("spline maf", &maf);
    let sylvester = field::Sylvester::random(3, 2, &mut rng).expect("valid sizes");
    layer_with("sylvester step", &EulerStep::new(sylvester));
    let network: Mlp<f32> = Mlp::new(3).hidden([8, 8]).build(&mut rng).expect("valid sizes");
    let series = Determinant::Series(PowerSeries::default());
    layer_with("residual step, estimated", &EulerStep::new(network).determinant(series));
    let turning = field::Skew::new(3, vec![0.3, -0.2, 1.0]).expect("three angles");
    layer_with("rotation", &ClosedForm::new(turning));
    let scaling = field::DiagonalAffine::zero(3).expect("three dimensions");
    layer_with("actnorm", &ClosedForm::new(scaling));
    layer_with("permutation", &Permutation::reverse(3));
    let three = elementwise::simplex(4).expect("four");
    constrained_with("simplex", &Constrain::new().then(three));
}
