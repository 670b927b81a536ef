//! A report shows no loss that a tight solve does not bear out.

use liouville::prelude::*;
use liouville::train::{Happening, MaximumLikelihood, Report, Warning};
use nalgebra::{DMatrix, dmatrix};
use rand::SeedableRng;
use rand::rngs::StdRng;

const RATE: f64 = -4.0;
const X: f64 = 0.05;

/// -log p of every sample under x' = -4x from a standard normal: z = x e⁴, and ln |dz/dx| = 4.
fn truth() -> f64 {
    let z = X * (-RATE).exp();
    0.5 * z * z + 0.5 * std::f64::consts::TAU.ln() + RATE
}

/// One step that changes next to nothing, on equal samples.
fn train<S>(
    solver: S,
    set: impl FnOnce(Trainer<MaximumLikelihood>) -> Trainer<MaximumLikelihood>,
) -> (Report, f64)
where
    S: liouville::ode::Recording<f64> + Clone,
{
    let field = field::Linear::new(dmatrix![RATE]).expect("square");
    let flow = ContinuousFlow::new(field).solver(solver);
    let mut model = StandardNormal::new(1).pushed_by(flow);
    let data = DMatrix::from_element(1, 700, X);
    let trainer = set(Trainer::maximum_likelihood()).steps(1).learning_rate(1e-9).quiet();
    let report = trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(1)).expect("trains");
    (report, -model.log_prob(&data).expect("arrives")[0])
}

fn tightened(report: &Report) -> Vec<(usize, [f64; 4])> {
    let found = |event: &liouville::train::Event| match event.what {
        Happening::Tightened { from, to, loose, tight } => {
            Some((event.step, [from, to, loose, tight]))
        }
        _ => None,
    };
    report.events.iter().filter_map(found).collect()
}

#[test]
fn what_a_rough_solver_gives_is_not_shown_but_warned_of() {
    for (rough, name) in [(automatic().tolerance(0.5), "loose"), (automatic(), "fine")] {
        let (report, own) = train(rough, |trainer| trainer);
        let shown = report.best.expect("held out").loss;
        assert!((shown - truth()).abs() < 1e-3, "{name}: {shown}, {}", truth());
        let differs = (own - truth()).abs() > 0.02;
        assert_eq!(differs, name == "loose", "{own}");
        assert_eq!(report.warnings.iter().any(is_inaccurate), differs, "{name}");
    }
    let (report, own) = train(rk4(1), |trainer| trainer);
    let shown = report.best.expect("held out").loss;
    assert!((shown - truth()).abs() < 1e-3 && (own - truth()).abs() > 0.5, "{shown}, {own}");
    let warned = report.warnings.iter().find(|warning| is_inaccurate(warning)).expect("one");
    let Warning::Inaccurate { own: by_itself, tight, tolerance } = *warned else { unreachable!() };
    assert!((by_itself - own).abs() < 1e-9 && (tight - truth()).abs() < 1e-3 && tolerance <= 1e-4);
    let text = report.to_string();
    assert!(text.contains(&format!("{own:.4}")) && text.contains(&format!("{tight:.4}")), "{text}");
}

fn is_inaccurate(warning: &Warning) -> bool {
    matches!(warning, Warning::Inaccurate { .. })
}

#[test]
fn training_that_is_too_loose_is_tightened_with_and_without_held_out_samples() {
    for share in [0.1, 0.0] {
        let loose = |trainer: Trainer<MaximumLikelihood>| trainer.held_out(share).tolerance(0.5);
        let (report, _) = train(automatic(), loose);
        let found = tightened(&report);
        assert_eq!(found[0].0, 0, "at the first check: {found:?}");
        for (k, &(_, [from, to, loose, tight])) in found.iter().enumerate() {
            assert!(
                (from - 0.5 * 0.1f64.powi(k as i32)).abs() < 1e-9 && (to - 0.1 * from).abs() < 1e-9
            );
            assert!((tight - truth()).abs() < 1e-3 && (loose - tight).abs() > 0.02, "{found:?}");
        }
        assert_eq!(report.checks.is_empty(), share == 0.0);
        assert!(report.to_string().contains("training tolerance 5e-1 -> 5e-2"), "{report}");
        // What is fine enough is left alone.
        let fine = |trainer: Trainer<MaximumLikelihood>| trainer.held_out(share);
        assert!(tightened(&train(automatic(), fine).0).is_empty());
    }
}
