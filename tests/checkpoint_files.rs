//! Checkpoints as files: a process is killed at any moment, a disk is full, a flag is raised, files are changed.

use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use liouville::description::Kinds;
use liouville::prelude::*;
use liouville::save::Save;
use liouville::train::{
    Checkpoint, Checkpoints, MaximumLikelihood, Report, Schedule, Stop, Trainable,
};
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::changed::{cases, changed};

type Couplings = Pushforward<StandardNormal, Chain<f32>>;

/// A folder of its own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("liouville-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a folder").map(|entry| entry.expect("one"));
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn rng() -> StdRng {
    let seed = rand::random();
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

fn moons() -> DMatrix<f32> {
    data::two_moons(0.1).sample(200, &mut StdRng::seed_from_u64(1)).expect("valid")
}

fn untrained() -> Couplings {
    let mut rng = StdRng::seed_from_u64(2);
    let flow = Stack::real_nvp(2).layers(2).hidden([8]).build(&mut rng).expect("valid sizes");
    StandardNormal::new(2).pushed_by(flow)
}

fn trainer(steps: usize) -> Trainer<MaximumLikelihood> {
    let schedule = Schedule { warm_up: 5, ..Schedule::default() };
    Trainer::maximum_likelihood().steps(steps).batch(16).check_every(23).schedule(schedule).quiet()
}

fn fit(trainer: &Trainer<MaximumLikelihood>) -> (Couplings, liouville::Result<Report>) {
    let mut model = untrained();
    let report = trainer.fit(&mut model, &moons(), &mut StdRng::seed_from_u64(3));
    (model, report)
}

/// The run that is killed: its steps, and how far apart checkpoints are.
const STEPS: usize = 500;
const EVERY: usize = 5;
/// What tells a process that it is the one to be killed, and where.
const VICTIM: &str = "LIOUVILLE_TEST_VICTIM";

/// Trains where it is told to, and nothing otherwise; says after every step how many were taken.
#[test]
fn victim() {
    let Ok(folder) = std::env::var(VICTIM) else { return };
    let mut said = fs::File::create(Path::new(&folder).join("said")).expect("a file");
    let kept = Checkpoints::to(Path::new(&folder).join("kept")).every_steps(EVERY).resuming();
    let (data, mut model) = (moons(), untrained());
    let run = trainer(STEPS).checkpoints(kept).monitor(1);
    run.fit(&mut model, &data, &mut StdRng::seed_from_u64(3), |view| {
        said.write_all(&(view.step as u32).to_le_bytes()).expect("written");
        ControlFlow::Continue(())
    })
    .expect("trains");
}

/// The steps of which a process spoke last.
fn said(folder: &Path) -> usize {
    let bytes = fs::read(folder.join("said")).unwrap_or_default();
    let last = bytes.as_chunks::<4>().0.last();
    last.map_or(0, |last| u32::from_le_bytes(*last) as usize)
}

/// Trains in a process of its own, and kills that at a random moment.
fn kill(folder: &Path, rng: &mut StdRng) {
    fs::remove_file(folder.join("said")).ok();
    let program = std::env::current_exe().expect("a program");
    let mut process = Command::new(program)
        .args(["--exact", "checkpoint_files::victim", "--nocapture"])
        .env(VICTIM, folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    let start = Instant::now();
    while said(folder) == 0 && start.elapsed() < Duration::from_secs(60) {
        assert!(process.try_wait().expect("a state").is_none_or(|status| status.success()));
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_micros(rng.random_range(0..80_000)));
    process.kill().expect("killed");
    process.wait().expect("dead");
}

#[test]
fn a_process_may_be_killed_at_any_moment() {
    let (folder, mut rng) = (Folder::new("killed"), rng());
    let kept = folder.0.join("kept");
    let (whole, report) = fit(&trainer(STEPS));
    assert_eq!(report.expect("trains").steps.len(), STEPS);
    let (mut moments, mut lost) = (Vec::new(), 0);
    for _ in 0..50 {
        if moments.last().is_some_and(|last| last + 60 > STEPS) {
            fs::remove_dir_all(&kept).expect("removed");
        }
        kill(&folder.0, &mut rng);
        let taken = said(&folder.0);
        let newest = Checkpoint::<f32>::newest(&kept).expect("readable");
        let safe = newest.as_ref().map_or(0, Checkpoint::steps);
        moments.push(taken);
        lost = lost.max(taken - safe);
        if let Some(checkpoint) = newest {
            let mut model = untrained();
            let report = trainer(STEPS).resume(&checkpoint, &mut model, &moons()).expect("fits");
            assert_eq!(report.steps.len(), STEPS);
            assert!(model.parameters() == whole.parameters(), "killed after {taken} steps");
        }
    }
    println!("killed after {moments:?} steps, at most {lost} were lost");
    assert!(lost <= EVERY, "{lost} steps were lost");
    // What a killed process left half written is cleared away.
    fs::write(kept.join(".step-00000005.safetensors.aBc123"), "half").expect("written");
    let keep = Checkpoints::to(&kept).every_steps(EVERY).resuming();
    let (model, report) = fit(&trainer(STEPS).checkpoints(keep));
    assert_eq!(report.expect("trains").steps.len(), STEPS);
    assert!(model.parameters() == whole.parameters());
    assert_eq!(Folder(kept).names(), ["step-00000495.safetensors", "step-00000500.safetensors"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_ends_in_an_error_and_leaves_the_last_checkpoint() {
    let folder = Folder::new("full");
    let kept = Checkpoints::to(&folder.0).every_steps(10);
    let run = trainer(60).checkpoints(kept).monitor(1);
    let (mut model, data) = (untrained(), moons());
    let error = run.fit(&mut model, &data, &mut StdRng::seed_from_u64(3), |view| {
        if view.step == 35 {
            // From here on there is no room for what is written.
            let next = folder.0.join("step-00000040.safetensors");
            std::os::unix::fs::symlink("/dev/full", next).expect("linked");
        }
        ControlFlow::Continue(())
    });
    let error = error.expect_err("no room");
    assert!(error.is_file(), "{error:?}");
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::StorageFull), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("after 40 steps") && text.contains("step-00000040"), "{text}");
    let report = Report::of(&error).expect("it began");
    assert_eq!((report.steps.len(), report.stop), (40, Stop::Failed));
    let best = report.best.expect("checks were made");
    assert!(best.step > 0 && model.parameters() != untrained().parameters());
    let checkpoint = Checkpoint::<f32>::newest(&folder.0).expect("readable").expect("kept");
    assert_eq!(checkpoint.steps(), 30);
    let mut resumed = untrained();
    trainer(60).resume_from(&folder.0, &mut resumed, &data).expect("goes on");
    assert!(resumed.parameters() == fit(&trainer(60)).0.parameters());
}

/// For a folder on a disk that is nearly full.
#[test]
#[ignore = "needs a small disk: LIOUVILLE_SMALL_DISK"]
fn a_small_disk_fills_up() {
    let place = std::env::var("LIOUVILLE_SMALL_DISK").expect("a folder");
    let folder = Path::new(&place).join("kept");
    let kept = Checkpoints::to(&folder).every_steps(5).keep(1000);
    let (model, report) = fit(&trainer(500).checkpoints(kept));
    let error = report.expect_err("no room");
    println!("{error}");
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::StorageFull));
    assert!(model.parameters() != untrained().parameters());
    let checkpoint = Checkpoint::<f32>::newest(&folder).expect("readable").expect("kept");
    let taken = Report::of(&error).expect("it began").steps.len();
    assert_eq!(checkpoint.steps() + 5, taken);
    assert_eq!(Folder(folder).names().len(), taken / 5 - 1);
}

#[test]
fn the_last_ones_stay_and_time_counts_too() {
    let folder = Folder::new("last");
    let kept = Checkpoints::to(&folder.0).every_steps(4).keep(3);
    fit(&trainer(30).checkpoints(kept.clone())).1.expect("trains");
    let names = ["step-00000024.safetensors", "step-00000028.safetensors"];
    assert_eq!(folder.names()[..2], names);
    assert_eq!(folder.names()[2..], ["step-00000030.safetensors"], "the end is kept, too");
    assert_eq!(kept.files().expect("a folder").len(), 3);
    // A damaged file is passed over: from the one before, the run is the same.
    fs::write(folder.0.join("step-00000030.safetensors"), "damaged").expect("written");
    let newest = Checkpoint::<f32>::newest(&folder.0).expect("readable").expect("kept");
    assert_eq!((newest.steps(), newest.ended()), (28, None));
    let other = Folder::new("time");
    let often = Checkpoints::to(&other.0).every_minutes(1e-9).keep(100);
    fit(&trainer(7).checkpoints(often)).1.expect("trains");
    assert_eq!(other.names().len(), 7);
    let seldom = Checkpoints::to(other.0.join("none"));
    fit(&trainer(7).checkpoints(seldom)).1.expect("trains");
    assert_eq!(Folder(other.0.join("none")).names(), ["step-00000007.safetensors"]);
}

#[test]
fn a_run_that_has_ended_is_not_done_again() {
    let folder = Folder::new("ended");
    let patient = |steps: usize| trainer(steps).check_every(3).patience(2).learning_rate(0.3);
    let kept = Checkpoints::to(&folder.0).every_steps(1000).resuming();
    let (model, report) = fit(&patient(400).checkpoints(kept.clone()));
    let report = report.expect("trains");
    assert_eq!(report.stop, Stop::Early);
    let last = Checkpoint::<f32>::newest(&folder.0).expect("readable").expect("kept");
    assert_eq!((last.steps(), last.ended()), (report.steps.len(), Some(Stop::Early)));
    // The same seconds of the same steps: none was taken.
    let (again, found) = fit(&patient(400).checkpoints(kept.clone()));
    assert_eq!(found.expect("is over"), report);
    assert!(again.parameters() == model.parameters());
    kept.clear().expect("removed");
    assert!(!folder.0.exists());
}

#[test]
fn a_run_is_not_mistaken_for_another() {
    let folder = Folder::new("another");
    let kept = Checkpoints::to(&folder.0).every_steps(10);
    let (whole, _) = fit(&trainer(30).checkpoints(kept.clone()));
    let error = fit(&trainer(30).checkpoints(kept.clone())).1.expect_err("there is one");
    assert!(error.is_setting() && error.to_string().contains("resuming"), "{error}");
    let other = trainer(31).checkpoints(kept.clone().resuming());
    let error = fit(&other).1.expect_err("another run");
    assert!(error.is_setting() && error.to_string().contains("number of steps"), "{error}");
    let (model, _) = fit(&trainer(30).checkpoints(kept.clone().resuming()));
    assert!(model.parameters() == whole.parameters());
    let (_, report) = fit(&trainer(31).checkpoints(kept.replacing()));
    assert_eq!(report.expect("begins anew").steps.len(), 31);
    let mut single = untrained();
    let none = trainer(30).resume_from(folder.0.join("none"), &mut single, &moons());
    assert!(none.expect_err("no file").is_file());
    let double = Checkpoint::<f64>::newest(&folder.0).expect_err("of single precision");
    assert!(double.to_string().contains("f32"), "{double}");
    let model = liouville::model::Model::load(folder.0.join("step-00000030.safetensors"));
    assert!(model.expect_err("a checkpoint").to_string().contains("Checkpoint"));
    for bad in [Checkpoints::to(&folder.0).every_steps(0), Checkpoints::to(&folder.0).keep(0)] {
        assert!(fit(&trainer(30).checkpoints(bad)).1.expect_err("zero").is_setting());
    }
    let file = folder.0.join("file");
    fs::write(&file, "").expect("written");
    let error = fit(&trainer(30).checkpoints(Checkpoints::to(&file))).1.expect_err("no folder");
    assert!(error.is_file(), "{error:?}");
}

#[test]
fn a_raised_flag_ends_a_run_with_the_best_model_and_it_goes_on_later() {
    let folder = Folder::new("asked");
    let (whole, _) = fit(&trainer(90));
    let flag = Arc::new(AtomicBool::new(false));
    let kept = Checkpoints::to(&folder.0).every_steps(1000).resuming();
    let run = trainer(90).checkpoints(kept).stop_when(flag.clone());
    let (mut model, data) = (untrained(), moons());
    let report = run.monitor(1).fit(&mut model, &data, &mut StdRng::seed_from_u64(3), |view| {
        flag.store(view.step == 50, Ordering::Relaxed);
        ControlFlow::Continue(())
    });
    let report = report.expect("ends");
    assert_eq!((report.steps.len(), report.stop), (50, Stop::Asked));
    assert!(report.to_string().contains("as it was asked"), "{report}");
    let best = report.best.expect("checks were made");
    let least = report.checks.iter().map(|check| check.loss).fold(f64::INFINITY, f64::min);
    assert_eq!((best.loss, report.checks.last().map(|check| check.step)), (least, Some(50)));
    flag.store(false, Ordering::Relaxed);
    let (model, report) = fit(&run);
    assert_eq!(report.expect("goes on").stop, Stop::Finished);
    assert!(model.parameters() == whole.parameters());
}

#[test]
fn members_of_an_ensemble_go_on_each_from_its_own() {
    let folder = Folder::new("ensemble");
    let data = moons();
    let run = |trainer: Trainer<MaximumLikelihood>, seed: u64| {
        let make = |rng: &mut _| {
            let flow = Stack::real_nvp(2).layers(2).hidden([4]).build(rng)?;
            Ok(StandardNormal::new(2).pushed_by(flow))
        };
        let rng = &mut StdRng::seed_from_u64(seed);
        let trained = trainer.ensemble().members(2).fit(make, &data, rng);
        trained.map(|(ensemble, _): (liouville::density::Ensemble<Couplings>, _)| {
            ensemble.members().iter().map(Trainable::<f32>::parameters).collect::<Vec<_>>()
        })
    };
    // `check_every` counts checks on the folds.
    let whole = run(trainer(40), 3).expect("trains");
    let flag = Arc::new(AtomicBool::new(true));
    let kept = Checkpoints::to(&folder.0).every_steps(15).resuming();
    run(trainer(40).checkpoints(kept.clone()).stop_when(flag), 3).expect("ends at once");
    assert_eq!(folder.names(), ["member-0", "member-1"]);
    let error = run(trainer(40).checkpoints(kept.clone()), 4).expect_err("another division");
    assert!(error.to_string().contains("generator"), "{error}");
    assert!(run(trainer(40).checkpoints(kept), 3).expect("goes on") == whole);
    // A member judges by its fold, which a run by itself knows nothing of.
    let member = folder.0.join("member-1");
    let mut single = untrained();
    let error = trainer(40).held_out(0.5).resume_from(member, &mut single, &data).map(drop);
    let text = error.expect_err("a member").to_string();
    assert!(text.contains("ensemble"), "{text}");
}

#[test]
fn a_run_that_is_judged_by_given_samples_goes_on_by_the_same_call() {
    let (folder, data) = (Folder::new("judged"), moons());
    let others = data::two_moons(0.1).sample(50, &mut StdRng::seed_from_u64(9)).expect("valid");
    let [none, no_others] = [200, 50].map(|count| DMatrix::zeros(0, count));
    let judged = |trainer: Trainer<MaximumLikelihood>, last: usize| {
        let mut model = untrained();
        let (learn, judge) = ([&data, &none], [&others, &no_others]);
        let rng = &mut StdRng::seed_from_u64(3);
        let report = trainer.fit_judged_by(&mut model, learn, judge, rng, |_, report| {
            match report.steps.len() < last {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        (model.parameters(), report.expect("trains").stop)
    };
    let (whole, _) = judged(trainer(60), 100);
    let kept = Checkpoints::to(&folder.0).every_steps(7).resuming();
    assert_eq!(judged(trainer(60).checkpoints(kept.clone()), 30).1, Stop::Asked);
    assert_eq!(Checkpoint::<f32>::newest(&folder.0).expect("readable").expect("kept").steps(), 30);
    assert!(judged(trainer(60).checkpoints(kept), 100) == (whole, Stop::Finished));
}

#[test]
fn changed_checkpoints_end_in_errors() {
    let mut rng = rng();
    let (mut model, data, mut taken) = (untrained(), moons(), None);
    let run = trainer(12);
    run.monitor(8)
        .fit(&mut model, &data, &mut StdRng::seed_from_u64(3), |view| {
            taken = Some(view.checkpoint());
            ControlFlow::Continue(())
        })
        .expect("trains");
    let bytes = taken.expect("after 8 steps").to_bytes().expect("a file");
    let (mut loaded, mut refused, cases) = (0, 0, cases(2000));
    for _ in 0..cases {
        match Checkpoint::<f32>::from_bytes(&changed(&bytes, &mut rng), &Kinds::new()) {
            Ok(checkpoint) => {
                loaded += 1;
                // What could be read ends, too.
                run.resume(&checkpoint, &mut untrained(), &data).ok();
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    println!("of {cases} changed files {loaded} were checkpoints, {refused} were refused");
    assert!(refused > cases / 4);
}
