//! Steps that spoil a run are taken back, and those that are not to blame are not.

use std::ops::ControlFlow;

use liouville::diagnose::Summary;
use liouville::error::Result;
use liouville::outcome::Effort;
use liouville::parameters::{Fixed, Layout};
use liouville::train::{
    Event, Happening, Loss, MiniBatch, Objective, Observed, Optimizer, OptimizerState, Pool,
    Report, Schedule, Snapshot, StepReport, Task, Trainable, Trainer, Trouble,
};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// One parameter.
#[derive(Debug, Clone)]
struct Point(f64);

impl Trainable<f64> for Point {
    fn dim(&self) -> usize {
        1
    }

    fn context_dim(&self) -> usize {
        0
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn layout(&self) -> Layout {
        Layout::of([("w", &[1])])
    }

    fn parameters(&self) -> Vec<f64> {
        vec![self.0]
    }

    fn set_parameters(&mut self, values: &[f64]) -> Result<()> {
        self.layout().check(values)?;
        self.0 = values[0];
        Ok(())
    }
}

impl Observed<f64> for Point {
    fn observe(&self, step: usize, report: &StepReport, _: [&DMatrix<f64>; 2]) -> Result<Snapshot> {
        let nothing = Summary::of(&[]);
        Ok(Snapshot {
            step,
            loss: report.loss,
            gradient_norm: report.gradient_norm,
            log_det: nothing,
            inverse_error: 0.0,
            condition: 1.0,
            failed: 0,
        })
    }
}

/// Steps along the gradient.
#[derive(Debug, Clone)]
struct Descent;

impl Optimizer<f64> for Descent {
    type State = Self;

    fn learning_rate(&self, _: &Task) -> f64 {
        1.0
    }

    fn start(&self, _: &Layout, _: &Task) -> Self {
        Self
    }
}

impl OptimizerState<f64> for Descent {
    fn step(&mut self, rate: f64, parameters: &mut [f64], gradient: &[f64]) {
        parameters.iter_mut().zip(gradient).for_each(|(value, slope)| *value -= rate * slope);
    }

    fn arrays(&self) -> Vec<Fixed> {
        Vec::new()
    }

    fn restore(&mut self, _: &[Fixed]) -> Result<()> {
        Ok(())
    }
}

/// w² / 2 plus the mean of the samples, with a field that is stiff where |w| exceeds a number.
#[derive(Debug, Clone)]
struct Bowl {
    stiff_beyond: f64,
}

impl Objective<f64, Point> for Bowl {
    type Memory = ();

    fn name(&self) -> &'static str {
        "height"
    }

    fn loss(&self, model: &Point, batch: MiniBatch<'_, f64>, _: &Pool<f64, ()>) -> Result<Loss> {
        let each = if model.0.abs() > self.stiff_beyond { 800 } else { 20 };
        let evaluations = each * batch.points.ncols() as u64;
        let effort = Effort { evaluations, ..Effort::default() };
        let value = 0.5 * model.0 * model.0 + batch.points.mean();
        Ok(Loss { value, effort, ..Loss::default() })
    }

    fn gradient(
        &self,
        model: &Point,
        batch: MiniBatch<'_, f64>,
        pool: &Pool<f64, ()>,
        gradient: &mut [f64],
    ) -> Result<Loss> {
        gradient[0] = model.0;
        self.loss(model, batch, pool)
    }
}

fn trainer(bowl: Bowl, rate: f64) -> Trainer<Bowl, Descent> {
    let trainer = Trainer::new(bowl).optimizer(Descent).learning_rate(rate).clip(f64::INFINITY);
    let trainer = trainer.schedule(Schedule { warm_up: 0, ..Schedule::default() });
    trainer.steps(400).batch(10).average(0.0).quiet()
}

fn run(bowl: Bowl, rate: f64, start: f64, data: &DMatrix<f64>) -> (Report, f64) {
    let mut model = Point(start);
    let report = trainer(bowl, rate).fit(&mut model, data, &mut StdRng::seed_from_u64(1));
    (report.expect("trains"), model.0)
}

fn refusals(report: &Report) -> Vec<(usize, &Event, &Trouble)> {
    let refused = |event| match event {
        &Event { what: Happening::Refused { to, ref why, .. }, .. } => Some((to, event, why)),
        _ => None,
    };
    report.events.iter().filter_map(refused).collect()
}

fn sound(report: &Report) {
    assert_eq!(report.steps.len(), 400);
    assert!(report.checks.windows(2).all(|pair| pair[0].step < pair[1].step));
    assert!(report.best.is_some_and(|best| report.checks.contains(&best)));
    for (to, event, _) in refusals(report) {
        assert!(to <= event.step && to % 16 == 0, "{event}");
        assert!(report.to_string().contains(&event.to_string()));
    }
}

/// Descent on w² / 2 goes astray where the rate exceeds two: every step multiplies w by 1 - rate.
#[test]
fn a_rate_that_leads_astray_is_halved_until_it_does_not() {
    let data = DMatrix::zeros(1, 100);
    for rate in [2.5, 9.0] {
        let bowl = Bowl { stiff_beyond: f64::INFINITY };
        let (report, end) = run(bowl, rate, 1.0, &data);
        sound(&report);
        let found = refusals(&report);
        assert!(found.iter().all(|(.., why)| matches!(why, Trouble::Jumped { .. })), "{found:?}");
        let last = report.curve(|step| step.learning_rate).1[200];
        assert!(!found.is_empty() && last == rate * 0.5f64.powi(found.len() as i32));
        assert!(last < 2.0 && end.abs() < 1e-3, "{last}, {end}");
    }
    // No trouble, no refusal.
    let (report, _) = run(Bowl { stiff_beyond: f64::INFINITY }, 1.5, 1.0, &data);
    assert!(report.events.is_empty());
}

/// From 1e150 one step leads to infinity at any rate that is left after six halvings.
#[test]
fn what_is_refused_over_and_over_is_an_error_with_the_curves_up_to_there() {
    let (data, mut model) = (DMatrix::zeros(1, 100), Point(1e150));
    let trainer = trainer(Bowl { stiff_beyond: f64::INFINITY }, 1e200);
    let error = trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(1)).expect_err("never");
    assert!(error.is_training() && error.to_string().contains("refused"), "{error}");
    let report = Report::of(&error).expect("it began");
    let found = refusals(report);
    assert_eq!(found.len(), 6);
    assert!(found.iter().all(|(.., why)| matches!(why, Trouble::Failed { .. })), "{found:?}");
    assert_eq!(model.0, 1e150);
}

#[test]
fn a_stiff_field_is_left() {
    // It grows by a fifth in every step, and reaches two after twenty.
    let (report, end) = run(Bowl { stiff_beyond: 2.0 }, 2.2, 0.05, &DMatrix::zeros(1, 100));
    sound(&report);
    let found = refusals(&report);
    assert!(!found.is_empty());
    assert!(found.iter().all(|(.., why)| matches!(why, Trouble::Stiff { .. })), "{found:?}");
    assert!(end.abs() < 1e-3 && report.steps.iter().all(|step| step.evaluations < 150.0));
}

/// A mini-batch whose loss is far above that of others whatever the parameters blames no step.
#[test]
fn samples_that_are_far_out_are_not_blamed_on_steps() {
    let data = DMatrix::from_fn(1, 100, |_, j| if j % 25 == 7 { 1e5 } else { 0.0 });
    let (report, end) = run(Bowl { stiff_beyond: f64::INFINITY }, 0.1, 1.0, &data);
    sound(&report);
    assert!(report.events.is_empty(), "{:?}", report.events);
    assert!(end.abs() < 1e-3 && report.steps.iter().any(|step| step.loss > 1e3));
}

/// What was taken back before or after a checkpoint changes nothing.
#[test]
fn a_run_that_goes_back_can_be_interrupted_anywhere() {
    let data = DMatrix::zeros(1, 100);
    let trainer = trainer(Bowl { stiff_beyond: f64::INFINITY }, 9.0);
    let (mut model, mut taken) = (Point(1.0), Vec::new());
    let report = trainer.monitor(1).fit(&mut model, &data, &mut StdRng::seed_from_u64(1), |view| {
        if view.step % 5 == 0 && view.step < 80 {
            taken.push(view.checkpoint());
        }
        ControlFlow::Continue(())
    });
    let report = report.expect("trains");
    assert!(!report.events.is_empty() && taken.len() > 16, "some steps were taken twice");
    for checkpoint in taken {
        let mut resumed = Point(1.0);
        let found = trainer.resume(&checkpoint, &mut resumed, &data).expect("fits");
        assert_eq!(resumed.0.to_bits(), model.0.to_bits(), "from step {}", checkpoint.steps());
        assert_eq!(found.events, report.events);
    }
}
