//! Each law catches the mistake that it is for, and says where; correct flows pass.

use liouville::columns::Block;
use liouville::error::Result;
use liouville::flow::elementwise::{Constrain, positive, simplex};
use liouville::flow::{Cotangent, Packet, Track};
use liouville::ode::Workspace;
use liouville::parameters::Layout;
use liouville::prelude::*;
use liouville_testing::{
    Cause, Checks, Law, Place, Tolerances, Violation, batch_law, check_flow, check_trainable,
    composition_law, density_law, gradient_law, inverse_law, log_det_law, strategies,
};
use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;

/// What is wrong with a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    None,
    /// The log-determinant counts one coordinate only.
    LogDet,
    /// The log-determinant is written over what was there.
    Overwritten,
    /// The inverse forgets the shift.
    Inverse,
    /// A sample is moved by what its neighbour is.
    Neighbour,
    /// The cotangent of the log-determinant is left out.
    Gradient,
    /// The sums for the parameters are overwritten.
    Sums,
    /// Columns of NaN arrive.
    Silent,
    /// The flow panics on large numbers.
    Panic,
}

/// y = exp(a) x + b, coordinate by coordinate, with a mistake.
#[derive(Debug, Clone)]
struct Affine {
    values: Vec<f64>,
    mistake: Mistake,
}

const DIM: usize = 2;

impl Affine {
    fn new(mistake: Mistake) -> Self {
        Self { values: vec![0.4, -0.3, 0.7, -0.2], mistake }
    }
}

impl<T: Real> Flow<T> for Affine {
    fn dim(&self) -> usize {
        DIM
    }

    fn follow_packet(&self, way: Direction, packet: &mut Packet<T>, _: &mut Workspace<T>) {
        for i in 0..DIM {
            let (scale, shift) = (T::of(self.values[i].exp()), T::of(self.values[DIM + i]));
            let forgets = self.mistake == Mistake::Inverse && way == Direction::Inverse;
            let shift = if forgets { T::zero() } else { shift };
            let row = packet.points.row_mut(i);
            if self.mistake == Mistake::Panic {
                assert!(row.iter().all(|x| x.wide().abs() < 2.0), "too far out");
            }
            if self.mistake == Mistake::Neighbour {
                let first = row[0];
                row.iter_mut().skip(1).for_each(|x| *x += T::of(1e-9) * first);
            }
            for x in row {
                *x = match way {
                    Direction::Forward => *x * scale + shift,
                    Direction::Inverse => (*x - shift) / scale,
                };
            }
        }
        let counted = if self.mistake == Mistake::LogDet { 1 } else { DIM };
        let sum: f64 = self.values[..counted].iter().sum();
        let log_det = T::of(if way == Direction::Forward { sum } else { -sum });
        for (j, total) in packet.log_det.row_mut(0).iter_mut().enumerate() {
            let before = if self.mistake == Mistake::Overwritten { T::zero() } else { *total };
            *total = before + log_det;
            if self.mistake == Mistake::Silent && j < packet.outcomes.len() {
                packet.outcomes[j] = Default::default();
            }
        }
        packet.efforts.iter_mut().for_each(|effort| effort.evaluations += 1);
    }
}

impl TrainableFlow<f64> for Affine {
    /// The points at the end that lies towards the base.
    type Tape = Block<f64>;

    fn layout(&self) -> Layout {
        let mut layout = Layout::new();
        layout.push("log_scale", &[DIM]);
        layout.push("shift", &[DIM]);
        layout
    }

    fn parameters(&self) -> Vec<f64> {
        self.values.clone()
    }

    fn set_parameters(&mut self, values: &[f64]) -> Result<()> {
        TrainableFlow::layout(self).check(values)?;
        self.values.copy_from_slice(values);
        Ok(())
    }

    fn sums_len(&self) -> usize {
        2 * DIM
    }

    fn fold(&self, sums: &[f64], gradient: &mut [f64]) -> Result<()> {
        gradient.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        Ok(())
    }

    fn record_packet(
        &self,
        way: Direction,
        packet: &mut Packet<f64>,
        tape: &mut Block<f64>,
        workspace: &mut Workspace<f64>,
    ) {
        if way == Direction::Forward {
            *tape = packet.points.clone();
        }
        self.follow_packet(way, packet, workspace);
        if way == Direction::Inverse {
            *tape = packet.points.clone();
        }
    }

    fn pullback_packet(
        &self,
        way: Direction,
        tape: &mut Block<f64>,
        cotangent: &mut Cotangent<f64>,
        sums: &mut [f64],
        _: &mut Workspace<f64>,
    ) {
        let mut log_det: f64 = cotangent.log_det.row(0).iter().sum();
        if self.mistake == Mistake::Gradient {
            log_det = 0.0;
        }
        if self.mistake == Mistake::Sums {
            sums.fill(0.0);
        }
        for i in 0..DIM {
            let scale = self.values[i].exp();
            let bars = cotangent.points.row_mut(i);
            let along: f64 = bars.iter().zip(tape.row(i)).map(|(bar, z)| bar * z).sum();
            let total: f64 = bars.iter().sum();
            match way {
                Direction::Forward => {
                    sums[i] += scale * along + log_det;
                    sums[DIM + i] += total;
                    bars.iter_mut().for_each(|bar| *bar *= scale);
                }
                Direction::Inverse => {
                    sums[i] -= along + log_det;
                    sums[DIM + i] -= total / scale;
                    bars.iter_mut().for_each(|bar| *bar /= scale);
                }
            }
        }
    }
}

fn some_points() -> DMatrix<f64> {
    dmatrix![0.5, -1.0, 2.0; 0.25, 1.5, -0.75]
}

type Verdict = std::result::Result<(), Violation>;

/// Every law on a layer, by itself.
fn verdicts(mistake: Mistake) -> [(Law, Verdict); 6] {
    let (flow, points, tolerances) = (Affine::new(mistake), some_points(), Tolerances::of::<f64>());
    [
        (Law::Inverse, inverse_law(&flow, &points, None, &tolerances)),
        (Law::LogDet, log_det_law(&flow, &points, None, &tolerances)),
        (Law::Composition, composition_law(&flow, &flow, &points, None, &tolerances)),
        (Law::Density, density_law::<f64, _>(&flow, None, 1, &tolerances)),
        (Law::Batch, batch_law(&flow, &points, None, &tolerances)),
        (Law::Gradient, gradient_law(&flow, &points, None, &tolerances)),
    ]
}

/// The violation by one law, while the laws in `others` are the only others that may be broken.
fn caught(mistake: Mistake, law: Law, others: &[Law]) -> Violation {
    let mut found = None;
    for (which, verdict) in verdicts(mistake) {
        match verdict {
            Ok(()) => assert_ne!(which, law, "{mistake:?} was not caught"),
            Err(violation) => {
                assert_eq!(violation.law(), which);
                assert!(which == law || others.contains(&which), "{mistake:?}: {violation}");
                if which == law {
                    found = Some(violation);
                }
            }
        }
    }
    found.expect("caught above")
}

#[test]
fn a_correct_layer_obeys_every_law() {
    for (law, verdict) in verdicts(Mistake::None) {
        assert!(verdict.is_ok(), "{law}: {}", verdict.unwrap_err());
    }
    let checked = check_trainable(&Affine::new(Mistake::None)).expect("correct");
    assert_eq!(checked.laws().len(), 6);
    assert!(checked.to_string().contains("gradient         holds in 4 random cases"), "{checked}");
    assert!(check_flow::<f32, _>(&Affine::new(Mistake::None)).is_ok());
}

#[test]
fn a_wrong_log_determinant_is_caught_with_both_numbers() {
    let violation = caught(Mistake::LogDet, Law::LogDet, &[Law::Density, Law::Gradient]);
    let difference = violation.difference().expect("two numbers");
    assert_eq!(difference.place, Place::LogDet { column: 0 });
    assert!((difference.found - 0.4).abs() < 1e-15 && (difference.expected - 0.1).abs() < 1e-8);
    assert_eq!(violation.point(), [0.5, 0.25]);
    let text = violation.to_string();
    for part in ["log-determinant law is broken, forward", "column 0", "point [0.5, 0.25]", "0.4"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn the_mass_of_a_wrong_density_is_named() {
    let violation = caught(Mistake::LogDet, Law::Density, &[Law::LogDet, Law::Gradient]);
    let difference = violation.difference().expect("two numbers");
    // The density is exp(-0.4) of a map that shrinks volumes by exp(-0.1).
    assert!((difference.found - (-0.3f64).exp()).abs() < 1e-2, "{violation}");
    assert_eq!((difference.expected, &difference.place), (1.0, &Place::Total));
}

#[test]
fn a_log_determinant_that_is_not_added_is_caught_by_composition_alone() {
    let violation = caught(Mistake::Overwritten, Law::Composition, &[]);
    let difference = violation.difference().expect("two numbers");
    assert!((difference.found - 0.1).abs() < 1e-14 && (difference.expected - 0.2).abs() < 1e-14);
}

#[test]
fn a_wrong_inverse_is_caught_with_its_coordinate() {
    let others = [Law::Gradient];
    let violation = caught(Mistake::Inverse, Law::Inverse, &others);
    assert_eq!(violation.direction(), Some(Direction::Forward));
    let difference = violation.difference().expect("two numbers");
    assert_eq!(difference.place, Place::Coordinate { column: 0, row: 0 });
    assert!((difference.error() - 0.7 * (-0.4f64).exp()).abs() < 1e-12, "{violation}");
}

#[test]
fn a_neighbour_that_matters_is_caught_by_the_batch_law() {
    let flow = Affine::new(Mistake::Neighbour);
    let violation = batch_law(&flow, &some_points(), None, &Tolerances::of::<f64>())
        .expect_err("neighbours matter");
    assert_eq!(violation.law(), Law::Batch);
    assert!(violation.difference().is_some_and(|difference| difference.error() < 1e-8));
}

#[test]
fn a_nan_that_arrives_is_caught_by_the_batch_law() {
    let violation = caught(Mistake::Silent, Law::Batch, &[]);
    assert!(violation.to_string().contains("NaN"), "{violation}");
}

#[test]
fn a_wrong_gradient_is_caught_with_the_name_of_the_parameter() {
    let violation = caught(Mistake::Gradient, Law::Gradient, &[]);
    let place = Place::Parameter { name: "log_scale".into(), index: 0 };
    assert_eq!(violation.difference().map(|difference| &difference.place), Some(&place));
    assert!(violation.to_string().contains("log_scale[0]"), "{violation}");
    let violation = caught(Mistake::Sums, Law::Gradient, &[]);
    let difference = violation.difference().expect("two numbers");
    let ratio = difference.found / difference.expected;
    assert!((ratio - 0.5).abs() < 1e-6, "overwritten sums are half of what they should be");
}

#[test]
fn counterexamples_are_few_and_round() {
    let violation =
        check_flow::<f64, _>(&Affine::new(Mistake::LogDet)).expect_err("a wrong log-determinant");
    assert_eq!((violation.law(), violation.column()), (Law::LogDet, Some(0)));
    assert_eq!(violation.point(), [0.0, 0.0], "{violation}");
    let violation = Checks::new()
        .only([Law::Inverse])
        .flow::<f64, _>(&Affine::new(Mistake::Panic))
        .expect_err("panics far out");
    assert!(matches!(violation.cause(), Cause::Panicked(what) if what.contains("too far out")));
    // A parameter is no column, but what is left is a single one.
    let violation = Checks::new()
        .only([Law::Gradient])
        .trainable(&Affine::new(Mistake::Gradient))
        .expect_err("a wrong gradient");
    assert_eq!((violation.column(), violation.point().len()), (None, 2), "{violation}");
    assert!(violation.to_string().contains("  point ["), "{violation}");
}

/// A flow whose dimension is that of another.
struct Confused;

impl Flow<f64> for Confused {
    fn dim(&self) -> usize {
        2
    }

    fn check(&self) -> Result<()> {
        Err(liouville::Error::setting("it cannot work"))
    }

    fn follow_packet(&self, _: Direction, _: &mut Packet<f64>, _: &mut Workspace<f64>) {}
}

#[test]
fn a_flow_that_refuses_and_a_column_that_fails_are_violations() {
    let violation = inverse_law(&Confused, &some_points(), None, &Tolerances::of::<f64>())
        .expect_err("it refuses");
    assert!(matches!(violation.cause(), Cause::Refused(error) if error.is_setting()));
    let explosive = field::autonomous::<1, _>(|x| [x[0] * x[0] * 4.0]);
    let flow = ContinuousFlow::new(explosive);
    let points = dmatrix![0.1, 1.0];
    let violation =
        inverse_law(&flow, &points, None, &Tolerances::within::<f64>(1e-3)).expect_err("blows up");
    assert_eq!((violation.column(), violation.point()), (Some(1), &[1.0][..]));
    assert!(matches!(violation.cause(), Cause::Failed { column: 1, .. }), "{violation}");
}

/// A flow with a log-determinant that is off by a tenth.
struct Off<F>(F);

impl<F: Flow<f64>> Flow<f64> for Off<F> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn follow_packet(&self, w: Direction, p: &mut Packet<f64>, s: &mut Workspace<f64>) {
        self.0.follow_packet(w, p, s);
        if p.track == Track::LogDet {
            p.log_det.values_mut().iter_mut().for_each(|value| *value += 0.1);
        }
    }
}

#[test]
fn flows_onto_a_support_are_checked_inside() {
    let flow = Constrain::new().then(positive(2)).then(simplex(3).expect("three"));
    let checks = Checks::new().tails(5.0);
    let checked = checks.trainable::<f64, _>(&flow).expect("correct");
    assert_eq!(checked.laws().len(), 6);
    let violation = checks.only([Law::LogDet]).flow(&Off(flow.clone())).expect_err("off");
    let error = violation.difference().map(|difference| difference.error());
    assert!(error.is_some_and(|error| (error - 0.1).abs() < 1e-6), "{violation}");
    // From the data as well as from the base.
    let (points, tolerances) = (dmatrix![-1.0; 2.0; 0.3; 0.9], Tolerances::of::<f64>());
    assert!(inverse_law(&Inverted::new(flow), &points, None, &tolerances).is_ok());
}

#[test]
fn densities_in_more_dimensions_are_integrated_by_samples() {
    let wide = field::Linear::new(DMatrix::from_fn(4, 4, |i, j| 0.3 * (i as f64 - j as f64)));
    let flow = ContinuousFlow::new(wide.expect("square")).tolerance(1e-8);
    let tolerances = Tolerances::of::<f64>();
    for seed in 0..3 {
        let checked = density_law::<f64, _>(&flow, None, seed, &tolerances);
        assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }
    let violation = density_law::<f64, _>(&Off(flow), None, 1, &tolerances).expect_err("off");
    let difference = violation.difference().expect("two numbers");
    assert!((difference.found - 0.1f64.exp()).abs() < difference.bound, "{violation}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn points_are_of_the_kinds_that_were_asked_for(
        points in strategies::points::<f32>(3).columns(5).tails(1e6),
    ) {
        prop_assert!(points.nrows() == 3 && (1..=5).contains(&points.ncols()));
        prop_assert!(points.iter().all(|x| x.is_finite() && x.abs() <= 1.0001e6));
    }

    #[test]
    fn fields_have_the_sizes_that_were_asked_for(
        linear in strategies::linear::<f64>(2),
        radial in strategies::radial::<f64>(4, strategies::Size::Extreme),
        network in strategies::mlp::<f32>(3, 1),
    ) {
        prop_assert_eq!(VectorField::dim(&linear), 2);
        prop_assert_eq!(VectorField::dim(&radial), 4);
        prop_assert_eq!((VectorField::dim(&network), VectorField::context_dim(&network)), (3, 1));
    }
}
