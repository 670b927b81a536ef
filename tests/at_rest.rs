//! Coordinates that rest at zero but for rounding cost what others cost.

use std::f64::consts::TAU;

use liouville::flow::{Flow, Moved};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix};

/// Evaluations of the costliest column; every column must arrive.
fn dearest<T: Real>(moved: &Moved<T>) -> u64 {
    for (j, outcome) in moved.outcomes.iter().enumerate() {
        assert!(outcome.arrived(), "column {j}: {outcome:?}");
    }
    moved.efforts.iter().map(|effort| effort.evaluations).max().unwrap_or(0)
}

#[test]
fn a_fixed_point_whose_velocity_is_rounding_is_reached() {
    for rate in [20.0, 50.0] {
        // 2π added and taken off again leaves a velocity of some 1e-15 at zero.
        let falling = field::autonomous::<1, _>(move |[x]| [(x + TAU).sin() * -rate]);
        for tolerance in [1e-5, 1e-7] {
            let flow = ContinuousFlow::new(falling.clone()).tolerance(tolerance);
            let moved = flow.follow(Direction::Forward, &dmatrix![0.5f64, 0.0], None);
            let moved = moved.expect("a valid shape");
            assert!(dearest(&moved) < 2000, "{rate} at {tolerance:e}: {}", dearest(&moved));
            // The closed form is 2 arctan(tan(1/4) e^(-rate)).
            assert!(moved.points.amax() < 2.2 * (0.25f64.tan() * (-rate).exp()) + 1e-12);
        }
    }
}

#[test]
fn a_coordinate_that_does_nothing_costs_nothing() {
    let idle = field::time_dependent::<2, _>(|t, [x, _]| {
        let (sin, cos) = ((t * 5.0).sin(), (t * 5.0).cos());
        [x * 0.5, sin * sin + cos * cos - 1.0]
    });
    for tolerance in [1e-3, 1e-5, 1e-9] {
        let flow = ContinuousFlow::new(idle.clone()).tolerance(tolerance);
        let start = dmatrix![1.0f64; 0.0];
        let moved = flow.follow(Direction::Forward, &start, None).expect("a valid shape");
        assert!(dearest(&moved) < 300, "{tolerance:e}: {}", dearest(&moved));
        assert!((moved.points[0] - 0.5f64.exp()).abs() < 100.0 * tolerance);
    }
}

#[test]
fn a_ramp_that_begins_far_ahead_is_not_followed_from_its_first_digit() {
    // x' grows from 1e-20 like e^(100 t) before it is worth a step.
    let ramp = field::time_dependent::<1, _>(|t, [_]| {
        let side = |shift: f64| ((t - 0.6 + shift) * 50.0).tanh();
        [(side(0.02) - side(-0.02)) * 12.5]
    });
    let flow = ContinuousFlow::new(ramp).tolerance(1e-5);
    let moved = flow.follow(Direction::Forward, &DMatrix::<f64>::zeros(1, 1), None);
    let moved = moved.expect("a valid shape");
    assert!(dearest(&moved) < 1000, "{}", dearest(&moved));
    assert!((moved.points[0] - 1.0).abs() < 1e-3, "{}", moved.points[0]);
}
