//! Who was published, and what became of each.
//!
//! Exactly one fate for everything that was published, and no fate for what never was: neither a
//! record nor a rejection may be missing, doubled or invented.

use std::collections::BTreeMap;

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// A record was delivered.
    Record,
    /// It was refused, for the reason of this code.
    Rejected(String),
    /// It is the same as one that is known.
    Duplicate,
    /// It will be tried again.
    PutOff,
}

/// Shorthand for [`Fate::Rejected`].
pub fn rejected(code: &str) -> Fate {
    Fate::Rejected(code.to_owned())
}

/// What was published, with the fate that each must have.
#[derive(Debug, Default)]
pub struct Oracle {
    published: BTreeMap<String, Fate>,
}

impl Oracle {
    /// Notes that `url` was published and must end in `fate`. Twice is once.
    pub fn publish(&mut self, url: impl Into<String>, fate: Fate) {
        self.published.insert(url.into(), fate);
    }

    /// How many records must come.
    pub fn records(&self) -> usize {
        self.published.values().filter(|fate| **fate == Fate::Record).count()
    }

    /// Holds what was reported against what was published.
    ///
    /// # Errors
    ///
    /// One line for every fate that is missing, wrong, doubled or invented.
    pub fn check(&self, reported: impl IntoIterator<Item = (String, Fate)>) -> Result<(), String> {
        let mut fates: BTreeMap<String, Vec<Fate>> = BTreeMap::new();
        for (url, fate) in reported {
            fates.entry(url).or_default().push(fate);
        }
        let mut faults = Vec::new();
        for (url, expected) in &self.published {
            match fates.remove(url).as_deref() {
                None => faults.push(format!("{url}: no fate, expected {expected:?}")),
                Some([fate]) if fate == expected => {}
                Some([fate]) => faults.push(format!("{url}: {fate:?}, expected {expected:?}")),
                Some(several) => faults.push(format!("{url}: several fates {several:?}")),
            }
        }
        faults.extend(fates.into_iter().map(|(url, fates)| format!("{url}: invented, {fates:?}")));
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_is_found() {
        let mut oracle = Oracle::default();
        for (url, fate) in [
            ("right", Fate::Record),
            ("refused", rejected("gone")),
            ("lost", Fate::Record),
            ("doubled", Fate::Record),
            ("swapped", Fate::Record),
        ] {
            oracle.publish(url, fate);
        }
        let report = [
            ("right", Fate::Record),
            ("refused", rejected("gone")),
            ("doubled", Fate::Record),
            ("doubled", Fate::Record),
            ("swapped", rejected("too_short")),
            ("stranger", Fate::Record),
        ];
        let owned = |(url, fate): (&str, Fate)| (url.to_owned(), fate);
        let faults = oracle.check(report.map(owned)).unwrap_err();
        let named: Vec<&str> = faults.lines().filter_map(|l| l.split(':').next()).collect();
        assert_eq!(named, ["doubled", "lost", "swapped", "stranger"]);
        assert_eq!(oracle.records(), 4);
        assert!(Oracle::default().check([]).is_ok());
    }
}
