//! A batch cut into requests, and cut further to find the record that is refused.

use newsmill_article::Record;

use crate::{Delivery, Rejected};

/// The most bytes of JSON in one request; a larger record goes alone.
const LARGEST: usize = 8 << 20;

/// A record ready to be sent.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) sequence: u64,
    /// `(id, revision)`: the name of the effect, the same in every repeat.
    pub(crate) key: String,
    pub(crate) json: String,
}

/// Writes each record as JSON; one that cannot be is rejected.
pub(crate) fn lines<'a>(
    batch: impl Iterator<Item = &'a Delivery>,
    rejected: &mut Vec<Rejected>,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for delivery in batch {
        let record: &Record = &delivery.record;
        let sequence = delivery.sequence;
        match serde_json::to_string(record) {
            Ok(json) => {
                let key = format!("{}-{}", record.id, record.revision);
                lines.push(Line { sequence, key, json });
            }
            Err(error) => {
                let reason = format!("cannot be written as JSON: {error}");
                rejected.push(Rejected { sequence, reason });
            }
        }
    }
    lines
}

/// What is still to be sent, in order.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    /// The next piece is the last; each is a run of the batch.
    left: Vec<&'a [Line]>,
}

impl<'a> Pieces<'a> {
    /// Cuts into runs of at most `most` records and 8 MiB.
    pub(crate) fn new(mut lines: &'a [Line], most: usize) -> Self {
        let mut left = Vec::new();
        while !lines.is_empty() {
            let mut bytes = 0;
            let fitting = lines.iter().take(most.max(1)).take_while(|line| {
                bytes += line.json.len();
                bytes <= LARGEST
            });
            let (piece, rest) = lines.split_at(fitting.count().max(1));
            left.push(piece);
            lines = rest;
        }
        left.reverse();
        Self { left }
    }

    pub(crate) fn next(&mut self) -> Option<&'a [Line]> {
        self.left.pop()
    }

    /// A piece was refused: if it is a single record, returns it as rejected, else halves it and
    /// tries both halves next.
    pub(crate) fn refused(&mut self, piece: &'a [Line], reason: String) -> Option<Rejected> {
        if let [line] = piece {
            return Some(Rejected { sequence: line.sequence, reason });
        }
        let (first, second) = piece.split_at(piece.len() / 2);
        self.left.extend([second, first].into_iter().filter(|half| !half.is_empty()));
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(sequence: u64, bytes: usize) -> Line {
        Line { sequence, key: String::new(), json: "x".repeat(bytes) }
    }

    proptest! {
        #[test]
        fn halving_finds_exactly_what_is_refused_and_keeps_the_order(
            poison in proptest::collection::vec(any::<bool>(), 0..40),
            most in 1usize..12,
        ) {
            let lines: Vec<Line> = (0..poison.len() as u64).map(|n| line(n, 10)).collect();
            let mut pieces = Pieces::new(&lines, most);
            let (mut taken, mut rejected) = (Vec::new(), Vec::new());
            while let Some(piece) = pieces.next() {
                prop_assert!(!piece.is_empty() && piece.len() <= most);
                if piece.iter().any(|line| poison[line.sequence as usize]) {
                    let found = pieces.refused(piece, "no".to_owned());
                    rejected.extend(found.map(|r| r.sequence));
                } else {
                    taken.extend(piece.iter().map(|line| line.sequence));
                }
            }
            let all = 0..poison.len() as u64;
            let bad: Vec<u64> = all.clone().filter(|n| poison[*n as usize]).collect();
            let good: Vec<u64> = all.filter(|n| !poison[*n as usize]).collect();
            prop_assert_eq!(rejected, bad);
            prop_assert_eq!(taken, good);
        }
    }

    #[test]
    fn a_request_stays_within_its_bytes() {
        let sizes = [3 << 20, 3 << 20, 3 << 20, 9 << 20, 10];
        let lines: Vec<Line> = sizes.iter().zip(0..).map(|(bytes, n)| line(n, *bytes)).collect();
        let mut pieces = Pieces::new(&lines, 100);
        let cut: Vec<usize> = std::iter::from_fn(|| pieces.next()).map(<[Line]>::len).collect();
        assert_eq!(cut, [2, 1, 1, 1]);
    }
}
