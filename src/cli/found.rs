//! What a check found, as a sentence, a table and figures.

use std::fmt::Write;

use liouville::columns::Moments;
use liouville::model::Heading;
use serde_json::{Map, Value};

use super::diagnosed;
use super::means::Mean;
use super::measured::{Member, most};
use super::out::{counted, number, object};
use super::own::Own;
use super::shown::{decimals, error, p_value, short};

/// The p-value of all columns and the density together below which a model is not called calibrated.
const CALIBRATED: f64 = 0.01;
/// A log-density that is off by more is not trusted, in nats; an integral neither, and a way back.
const EXACT: f64 = 0.01;
/// How many standard errors tell two means apart, and an integral from one.
const ERRORS: [f64; 2] = [2.0, 5.0];
/// So many columns are listed.
const LISTED: usize = 16;

/// All that was found.
pub struct Found {
    /// What is known of rows of a table; the rows are samples of the model otherwise.
    pub given: Option<Given>,
    pub likelihood: Likelihood,
    pub columns: Vec<Column>,
    pub own: Own,
    pub integral: Option<Mean>,
    pub members: Vec<Member>,
    /// What was said of the model when it was fitted, and the mean log-density of rows that were held out.
    pub fitted: (Option<String>, Option<Mean>),
}

/// What rows of a table say.
pub struct Given {
    /// The mean log-density of a Gaussian of other rows, and by how much the model is better.
    pub gaussian: Option<Mean>,
    pub over: Option<Mean>,
    /// The p-value of the ranks of densities.
    pub density: Option<f64>,
}

/// The mean log-density of rows with its standard error.
pub struct Likelihood {
    pub rows: usize,
    pub mean: Mean,
    pub zero: usize,
    pub failed: usize,
}

/// A column in the rows and in samples of the model.
pub struct Column {
    pub heading: Heading,
    pub rows: Moments,
    pub own: Moments,
    /// How likely its ranks are.
    pub p_value: Option<f64>,
}

impl Found {
    /// One sentence: what to think of the model.
    pub fn sentence(&self) -> String {
        let doubts = self.doubts();
        let first = match doubts.is_empty() {
            true => self.learnt_from().unwrap_or_else(|| self.worth()),
            false => format!("do not trust this: {}", doubts.join(", ")),
        };
        let mut parts = vec![first];
        parts.extend(self.worse_than_its_fit());
        parts.extend(self.calibrated());
        if doubts.is_empty() {
            parts.extend(self.exactness());
        }
        parts.join("; ")
    }

    fn doubts(&self) -> Vec<String> {
        let Self { likelihood, own, .. } = self;
        let of = |count: usize, all: usize, what: &str, [one, many]: [&str; 2]| {
            let is = if count == 1 { one } else { many };
            (count > 0).then(|| format!("{count} of {} {is}", counted(all, what)))
        };
        let not_computed = ["could not be computed"; 2];
        let doubts = [
            of(likelihood.failed, likelihood.rows, "row", not_computed),
            of(likelihood.zero, likelihood.rows, "row", ["has zero density", "have zero density"]),
            of(own.lost, own.drawn, "sample", ["of its own did not arrive"; 2]),
            of(
                own.impossible,
                own.drawn,
                "sample",
                ["of its own has no density", "of its own have no density"],
            ),
            self.not_exact("samples come back to", Member::inverse_error),
            self.not_exact("log-determinants are off by", Member::log_det_error),
            self.integral
                .filter(|one| !is_one(one))
                .map(|one| format!("it integrates to {}", about(&one))),
        ];
        doubts.into_iter().flatten().collect()
    }

    /// What is worse than it may be, of the flows.
    fn not_exact(&self, what: &str, of: fn(&Member) -> f64) -> Option<String> {
        let most = self.most(of).filter(|most| most.is_nan() || *most > EXACT);
        most.map(|most| format!("{what} {} at worst", error(most)))
    }

    fn most(&self, of: fn(&Member) -> f64) -> Option<f64> {
        let all: Vec<f64> = self.members.iter().map(of).collect();
        (!all.is_empty()).then(|| most(&all))
    }

    /// Beside a Gaussian.
    fn worth(&self) -> String {
        let over = self.given.as_ref().map(|given| given.over);
        match over {
            None => "sound by itself, and no table says what it is worth".into(),
            Some(None) => "too few rows for a Gaussian to compare with".into(),
            Some(Some(over)) if over.mean.abs() < EXACT => "as good as a Gaussian".into(),
            Some(Some(over)) if over.errors() > ERRORS[0] => {
                format!("better than a Gaussian by {} nats a row", brief(over.mean, over.error))
            }
            Some(Some(over)) if over.errors() < -ERRORS[0] => {
                format!("worse than a Gaussian by {} nats a row", brief(-over.mean, over.error))
            }
            Some(Some(_)) => "no better than a Gaussian by more than chance".into(),
        }
    }

    /// By how much rows of a table are better than those that were held out in the fit.
    fn over_its_fit(&self) -> Option<Mean> {
        let (held_out, own) = (self.fitted.1?, self.likelihood.mean);
        self.given.as_ref()?;
        let error = held_out.error.hypot(own.error);
        Some(Mean { mean: own.mean - held_out.mean, error })
    }

    /// Rows that do much better than held-out ones are hardly new, and say nothing of what the model is worth.
    fn learnt_from(&self) -> Option<String> {
        let over = self.over_its_fit().filter(|over| over.errors() > ERRORS[1])?;
        let said =
            self.fitted.0.as_ref().map_or(String::new(), |said| format!(", which said: {said}"));
        Some(format!(
            "the rows seem to be those that it learnt from, better by {} nats than those held out in its fit{said}",
            decimals(over.mean, 2)
        ))
    }

    fn worse_than_its_fit(&self) -> Option<String> {
        let over = self.over_its_fit().filter(|over| over.errors() < -ERRORS[1])?;
        Some(format!("worse by {} nats than rows held out in its fit", decimals(-over.mean, 2)))
    }

    /// The p-value of all columns and the density, times their number (Bonferroni).
    fn p_value(&self) -> Option<f64> {
        let density = self.given.as_ref()?.density?;
        let all = self.columns.iter().filter_map(|column| column.p_value);
        Some((all.fold(density, f64::min) * (self.columns.len() + 1) as f64).min(1.0))
    }

    fn calibrated(&self) -> Option<String> {
        let (all, density) = (self.p_value()?, self.given.as_ref()?.density?);
        if all >= CALIBRATED {
            return Some(format!("calibrated (p = {})", p_value(all)));
        }
        let columns = self.columns.iter().filter_map(|column| Some((column, column.p_value?)));
        let worst = columns.min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, p)| *p <= density);
        Some(match worst {
            Some((column, p)) => {
                format!("not calibrated in column \"{}\" (p = {})", column.heading, p_value(p))
            }
            None => format!("not calibrated (p = {} of the density)", p_value(density)),
        })
    }

    /// How exact its numbers are.
    fn exactness(&self) -> Option<String> {
        let back =
            self.most(Member::inverse_error).map(|most| format!("invertible to {}", error(most)));
        let one = self.integral.map(|one| format!("integrates to {}", about(&one)));
        let parts: Vec<String> = back.into_iter().chain(one).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The sentence, and what it rests on; members if they are wanted.
    pub fn words(&self, members: bool) -> String {
        let Self { likelihood, own, .. } = self;
        let mut words = String::new();
        let mut line = |name: &str, text: String| {
            let _ = writeln!(words, "{name:<20} {text}");
        };
        line("verdict", self.sentence());
        let (zero, failed) = (likelihood.zero, likelihood.failed);
        let what =
            if self.given.is_some() { "" } else { ", samples of its own: no table was given" };
        line("rows", format!("{}: {zero} of density zero, {failed} failed{what}", likelihood.rows));
        line("mean log-density", format!("{} nats a row", likelihood.mean));
        if let Some(Given { gaussian: Some(gaussian), over: Some(over), .. }) = &self.given {
            line("Gaussian", format!("{gaussian}, less by {over}: of other rows, in 5 folds"));
        }
        if let (said, Some(held_out)) = &self.fitted {
            line("in its fit", format!("{held_out} on rows held out"));
            said.iter().for_each(|said| line("its fit said", said.clone()));
        }
        if let Some(p) = self.p_value() {
            line("calibration", format!("p = {}, all columns and the density", p_value(p)));
        }
        if let Some(most) = self.most(Member::inverse_error) {
            line("inverse", format!("comes back to {} of 1 + the largest coordinate", error(most)));
        }
        if let Some(most) = self.most(Member::log_det_error) {
            line(
                "log-determinant",
                format!("within {} nats of Jacobians by finite differences", error(most)),
            );
        }
        line(
            "integral",
            self.integral.as_ref().map_or("cannot be told from samples".into(), about),
        );
        let (lost, impossible) = (own.lost, own.impossible);
        let text =
            format!("{}: {lost} did not arrive, {impossible} have no density there", own.drawn);
        line("its own samples", text);
        words += &self.table();
        if members {
            words += &self.blocks();
        }
        words
    }

    /// The columns by name; of many those that fit worst.
    fn table(&self) -> String {
        let p = |k: &usize| self.columns[*k].p_value.unwrap_or(1.0);
        let mut places: Vec<usize> = (0..self.columns.len()).collect();
        places.sort_by(|a, b| p(a).total_cmp(&p(b)));
        places.truncate(LISTED);
        places.sort_unstable();
        let shown =
            places.iter().map(|k| (self.columns[*k].heading.to_string(), &self.columns[*k]));
        let shown: Vec<(String, &Column)> = shown.collect();
        let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(6);
        let mut words = format!(
            "\n{:width$} {:>10} {:>10} {:>10} {:>10} {:>9}\n",
            "column", "rows: mean", "deviation", "its own", "deviation", "p"
        );
        for (name, column) in shown {
            let [a, b] =
                [&column.rows, &column.own].map(|one| [short(one.mean), short(one.deviation)]);
            let p = column.p_value.map_or("-".into(), p_value);
            let _ = writeln!(
                words,
                "{name:width$} {:>10} {:>10} {:>10} {:>10} {p:>9}",
                a[0], a[1], b[0], b[1]
            );
        }
        match self.columns.len().saturating_sub(LISTED) {
            0 => words,
            more => words + &format!("and {more} more, which fit as well or better\n"),
        }
    }

    fn blocks(&self) -> String {
        let mut words = String::new();
        for (k, member) in self.members.iter().enumerate() {
            let note =
                if member.on_normal { "" } else { " (its base is not normal, whatever follows)" };
            let _ = writeln!(
                words,
                "\nmember {k}, in what it sees of the rows{note}:\n{}",
                member.diagnosis
            );
        }
        words
    }

    /// Every figure, with the sentence.
    pub fn figures(&self) -> Map<String, Value> {
        let Self { likelihood, own, given, .. } = self;
        let of = |mean: Option<Mean>| mean.map_or(Value::Null, |mean| mean.figures());
        let columns = self.columns.iter().map(Column::figures);
        let members = self.members.iter().map(|member| {
            let mut figures = diagnosed::figures(&member.diagnosis);
            figures["normal_base"] = member.on_normal.into();
            figures
        });
        object([
            ("verdict", self.sentence().into()),
            ("trusted", self.doubts().is_empty().into()),
            ("doubts", self.doubts().into()),
            ("fitted", self.fitted.0.clone().into()),
            ("fitted_held_out", of(self.fitted.1)),
            ("table", given.is_some().into()),
            ("rows", likelihood.rows.into()),
            ("mean_log_prob", number(likelihood.mean.mean)),
            ("standard_error", number(likelihood.mean.error)),
            ("gaussian", of(given.as_ref().and_then(|given| given.gaussian))),
            ("over_gaussian", of(given.as_ref().and_then(|given| given.over))),
            ("zero_density", likelihood.zero.into()),
            ("failed", likelihood.failed.into()),
            ("p_value", self.p_value().map_or(Value::Null, number)),
            (
                "density_calibration",
                given.as_ref().and_then(|given| given.density).map_or(Value::Null, number),
            ),
            ("inverse_error", self.most(Member::inverse_error).map_or(Value::Null, number)),
            ("log_det_error", self.most(Member::log_det_error).map_or(Value::Null, number)),
            ("integral", of(self.integral)),
            ("samples", own.drawn.into()),
            ("samples_lost", own.lost.into()),
            ("samples_without_density", own.impossible.into()),
            ("columns", columns.collect()),
            ("members", members.collect()),
        ])
    }
}

impl Column {
    fn figures(&self) -> Value {
        Value::Object(object([
            ("name", self.heading.name().into()),
            ("unit", self.heading.unit().into()),
            ("mean", number(self.rows.mean)),
            ("deviation", number(self.rows.deviation)),
            ("model_mean", number(self.own.mean)),
            ("model_deviation", number(self.own.deviation)),
            ("p_value", self.p_value.map_or(Value::Null, number)),
        ]))
    }
}

/// Whether an integral is one, as far as its error tells.
fn is_one(integral: &Mean) -> bool {
    (integral.mean - 1.0).abs() <= EXACT.max(ERRORS[1] * integral.error)
}

/// An integral with its error.
fn about(integral: &Mean) -> String {
    format!("{:.3} ± {:.3}", integral.mean, integral.error)
}

/// A mean with its error, in two decimals.
fn brief(mean: f64, error: f64) -> String {
    format!("{} ± {}", decimals(mean, 2), decimals(error, 2))
}
