//! `import-pytorch`: a model of a field of PyTorch.

use liouville::flow::ContinuousFlow;
use liouville::model::Model;
use liouville::model::pytorch::{Network, TimePlace};
use liouville::prelude::*;

use super::args::{Import, Place};
use super::out::{self, Out, object};
use super::stop::{Done, usage};

pub fn run(asked: &Import, out: Out) -> Done {
    out::check_output(&asked.output, &[&asked.weights])?;
    let time = match asked.time {
        Place::First => TimePlace::First,
        Place::Last => TimePlace::Last,
    };
    let network = Network::read(&asked.weights, asked.prefix.as_deref())?;
    let &[from, to] = asked.span.as_slice() else {
        return Err(usage("a span has two times: give them as 0,1"));
    };
    let field: Mlp<f32> = network.field(asked.activation, time)?;
    let dim = field.dim();
    let flow = ContinuousFlow::new(field).span(from, to).tolerance(asked.tolerance);
    flow.check()?;
    let model = Model::new(StandardNormal::new(dim).pushed_by(flow));
    model.save(&asked.output)?;
    let parameters = model.parameter_count();
    out.note(&format!("a field in {dim} dimensions with {parameters} parameters"));
    match out.json {
        true => out.say("", object([("dim", dim.into()), ("parameters", parameters.into())])),
        false => Ok(()),
    }
}
