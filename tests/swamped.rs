//! A law in `f32` takes a point that is reported as saturated, and neither a wrong answer nor an excuse.

use liouville::flow::Packet;
use liouville::ode::Workspace;
use liouville::outcome::{Failure, Outcome, Reason};
use liouville::prelude::*;
use liouville_testing::{Cause, Checks, Failures, Law, Tolerances, Violation, inverse_law};
use nalgebra::{DMatrix, dmatrix};

/// What a map says of the points that its shift swamps.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    /// They arrived.
    Nothing,
    /// They saturate.
    Saturated,
    /// The step became too small.
    AnotherReason,
    /// Every point saturates.
    Excuses,
}

/// y = (x₀, x₁ + x₀⁸), or x₁ + 10¹⁶ where that is less, as far as the scalar holds it.
struct Shear(Says);

impl<T: Real> Flow<T> for Shear {
    fn dim(&self) -> usize {
        2
    }

    fn follow_packet(&self, way: Direction, packet: &mut Packet<T>, _: &mut Workspace<T>) {
        for lane in 0..packet.points.lanes() {
            let [first, start] = [0, 1].map(|row| packet.points.row(row)[lane]);
            let shift = T::of(first.wide().powi(8).min(1e16));
            let shift = if way == Direction::Forward { shift } else { -shift };
            let end = start + shift;
            packet.points.row_mut(1)[lane] = end;
            let lost = ((end - shift) - start).abs() > T::of(2e-3);
            let reason = match self.0 {
                Says::Excuses => Some(Reason::Saturated { coordinate: 1 }),
                Says::Saturated if lost => Some(Reason::Saturated { coordinate: 1 }),
                Says::AnotherReason if lost => Some(Reason::StepUnderflow),
                _ => None,
            };
            let Some(outcome) = packet.outcomes.get_mut(lane) else { continue };
            match reason {
                Some(reason) if outcome.arrived() => {
                    *outcome = Outcome::Failed(Failure { reason, t: 0.0, step: 0.0 });
                }
                _ => {}
            }
        }
    }
}

fn points() -> DMatrix<f32> {
    dmatrix![0.5, -1.0, 30.0; 0.25, 1.5, 2.9]
}

fn verdict(says: Says, failures: Failures) -> Result<(), Violation> {
    let tolerances = Tolerances { failures, ..Tolerances::of::<f32>() };
    inverse_law(&Shear(says), &points(), None, &tolerances)
}

#[test]
fn what_is_lost_is_right_or_reported_as_saturated() {
    for failures in [Failures::Forbidden, Failures::Unsaturated, Failures::Reported] {
        let silent = verdict(Says::Nothing, failures).expect_err("a wrong answer");
        let found = silent.difference().expect("two numbers");
        assert_eq!((silent.column(), found.found, found.expected), (Some(2), 0.0, 2.9_f32.into()));
    }
    assert!(verdict(Says::Saturated, Failures::Unsaturated).is_ok());
    let failed = |verdict: Result<(), Violation>| {
        verdict.is_err_and(|violation| matches!(violation.cause(), Cause::Failed { column: 2, .. }))
    };
    assert!(failed(verdict(Says::Saturated, Failures::Forbidden)));
    // Another reason is no answer to where the point went.
    assert!(failed(verdict(Says::AnotherReason, Failures::Unsaturated)));
}

#[test]
fn a_map_by_which_everything_saturates_has_shown_nothing() {
    let violation = verdict(Says::Excuses, Failures::Unsaturated).expect_err("nothing arrived");
    assert!(matches!(violation.cause(), Cause::Unresolved { .. }), "{violation}");
    let checks = Checks::new().only([Law::Inverse]).tails(1e6);
    let checked = checks.flow::<f32, _>(&Shear(Says::Excuses)).expect("no wrong answer");
    assert_eq!(checked.laws(), [(Law::Inverse, 0)]);
    assert_eq!(checked.unresolved(), [(Law::Inverse, 16)]);
}

#[test]
fn checks_in_single_precision_bear_saturation_far_out_and_nothing_else() {
    let checks = Checks::new().only([Law::Inverse, Law::Batch]).cases(64).tails(1e6);
    let checked = checks.flow::<f32, _>(&Shear(Says::Saturated)).expect("right or reported");
    assert!(checked.laws().iter().all(|(_, held)| *held > 0), "{checked}");
    let silent = checks.flow::<f32, _>(&Shear(Says::Nothing)).expect_err("a wrong answer");
    assert!(silent.difference().is_some(), "{silent}");
    let other = checks.flow::<f32, _>(&Shear(Says::AnotherReason)).expect_err("another reason");
    assert!(matches!(other.cause(), Cause::Failed { .. }), "{other}");
    // Double precision has no such leave.
    let double = checks.flow::<f64, _>(&Shear(Says::Saturated)).expect_err("forbidden in f64");
    assert!(matches!(double.cause(), Cause::Failed { .. }), "{double}");
}
