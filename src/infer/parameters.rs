//! Named parameters and the supports that they live on.

use crate::error::{Error, Result};
use crate::flow::Flow;
use crate::flow::elementwise::{Bijector, Constrain, free, interval, ordered, positive};

/// Parameters of a target in order, each with a name and a support.
///
/// Inference itself happens in free coordinates, any real numbers, from which bijectors lead onto the
/// supports as in Stan (Carpenter et al. 2017, Stan: a probabilistic programming language, Journal of
/// Statistical Software 76, section 2.7): so no draw ever lies outside of them.
///
/// ```
/// use liouville::flow::elementwise::above;
/// use liouville::infer::Parameters;
///
/// let schools = Parameters::new().reals("theta", 8).real("mu").positive("tau");
/// assert_eq!(schools.dim(), 10);
/// assert_eq!(schools.names()[7..], ["theta[7]", "mu", "tau"]);
/// let delayed = Parameters::new().on("delay", above(0.5, 1)?);
/// assert_eq!(delayed.dim(), 1);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Parameters {
    names: Vec<String>,
    constrain: Constrain<f64>,
    problem: Option<Error>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self::new()
    }
}

impl Parameters {
    /// No parameter yet.
    pub fn new() -> Self {
        Self { names: Vec::new(), constrain: Constrain::new(), problem: None }
    }

    /// A parameter that is any real number.
    pub fn real(self, name: &str) -> Self {
        self.on(name, free(1))
    }

    /// `count` parameters that are any real numbers: `name[0]`, `name[1]`, ....
    pub fn reals(self, name: &str, count: usize) -> Self {
        self.many(name, free(count))
    }

    /// A parameter above zero, x = eᵘ.
    pub fn positive(self, name: &str) -> Self {
        self.on(name, positive(1))
    }

    /// `count` parameters above zero.
    pub fn positives(self, name: &str, count: usize) -> Self {
        self.many(name, positive(count))
    }

    /// A parameter between two bounds.
    pub fn between(self, name: &str, low: f64, high: f64) -> Self {
        self.bounded([name.to_string()], low, high)
    }

    /// `count` parameters between two bounds.
    pub fn all_between(self, name: &str, count: usize, low: f64, high: f64) -> Self {
        self.bounded((0..count).map(|k| format!("{name}[{k}]")), low, high)
    }

    fn bounded(mut self, names: impl IntoIterator<Item = String>, low: f64, high: f64) -> Self {
        let names: Vec<String> = names.into_iter().collect();
        match interval(low, high, names.len()) {
            Ok(bijector) => self.named(names, bijector),
            Err(error) => {
                let error = error.during(format!("parameter `{}`", names.join("`, `")));
                self.problem.get_or_insert(error);
                self
            }
        }
    }

    /// `count` parameters that increase.
    pub fn increasing(self, name: &str, count: usize) -> Self {
        self.many(name, ordered(count))
    }

    /// Parameters on the support of any bijector: one by this name, several by it with their numbers.
    pub fn on(self, name: &str, bijector: impl Bijector<f64> + 'static) -> Self {
        match bijector.dim() {
            1 => self.named([name.to_string()], bijector),
            _ => self.many(name, bijector),
        }
    }

    fn many(self, name: &str, bijector: impl Bijector<f64> + 'static) -> Self {
        let names: Vec<String> = (0..bijector.dim()).map(|k| format!("{name}[{k}]")).collect();
        self.named(names, bijector)
    }

    fn named(
        mut self,
        names: impl IntoIterator<Item = String>,
        bijector: impl Bijector<f64> + 'static,
    ) -> Self {
        self.names.extend(names);
        self.constrain = self.constrain.then(bijector);
        self
    }

    /// The number of parameters.
    pub fn dim(&self) -> usize {
        self.names.len()
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// From free coordinates to the parameters.
    pub fn constrain(&self) -> &Constrain<f64> {
        &self.constrain
    }

    /// An error if there is none, two have one name, or a support cannot be resolved.
    ///
    /// # Errors
    ///
    /// If so.
    pub fn check(&self) -> Result<()> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        if self.names.is_empty() {
            return Err(Error::empty("a target without parameters: name one or more"));
        }
        let mut sorted: Vec<&String> = self.names.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::setting(format!(
                "two parameters are called `{}`: give each a name of its own",
                pair[0]
            )));
        }
        Flow::<f64>::check(&self.constrain)
    }
}
