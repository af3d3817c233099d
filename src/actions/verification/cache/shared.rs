//! Values that many keys have in common, kept once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Values by what they are of. One that nobody has any more goes.
pub struct Shared<K, V> {
    values: Mutex<Values<K, V>>,
}

struct Values<K, V> {
    by_key: HashMap<K, Weak<V>>,
    /// When so many are there, those that nobody has are removed.
    tidy_at: usize,
}

const TIDY_AT_FIRST: usize = 256;

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self { values: Mutex::new(Values { by_key: HashMap::new(), tidy_at: TIDY_AT_FIRST }) }
    }
}

impl<K: Eq + Hash, V: PartialEq> Shared<K, V> {
    /// The same value, the one that others have already if they do. Another value of the same key takes its slot.
    pub fn share(&self, key: K, value: V) -> Arc<V> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = values.by_key.get(&key).and_then(Weak::upgrade)
            && *known == value
        {
            return known;
        }
        let value = Arc::new(value);
        values.by_key.insert(key, Arc::downgrade(&value));
        if values.by_key.len() >= values.tidy_at {
            values.by_key.retain(|_, value| value.strong_count() > 0);
            values.tidy_at = (2 * values.by_key.len()).max(TIDY_AT_FIRST);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_value_is_kept_once_and_another_takes_its_place() {
        let shared = Shared::default();
        let first = shared.share(1, "ana".to_owned());
        assert!(Arc::ptr_eq(&first, &shared.share(1, "ana".to_owned())));
        assert!(!Arc::ptr_eq(&first, &shared.share(2, "ana".to_owned())));
        assert_eq!(*shared.share(1, "Ana".to_owned()), "Ana");
    }

    #[test]
    fn what_nobody_has_any_more_is_removed() {
        let shared = Shared::default();
        let kept = shared.share(0, 0);
        for number in 1..10_000 {
            drop(shared.share(number, number));
        }
        assert!(shared.values.lock().unwrap().by_key.len() <= TIDY_AT_FIRST);
        assert!(Arc::ptr_eq(&kept, &shared.share(0, 0)));
    }
}
