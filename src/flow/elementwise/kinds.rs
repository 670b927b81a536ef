//! The kinds of bijectors by their names: how they are made from their descriptions.

use super::{
    Bijector, Constrain, Each, Line, above, below, correlation, interval, ordered, simplex,
};
use crate::description::{Restore, Source};
use crate::error::Result;
use crate::real::Real;

impl<T: Real> Restore<T> for Constrain<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Constrain")?;
        let parts = source.parts().map(|part| bijector(&part));
        Ok(Self::of_parts(parts.collect::<Result<_>>()?))
    }
}

fn bijector<T: Real>(source: &Source<'_>) -> Result<Box<dyn Bijector<T>>> {
    Ok(match source.kind() {
        "Correlation" => Box::new(correlation(source.count("rows")?)?),
        "Each" => Box::new(each(source)?),
        "Ordered" => Box::new(ordered(source.count("count")?)),
        "Simplex" => Box::new(simplex(source.count("probabilities")?)?),
        other => return Err(source.unknown("bijector", other)),
    })
}

fn each(source: &Source<'_>) -> Result<Each<Line>> {
    let (count, map) = (source.count("count")?, source.part("map")?);
    Ok(match map.kind() {
        "Above" => above(map.number("low")?, count)?,
        "Below" => below(map.number("high")?, count)?,
        "Free" => Each::new(Line::Free, count),
        "Interval" => interval(map.number("low")?, map.number("high")?, count)?,
        "Softplus" => Each::new(Line::Softplus, count),
        other => return Err(map.unknown("map", other)),
    })
}
