//! Butcher tableaus of explicit Runge-Kutta methods, as constants that the tests check.

use crate::error::{Error, Result};
use crate::outcome::shown::{count, number};

/// An explicit Runge-Kutta method: k_i = f(t + c_i h, y + h Σ a_ij k_j), y(t + h) ≈ y + h Σ b_i k_i.
#[derive(Debug, PartialEq)]
pub struct Tableau {
    /// What the method is called.
    pub name: &'static str,
    /// The order of the solution that is carried on.
    pub order: u32,
    /// Row i holds a_i0, ..., a_i(i-1).
    pub a: &'static [&'static [f64]],
    /// The weights of the solution.
    pub b: &'static [f64],
    /// The nodes.
    pub c: &'static [f64],
    /// b minus the weights of the embedded solution; empty for a method without one.
    pub error: &'static [f64],
}

impl Tableau {
    /// An error unless the parts fit together: row i of a has i entries, b and c one for each stage, the
    /// embedded error as many or none, all finite, and b adds up to one, without which no number of
    /// steps leads to the solution.
    ///
    /// # Errors
    ///
    /// If they do not.
    pub fn check(&self) -> Result<()> {
        let (name, stages) = (self.name, self.c.len());
        let wrong = |what: String| Err(Error::setting(format!("the method `{name}` has {what}")));
        if stages == 0 {
            return wrong("no stage: give one or more".into());
        }
        if self.a.len() != stages || self.b.len() != stages {
            let (a, b) = (self.a.len(), self.b.len());
            return wrong(format!(
                "{}, {} of a and {}: give as many of each",
                count(stages, "node"),
                count(a, "row"),
                count(b, "weight")
            ));
        }
        if let Some(i) = (0..stages).find(|&i| self.a[i].len() != i) {
            return wrong(format!("a row {i} of a with a length of {}: give {i}", self.a[i].len()));
        }
        if ![0, stages].contains(&self.error.len()) {
            let error = self.error.len();
            return wrong(format!(
                "{} of an error: give none, or {stages}",
                count(error, "weight")
            ));
        }
        let rows = self.a.iter().copied().chain([self.b, self.c, self.error]);
        let sum: f64 = self.b.iter().sum();
        if rows.flatten().any(|value| !value.is_finite()) || (sum - 1.0).abs() > 1e-9 {
            return wrong(format!(
                "coefficients that are not finite, or weights whose sum is {}: give finite ones, of sum 1",
                number(sum)
            ));
        }
        Ok(())
    }

    /// The number of stages.
    pub fn stages(&self) -> usize {
        self.c.len()
    }

    /// Whether the last stage is the first of the next step.
    pub fn first_same_as_last(&self) -> bool {
        let last = self.stages() - 1;
        self.b[last] == 0.0 && *self.a[last] == self.b[..last]
    }

    /// Whether stage `i` has a weight in the solution or in the error estimate, of this step or of the
    /// next, whose first stage it may be. One that has none only leads the way to later stages.
    pub fn weighs(&self, i: usize) -> bool {
        let carried_on = i + 1 == self.stages() && self.first_same_as_last();
        carried_on || self.b[i] != 0.0 || self.error.get(i).is_some_and(|weight| *weight != 0.0)
    }

    /// The number of stages that the solution needs; those behind serve the error estimate or the
    /// next step.
    pub fn essential_stages(&self) -> usize {
        self.b.iter().rposition(|b| *b != 0.0).map_or(0, |last| last + 1)
    }
}

/// The classical method of order four.
pub const RK4: Tableau = Tableau {
    name: "rk4",
    order: 4,
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    c: &[0.0, 0.5, 0.5, 1.0],
    error: &[],
};

/// Order five with an embedded fourth: Dormand and Prince 1980, A family of embedded Runge-Kutta
/// formulae, Table 2.
pub const DOPRI5: Tableau = Tableau {
    name: "dopri5",
    order: 5,
    a: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
        &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
        &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
    ],
    b: &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0],
    c: &[0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0],
    error: &[
        35.0 / 384.0 - 5179.0 / 57600.0,
        0.0,
        500.0 / 1113.0 - 7571.0 / 16695.0,
        125.0 / 192.0 - 393.0 / 640.0,
        -2187.0 / 6784.0 + 92097.0 / 339200.0,
        11.0 / 84.0 - 187.0 / 2100.0,
        -1.0 / 40.0,
    ],
};

/// Order five with an embedded fourth: Tsitouras 2011, Runge-Kutta pairs of order 5(4) satisfying
/// only the first column simplifying assumption, Table 1.
pub const TSIT5: Tableau = Tableau {
    name: "tsit5",
    order: 5,
    a: &[
        &[],
        &[0.161],
        &[-0.008480655492356989, 0.335480655492357],
        &[2.8971530571054935, -6.359448489975075, 4.3622954328695815],
        &[5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
        &[
            5.86145544294642,
            -12.92096931784711,
            8.159367898576159,
            -0.071584973281401,
            -0.028269050394068383,
        ],
        &[
            0.09646076681806523,
            0.01,
            0.4798896504144996,
            1.379008574103742,
            -3.290069515436081,
            2.324710524099774,
        ],
    ],
    b: &[
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
        0.0,
    ],
    c: &[0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0],
    error: &[
        -0.001_780_011_052_225_777,
        -0.0008164344596567469,
        0.007880878010261995,
        -0.1447110071732629,
        0.5823571654525552,
        -0.45808210592918697,
        1.0 / 66.0,
    ],
};

#[cfg(test)]
mod tests {
    use super::super::high_order::DOPRI8;
    use super::*;

    /// A rooted tree, as the list of its branches.
    #[derive(Clone)]
    struct Tree(Vec<Tree>);

    impl Tree {
        fn nodes(&self) -> u32 {
            1 + self.0.iter().map(Tree::nodes).sum::<u32>()
        }

        /// γ: the product of the number of nodes of all subtrees.
        fn density(&self) -> f64 {
            f64::from(self.nodes()) * self.0.iter().map(Tree::density).product::<f64>()
        }

        /// What the stages give for the branches of this tree.
        fn weights(&self, a: &[&[f64]]) -> Vec<f64> {
            let branch = |tree: &Tree| -> Vec<f64> {
                let inner = tree.weights(a);
                a.iter().map(|row| row.iter().zip(&inner).map(|(a, w)| a * w).sum()).collect()
            };
            let branches: Vec<_> = self.0.iter().map(branch).collect();
            (0..a.len()).map(|i| branches.iter().map(|b| b[i]).product()).collect()
        }
    }

    /// Every rooted tree of this many nodes, some of them several times.
    fn trees(nodes: u32) -> Vec<Tree> {
        if nodes == 1 {
            return vec![Tree(vec![])];
        }
        forests(nodes - 1)
    }

    fn forests(nodes: u32) -> Vec<Tree> {
        if nodes == 0 {
            return vec![Tree(vec![])];
        }
        let mut all = Vec::new();
        for first in 1..=nodes {
            for tree in trees(first) {
                for Tree(mut rest) in forests(nodes - first) {
                    rest.push(tree.clone());
                    all.push(Tree(rest));
                }
            }
        }
        all
    }

    /// The largest violation of the order conditions Σ b_i Φ_i(tree) = 1 / γ(tree).
    fn violation(weights: &[f64], a: &[&[f64]], order: u32) -> f64 {
        (1..=order)
            .flat_map(trees)
            .map(|tree| {
                let sum: f64 = tree.weights(a).iter().zip(weights).map(|(w, b)| w * b).sum();
                (sum - 1.0 / tree.density()).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn tableaus_satisfy_their_order_conditions_and_no_more() {
        for method in [&RK4, &DOPRI5, &TSIT5, &DOPRI8] {
            let kept = violation(method.b, method.a, method.order);
            assert!(kept < 3e-14, "{}: {kept:e}", method.name);
            let broken = violation(method.b, method.a, method.order + 1);
            assert!(broken > 1e-6, "{}: {broken:e}", method.name);
        }
    }

    #[test]
    fn embedded_solutions_have_one_order_less() {
        for method in [&DOPRI5, &TSIT5, &DOPRI8] {
            let embedded: Vec<_> = method.b.iter().zip(method.error).map(|(b, e)| b - e).collect();
            assert!(violation(&embedded, method.a, method.order - 1) < 1e-13, "{}", method.name);
            assert!(violation(&embedded, method.a, method.order) > 1e-6, "{}", method.name);
        }
    }

    #[test]
    fn nodes_are_the_row_sums_and_idle_stages_are_those_of_the_papers() {
        for method in [&RK4, &DOPRI5, &TSIT5, &DOPRI8] {
            for (row, c) in method.a.iter().zip(method.c) {
                assert!((row.iter().sum::<f64>() - c).abs() < 1e-14, "{}", method.name);
            }
            assert_eq!(method.first_same_as_last(), method.name != "rk4");
            let idle = (0..method.stages()).filter(|&i| !method.weighs(i)).count();
            let expected = [("rk4", 0), ("dopri5", 1), ("tsit5", 0), ("dopri8", 4)];
            assert!(expected.contains(&(method.name, idle)), "{}: {idle}", method.name);
        }
    }
}
