//! Continuous-time normalizing flows: a vector field, and a way of following it.
//!
//! Liouville's equation says what happens to a density that rides on a field f: along a trajectory,
//! d log p / dt = -tr ∂f/∂x. This crate is that sentence made usable: fields are integrated by
//! adaptive Runge-Kutta methods with a clock for every sample, log-densities follow by the trace,
//! exact unless an estimate is asked for by name, and flows are trained, conditioned, checked and drawn.
//!
//! ```
//! use liouville::prelude::*;
//! use liouville::rand::{SeedableRng, rngs::StdRng};
//!
//! // A field written once; its divergence comes by itself.
//! let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
//! let density = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum).tolerance(1e-9));
//!
//! let mut rng = StdRng::seed_from_u64(1);
//! let points: Samples<f64> = density.sample(1000, &mut rng)?;
//! let log_p = density.log_prob(&points)?;
//! # assert!(log_p.iter().all(|value| value.is_finite()));
//! # Ok::<(), liouville::Error>(())
//! ```
//!
//! # Conventions
//!
//! Samples are columns of a nalgebra matrix, dim x n. Time runs from the base at t = 0 to the data at
//! t = 1; `forward` goes from base to data, `inverse` from data to base, and a log-determinant
//! belongs to the direction in which it was computed. Log-densities are in nats.
//!
//! # How to choose
//!
//! - **Scalar**: `f32` down to tolerances of about 1e-6, `f64` below.
//! - **Solver**: [`ode::automatic`], the default: order five, and order eight at tolerances of 1e-7
//!   and less. [`ode::dopri5`] to compare with others' numbers, [`ode::rk4`] for a cost that is known
//!   beforehand, [`ode::external_dop853`] for a reference.
//! - **Tolerance**: 1e-5 for densities; training has [one of its own](train::Trainer::tolerance).
//! - **Trace**: [`trace::Trace::Auto`]. It is exact in every evaluation. Training is exact, too, for
//!   neural fields of one or two hidden layers in any dimension, and for anything in up to 16
//!   dimensions; otherwise training estimates, and its report says so. An exact trace of a deeper
//!   network takes dim evaluations: where that is too dear for evaluation, too, ask for an estimate by
//!   name, and read its standard error from `evaluate`; [`trace::Trace::hutchinson`], or
//!   [`trace::HutchPlusPlus`] where data lie near a surface of few dimensions.
//! - **Flow**: continuous for the smoothest densities and the fewest parameters; couplings
//!   ([`flow::Stack::spline_coupling`], [`flow::Stack::real_nvp`]) where both directions must be fast;
//!   autoregressive layers ([`flow::Stack::maf`]) where density is all. They train several times faster
//!   than continuous flows.
//! - **Base**: [`density::StandardNormal`]; [`density::StudentT`] where tails are heavy,
//!   [`density::Mixture`] where data fall into clusters, [`density::UniformCircle`] for angles,
//!   [`density::UniformBox`] between bounds. What has parameters learns them, unless it is [`flow::Frozen`].
//! - **Objective**: maximum likelihood where densities matter, flow matching where samples matter or
//!   as a fast start.
//! - **Regularisation**: [`train::Regularised`] where a model is solved far more often than it is
//!   trained; penalties of 0.01 to 0.05 save a tenth to a third of the evaluations.
//! - **Gradient**: discrete, the default; [`flow::continuous::Gradient`] says when the adjoint is better.
//!
//! # What is promised
//!
//! - A sample's numbers are the same to the last bit alone, in a batch, in any place and on any
//!   number of threads; a training run gives the same parameters on any number of threads.
//! - These bits are the same on every 64-bit processor with fused multiply-add, too, whatever the width of
//!   its vectors, and on every operating system: log-densities, samples, gradients, estimates, diagnoses,
//!   whole training runs. Elementary functions are written in Rust; no number comes from the C
//!   library, whose last bits are the platform's. A processor without fused multiply-add gives other last
//!   bits, the same on all of its kind, and those of the rest if it is told to
//!   ([`kernels::InstructionSet::PlainFused`], which is slow there). This holds for one version of
//!   the crate and of what it depends on; not for pictures, for the external solvers of [`ode`], which
//!   choose their steps by the C library's powers, for closures that call functions such as `sin`,
//!   which are the C library's in the numbers of `num-dual`, for the posteriors of [`infer`], and for which
//!   NaN a NaN is.
//! - A column that fails is a result with a reason, a time and a step; the others go on.
//! - A warm solve allocates nothing.
//! - Library code does not panic on bad input; errors are of the one type [`Error`].
//!
//! # The house
//!
//! A room imports only rooms on lower floors; a test reads the imports and holds this true.
//!
//! | floor | room | what lives there |
//! | --- | --- | --- |
//! | 12 | [`prelude`], [`guide`] | what most scripts need; chapters to read |
//! | 11 | `fit`, `plot`, [`infer`] | one call from a table to a judged model; pictures; posteriors with a verdict |
//! | 10 | [`train`] | trainer, objectives, report |
//! | 9 | [`model`] | a density of any kind as one value, in the units of a table |
//! | 9 | [`data`], [`diagnose`] | toy densities with their exact log-density; what a model is worth, measured |
//! | 8 | [`density`] | densities, bases, and base + flow |
//! | 7 | [`flow`] | invertible maps with a log-determinant: continuous flows, layers, chains |
//! | 6 | [`trace`] | how a divergence is taken |
//! | 5 | [`field`] | vector fields and their derivatives |
//! | 4 | `save` | what describes itself, to and from files |
//! | 4 | [`ode`], [`nn`] | Runge-Kutta on columns, forward and in reverse; conditioner networks |
//! | 3 | [`kernels`], `table` | products, activations and sums, once per instruction set; columns with names, from and to files |
//! | 3 | [`description`] | what a model is, as a value: kinds, settings and named arrays |
//! | 2 | [`columns`], [`parameters`], `files`, `heading` | blocks of samples, and memory that is used again; named slices; files written whole or not at all; names and units of columns |
//! | 1 | [`real`], [`error`] | the two scalars; the error type |
//! | 0 | [`outcome`], `simd` | what became of a column; vectors |

pub mod columns;
pub mod data;
pub mod density;
pub mod description;
pub mod diagnose;
pub mod error;
pub mod field;
#[cfg(any(feature = "plot", feature = "save", feature = "table"))]
mod files;
#[cfg(feature = "table")]
pub mod fit;
pub mod flow;
pub mod guide;
mod heading;
pub mod infer;
pub mod kernels;
pub mod model;
pub mod nn;
pub mod ode;
pub mod outcome;
pub mod parameters;
#[cfg(feature = "plot")]
pub mod plot;
pub mod prelude;
pub mod real;
#[cfg(feature = "save")]
pub mod save;
mod simd;
#[cfg(feature = "table")]
pub mod table;
pub mod trace;
pub mod train;

pub use error::{Error, Result};

// What the interface speaks in, in the versions that it speaks.
pub use nalgebra;
pub use num_dual;
pub use rand;
pub use rand_distr;

/// The examples of the README, compiled and run with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
