//! What was computed for a picture, kept for when it is asked for again: by its panel, or in another format.

use std::sync::{Arc, OnceLock};

use crate::error::Result;

/// What was found first, and under what circumstances.
#[derive(Debug)]
pub(super) struct Kept<K, V>(OnceLock<(K, Result<Arc<V>>)>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

/// A copy finds its own: it may be changed.
impl<K, V> Clone for Kept<K, V> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<K: PartialEq, V> Kept<K, V> {
    /// What was found under these circumstances, or what is found now.
    pub fn get(&self, key: K, find: impl FnOnce() -> Result<V>) -> Result<Arc<V>> {
        match self.0.get() {
            Some((known, found)) if *known == key => found.clone(),
            Some(_) => find().map(Arc::new),
            None => {
                let found = find().map(Arc::new);
                self.0.set((key, found.clone())).ok();
                found
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_once() {
        let kept: Kept<u8, u8> = Kept::default();
        assert_eq!(*kept.get(1, || Ok(10)).expect("found"), 10);
        assert_eq!(*kept.get(1, || Ok(11)).expect("kept"), 10);
        assert_eq!(*kept.get(2, || Ok(20)).expect("found under others"), 20);
        assert_eq!(*kept.clone().get(1, || Ok(12)).expect("found anew"), 12);
    }
}
