//! One call from a table to a model that has been judged.
//!
//! | file | what |
//! | --- | --- |
//! | `settings` | what a fit may be told |
//! | `run` | the whole way |
//! | `kind`, `survey`, `dependence`, `function` | what columns are, and which are left out |
//! | `rows` | samples, contexts and weights of rows; copies; folds |
//! | `dressing` | logarithms, log-odds, noise and scales between table and candidates |
//! | `candidate`, `regression`, `mixture`, `flows` | a Gaussian, with contexts a linear regression, mixtures by expectation and maximisation, flows |
//! | `radial` | how far from their middle rows lie, by those that were not learnt from |
//! | `contest`, `entrants` | all candidates on the same rows, and what comes out |
//! | `blend` | the choice: which of them, and by which weights |
//! | `kept` | checkpoints, and what they are of |
//! | `nats`, `judged`, `verdict` | held-out rows, and what they say |
//! | `fitted`, `warning`, `progress` | what comes out, what to be warned of, and what is said on the way |

mod blend;
mod candidate;
mod contest;
mod dependence;
mod dressing;
mod entrants;
mod fitted;
mod flows;
mod function;
mod judged;
#[cfg(feature = "save")]
mod kept;
mod kind;
mod mixture;
mod nats;
mod progress;
mod radial;
mod regression;
mod rows;
mod run;
mod settings;
mod survey;
mod verdict;
mod warning;

use rand::{Rng, RngExt};

use crate::error::{Error, Result};
use crate::table::Table;
#[cfg(feature = "save")]
use crate::train::Checkpoints;

pub use candidate::Candidate;
pub use fitted::Fitted;
pub use kind::Kind;
pub use progress::Stage;
pub use settings::FlowChoice;
pub use survey::Found;
pub use verdict::{Nats, Scheme, Verdict};
pub use warning::Warning;

use progress::Listener;
use settings::Choices;

/// From a table to a judged model, with every choice optional.
///
/// ```
/// use liouville::fit::{Fit, FlowChoice};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let table = Table::new(["length", "width"], data::two_moons(0.1).sample(200, &mut rng)?)?;
/// // A flow is a candidate, too, unless it is left out as here.
/// let fitted = Fit::new(&table).flow(FlowChoice::None).run()?;
/// println!("{fitted}");
/// assert!(fitted.verdict.over_gaussian.mean > 0.0);
/// let log_p = fitted.model.log_prob(table.matrix())?;
/// let drawn = fitted.model.sample(100, &mut rng)?;
/// # assert_eq!((log_p.len(), drawn.ncols()), (200, 100));
/// # Ok::<(), liouville::Error>(())
/// ```
///
/// # What happens
///
/// 1. **Columns** get a [kind](Kind::of): continuous, positive, shares, or whole numbers. Those that are constant or
///    follow from others exactly, contexts counted, are left out, with a [warning](Warning) by name; of those that are
///    a function of one context in any other way it warns.
/// 2. **Rows** are divided. From 2000 different rows on a tenth (at most 5000) is set aside for the verdict; fewer are
///    judged in five folds, each by a model that was made from the others in the same way, choices included.
///    Copies of a row stay on one side of every split, unless all columns hold whole numbers, where rows are equal by
///    chance.
/// 3. **Candidates** are the Gaussian of all columns with their covariance (correlations are shrunk where rows are few,
///    see [`Frame::fit`](crate::flow::continuous::Frame::fit), and deviations are drawn as wide as rows ask for that were
///    not learnt from), mixtures of 1 to 20 Gaussians, flows, and blends of these by weights: ten
///    flows below 1000 rows, five below 2000, else three, each judged by a tenth of the rows that it does not learn
///    from. The base of the flows is a mixture of normal densities of several deviations, as rows ask for that they have not
///    learnt from. One choice is made, by such rows: a richer model is taken if its log-density of them is better by more than
///    a standard error and 0.02 nats, so that the model is not worse than the Gaussian by more than chance. Flows
///    that gain nothing over the Gaussian in three hundred steps end there; and once the folds that have been judged leave
///    no more than one chance in twenty that flows are chosen, the others go without.
/// 4. The **[verdict](Verdict)** is of what was chosen, and compares it with the Gaussian and the mixture on held-out rows.
#[derive(Clone)]
pub struct Fit<'a> {
    table: &'a Table,
    valid: Option<&'a Table>,
    choices: Choices,
    listener: Option<&'a Listener<'a>>,
}

impl<'a> Fit<'a> {
    /// Of all columns of a table.
    pub fn new(table: &'a Table) -> Self {
        Self { table, valid: None, choices: Choices::default(), listener: None }
    }

    /// The columns that the model is given in place of learning them: its density is that of the others at these.
    pub fn contexts<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.choices.contexts = names.into_iter().map(Into::into).collect();
        self
    }

    /// The column that weighs rows, which is not learnt. Rows to learn from are drawn anew by their weights; held-out
    /// means are weighted.
    pub fn weights(mut self, name: impl Into<String>) -> Self {
        self.choices.weights = Some(name.into());
        self
    }

    /// What the numbers of a column are, in place of what they [seem](Kind::of).
    pub fn kind(mut self, name: impl Into<String>, kind: Kind) -> Self {
        self.choices.kinds.push((name.into(), kind));
        self
    }

    /// Which flow is a candidate. Default: by dimension and rows.
    pub fn flow(mut self, flow: FlowChoice) -> Self {
        self.choices.flow = flow;
        self
    }

    /// The number of steps of training of each flow. Default: found, as by [`Trainer`](crate::train::Trainer::steps).
    pub fn steps(mut self, steps: usize) -> Self {
        self.choices.steps = Some(steps);
        self
    }

    /// A time limit for the training of all flows together. What comes out then depends on the machine.
    pub fn seconds(mut self, limit: f64) -> Self {
        self.choices.seconds = Some(limit);
        self
    }

    /// The share of the rows that each flow is judged by. Default: 0.1.
    pub fn valid_share(mut self, share: f64) -> Self {
        self.choices.valid = Some(share);
        self
    }

    /// The rows by which training is ended and models are chosen, in place of a share of the table: all that is
    /// not held out for the verdict is then learnt from. The columns are found by their names; it may have others.
    ///
    /// ```
    /// use liouville::fit::{Fit, FlowChoice};
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let mut table = |rows| Table::new(["x", "y"], data::two_moons(0.1).sample(rows, &mut rng)?);
    /// let (table, valid) = (table(200)?, table(50)?);
    /// let fitted = Fit::new(&table).valid(&valid).flow(FlowChoice::None).run()?;
    /// assert_eq!(fitted.verdict.held_out, 200);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn valid(mut self, table: &'a Table) -> Self {
        self.valid = Some(table);
        self
    }

    /// Keeps checkpoints of the training of all flows in a folder of its own, so that a fit that was interrupted, in
    /// whatever moment, can go on: the same call with [`resuming`](Checkpoints::resuming) gives the model that
    /// it would have given, bit for bit. What is made in closed form is made again. When the model is safe,
    /// [`Checkpoints::clear`] removes the files.
    ///
    /// ```
    /// use liouville::fit::Fit;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    /// use liouville::train::Checkpoints;
    ///
    /// let samples = data::two_moons(0.1).sample(60, &mut StdRng::seed_from_u64(1))?;
    /// let table = Table::new(["x", "y"], samples)?;
    /// let folder = std::env::temp_dir().join(format!("liouville-fit-{}", std::process::id()));
    /// let kept = Checkpoints::to(&folder).every_minutes(1.0);
    /// let fit = Fit::new(&table).steps(2).members(1);
    /// let fitted = fit.clone().checkpoints(kept.clone().resuming()).run()?;
    /// // Had it been killed, the same call would go on. The model is safe now:
    /// kept.clear()?;
    /// assert_eq!(fitted.verdict, fit.run()?.verdict);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    #[cfg(feature = "save")]
    pub fn checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.choices.checkpoints = Some(checkpoints);
        self
    }

    /// The number of flows whose mean is the model. Default: 10, 5 from 1000 rows on, and 3 from 2000 on.
    pub fn members(mut self, members: usize) -> Self {
        self.choices.members = Some(members);
        self
    }

    /// What all random numbers come from. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.choices.seed = seed;
        self
    }

    /// Tells every stage to a callback, which says whether to go on: with false flows end their training, and the
    /// best so far is taken. It may be called from several threads at a time.
    pub fn progress(mut self, listener: &'a (dyn Fn(&Stage) -> bool + Sync + 'a)) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Fits, with random numbers from the [seed](Fit::seed): the same table, choices and seed give the same model
    /// and verdict on any number of threads.
    ///
    /// # Errors
    ///
    /// If a choice is out of range or names no column, a number is not finite or not of the kind that was told,
    /// or fewer than ten different rows or no column is left; and if checkpoints cannot be kept, or are of another
    /// table or other choices: the error says what differs.
    pub fn run(&self) -> Result<Fitted> {
        if self.valid.is_some() && self.choices.valid.is_some() {
            return Err(Error::setting(
                "a table to choose by and a share of the rows were given: leave one of them away",
            ));
        }
        run::run(self.table, self.valid, &self.choices, self.listener)
    }

    /// Fits, with a seed from this generator.
    ///
    /// # Errors
    ///
    /// As [`run`](Fit::run).
    pub fn fit<R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Fitted> {
        self.clone().seed(rng.random()).run()
    }
}
