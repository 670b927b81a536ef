//! What is done between two steps beside what a callback does: a wish to stop is heard, and checkpoints are kept.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Checkpoint;
use super::StepReport;
#[cfg(feature = "save")]
use super::keeper::{self, Keeper};
use super::settings::Settings;
use super::watch::{Standing, Watch};
use crate::error::Result;
use crate::real::Real;

/// A watch, and what the trainer was told to do beside it.
pub(super) struct Keeping<'a, W> {
    watch: &'a mut W,
    stop: Option<Arc<AtomicBool>>,
    #[cfg(feature = "save")]
    keeper: Option<Keeper>,
}

impl<'a, W> Keeping<'a, W> {
    /// What a run was told; of several, a member.
    pub fn new(settings: &Settings, member: Option<usize>, watch: &'a mut W) -> Result<Self> {
        #[cfg(not(feature = "save"))]
        let _ = member;
        Ok(Self {
            watch,
            stop: settings.stop.clone(),
            #[cfg(feature = "save")]
            keeper: settings.checkpoints_of(member).as_ref().map(Keeper::new).transpose()?,
        })
    }

    fn is_asked(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// The checkpoint from which a run that begins, or a member of several, is to go on.
pub(super) fn earlier<T: Real>(
    settings: &Settings,
    member: Option<usize>,
) -> Result<Option<Checkpoint<T>>> {
    #[cfg(feature = "save")]
    if let Some(checkpoints) = settings.checkpoints_of(member) {
        return keeper::earlier(&checkpoints);
    }
    let _ = (settings, member);
    Ok(None)
}

impl<T: Real, M, W: Watch<T, M>> Watch<T, M> for Keeping<'_, W> {
    fn after(
        &mut self,
        step: &StepReport,
        standing: &dyn Standing<T, M>,
    ) -> Result<ControlFlow<()>> {
        let asked = self.watch.after(step, standing)?.is_break() || self.is_asked();
        // A run that is stopped can go on later from where it stood.
        #[cfg(feature = "save")]
        if let Some(keeper) = &mut self.keeper
            && (asked || keeper.is_due(standing.report().steps.len()))
        {
            keeper.keep(&standing.checkpoint())?;
        }
        Ok(if asked { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn ended(&mut self, standing: &dyn Standing<T, M>) -> Result<()> {
        self.watch.ended(standing)?;
        // What has ended is not done again.
        #[cfg(feature = "save")]
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(&standing.checkpoint())?;
        }
        Ok(())
    }
}
