//! The reverse pass of a chain, link by link, and its parameters.

use std::ops::Range;

use nalgebra::DMatrix;

use super::super::{
    AnyFlow, AnyTape, Cotangent, Direction, Flow, Moved, Packet, Track, TrainableFlow, all_arrived,
    transport,
};
use super::link::{Place, with_context};
use super::{Chain, ChainTape};
use crate::columns::Block;
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::ode::Workspace;
use crate::parameters::{self, Fixed, Layout, Setting};
use crate::real::Real;

impl<T: Real> TrainableFlow<T> for Chain<T> {
    type Tape = ChainTape;

    fn layout(&self) -> Layout {
        let mut layout = Layout::new();
        for (k, place) in self.links.iter().enumerate().filter(|(_, place)| !place.frozen) {
            layout.append(&k.to_string(), &place.link.layout());
        }
        layout.beside(&self.fixed(), &self.settings())
    }

    fn parameters(&self) -> Vec<T> {
        let learning = self.links.iter().filter(|place| !place.frozen);
        learning.flat_map(|place| place.link.parameters()).collect()
    }

    /// All links, or none.
    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        let count = self.links.iter().map(Place::parameter_count).sum::<usize>();
        if values.len() != count || values.iter().any(|value| !value.is_finite()) {
            return self.layout().check(values);
        }
        let before = self.parameters();
        let outcome = self.set_links(values);
        if outcome.is_err() {
            self.set_links(&before)?;
        }
        outcome
    }

    /// Those of all links, and the parameters of frozen ones.
    fn fixed(&self) -> Vec<Fixed> {
        let links = self.links.iter().enumerate();
        let fixed = |(k, place): (usize, &Place<T>)| -> Vec<Fixed> {
            place.fixed().into_iter().map(|array| array.within(&k.to_string())).collect()
        };
        links.flat_map(fixed).collect()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        let (mut next, mut rest) = (self.clone(), arrays);
        for (k, place) in next.links.iter_mut().enumerate() {
            // How many a link has is its own affair: a frame is there or not.
            let (part, own_name) = (k.to_string(), format!("{k}."));
            let count = rest.iter().take_while(|array| array.name.starts_with(&own_name)).count();
            let (own, others) = rest.split_at(count);
            rest = others;
            let own: Vec<Fixed> = own.iter().map(|array| array.of_part(&part)).collect();
            place
                .set_fixed(&own)
                .map_err(|error| error.during(format!("link {k} of the chain")))?;
        }
        if let Some(array) = rest.first() {
            return Err(Error::shape(format!(
                "the fixed array `{}` belongs to no link, or stands behind those of a later one: give those of a flow made the same way",
                array.name
            )));
        }
        *self = next;
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        let links = self.links.iter().enumerate();
        let frozen: Vec<usize> =
            links.clone().filter(|(_, place)| place.frozen).map(|(k, _)| k).collect();
        let chain = Description::new("Chain").with("frozen", &frozen[..]);
        links.into_iter().try_fold(chain, |chain, (k, place)| {
            let link = place.link.describe();
            let link = link.map_err(|error| error.during(format!("link {k} of the chain")))?;
            Ok(chain.part(&k.to_string(), link))
        })
    }

    fn settings(&self) -> Vec<Setting> {
        let links = self.links.iter().enumerate().flat_map(|(k, place)| {
            let settings = place.link.state().settings.into_iter();
            settings.map(move |setting| setting.within(&k.to_string()))
        });
        [Setting::kind("Chain")].into_iter().chain(links).collect()
    }

    fn sums_len(&self) -> usize {
        self.links.iter().map(Place::sums_len).sum()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        let count = self.links.iter().map(Place::parameter_count).sum();
        parameters::check_fold([sums.len(), self.sums_len()], [gradient.len(), count])?;
        for (k, place) in self.links.iter().enumerate().filter(|(_, place)| !place.frozen) {
            let sums = &sums[self.part(k, Place::sums_len)];
            place.link.fold(sums, &mut gradient[self.part(k, Place::parameter_count)])?;
        }
        Ok(())
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut ChainTape,
        workspace: &mut Workspace<T>,
    ) {
        if tape.tapes.len() != self.links.len() {
            tape.tapes = self.links.iter().map(|_| AnyTape::default()).collect();
        }
        for k in self.order(direction) {
            let (link, tape) = (&self.links[k].link, &mut tape.tapes[k]);
            with_context(link, packet, |packet| {
                link.record_packet(direction, packet, tape, workspace);
            });
        }
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut ChainTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let mut spare = Block::default();
        spare.reshape(0, cotangent.points.lanes());
        for k in self.order(direction.reversed()) {
            let place = &self.links[k];
            let sums = &mut sums[self.part(k, Place::sums_len)];
            // A link without a context must not meet the cotangents of one.
            let reads = place.link.context_dim() > 0;
            if !reads {
                std::mem::swap(&mut cotangent.context, &mut spare);
            }
            place.pullback(direction, &mut tape.tapes[k], cotangent, sums, workspace);
            if !reads {
                std::mem::swap(&mut cotangent.context, &mut spare);
            }
        }
    }

    /// Frozen links keep what they have.
    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        let mut points = points.clone();
        for k in self.order(direction) {
            let Place { link, frozen, .. } = &mut self.links[k];
            let context = context.filter(|_| link.context_dim() > 0);
            let named = |error: Error| error.during(format!("link {k} of the chain"));
            if !*frozen {
                link.initialise(direction, &points, context).map_err(named)?;
            }
            let moved = transport(link, direction, &points, context, Track::Points);
            points = moved.and_then(all_arrived).map_err(named)?.points;
        }
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.links.iter().any(Place::is_fresh)
    }

    fn prepare(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        let order: Vec<usize> = self.order(direction).collect();
        let Some(last) = order.iter().rposition(|&k| self.links[k].is_fresh()) else {
            return Ok(());
        };
        let (mut points, mut context) = (points.clone(), context.cloned());
        for &k in &order[..=last] {
            let Place { link, frozen, .. } = &mut self.links[k];
            let named = |error: Error| error.during(format!("link {k} of the chain"));
            let read = context.as_ref().filter(|_| link.context_dim() > 0);
            if !*frozen {
                link.prepare(direction, &points, read).map_err(named)?;
            }
            let moved = transport(link, direction, &points, read, Track::Points);
            let Moved { points: there, outcomes, .. } = moved.map_err(named)?;
            let arrived = |j: &usize| outcomes[*j].arrived();
            let arrived: Vec<usize> = (0..outcomes.len()).filter(arrived).collect();
            if arrived.is_empty() {
                break;
            }
            let own = |context: &DMatrix<T>| context.ncols() == there.ncols();
            context = context.map(|c| if own(&c) { c.select_columns(&arrived) } else { c });
            points = there.select_columns(&arrived);
        }
        Ok(())
    }

    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        let readers = self.links.iter().filter(|place| place.link.context_dim() > 0);
        readers.flat_map(|place| place.link.seen_contexts(contexts)).collect()
    }
}

impl<T: Real> Chain<T> {
    /// Hands every link that learns its share of the parameters.
    fn set_links(&mut self, values: &[T]) -> Result<()> {
        let mut start = 0;
        for (k, place) in self.links.iter_mut().enumerate().filter(|(_, place)| !place.frozen) {
            let own = start..start + place.parameter_count();
            start = own.end;
            let named = |error: Error| error.during(format!("link {k} of the chain"));
            place.link.set_parameters(&values[own]).map_err(named)?;
        }
        Ok(())
    }

    /// The part of a vector that belongs to link `k`, if each link has `len` of them.
    fn part(&self, k: usize, len: impl Fn(&Place<T>) -> usize) -> Range<usize> {
        let start = self.links[..k].iter().map(&len).sum();
        start..start + len(&self.links[k])
    }
}

impl<T: Real> Restore<T> for Chain<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Chain")?;
        let mut chain = Self::new();
        for (k, part) in source.parts().enumerate() {
            let link = AnyFlow::restore(&part);
            let link = link.map_err(|error| error.during(format!("link {k} of the chain")))?;
            chain = chain.then(link);
        }
        for k in source.counts("frozen")? {
            chain.freeze(k..k.saturating_add(1))?;
        }
        Ok(chain)
    }
}
