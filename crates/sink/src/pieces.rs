//! A batch cut into requests, and cut further to find the record that is refused.

use crate::{Delivery, Rejected};

/// The most bytes of JSON in one request; a larger record goes alone.
const LARGEST: usize = 8 << 20;

/// What is still to be sent, in order.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    /// The next piece is the last; each is a run of the batch.
    left: Vec<&'a [Delivery]>,
}

impl<'a> Pieces<'a> {
    /// Cuts into runs of at most `most` records and 8 MiB.
    pub(crate) fn new(mut batch: &'a [Delivery], most: usize) -> Self {
        let mut left = Vec::new();
        while !batch.is_empty() {
            let mut bytes = 0;
            let fitting = batch.iter().take(most.max(1)).take_while(|delivery| {
                bytes += delivery.json.len();
                bytes <= LARGEST
            });
            let (piece, rest) = batch.split_at(fitting.count().max(1));
            left.push(piece);
            batch = rest;
        }
        left.reverse();
        Self { left }
    }

    pub(crate) fn next(&mut self) -> Option<&'a [Delivery]> {
        self.left.pop()
    }

    /// A piece was refused: if it is a single record, returns it as rejected, else halves it and
    /// tries both halves next.
    pub(crate) fn refused(&mut self, piece: &'a [Delivery], reason: String) -> Option<Rejected> {
        if let [only] = piece {
            return Some(Rejected { sequence: only.sequence, reason });
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

    fn delivery(sequence: u64, bytes: usize) -> Delivery {
        let Delivery { id, revision, .. } = crate::testing::batch(0..1).remove(0);
        Delivery { sequence, id, revision, json: "x".repeat(bytes).into() }
    }

    proptest! {
        #[test]
        fn halving_finds_exactly_what_is_refused_and_keeps_the_order(
            poison in proptest::collection::vec(any::<bool>(), 0..40),
            most in 1usize..12,
        ) {
            let batch: Vec<Delivery> = (0..poison.len() as u64).map(|n| delivery(n, 10)).collect();
            let mut pieces = Pieces::new(&batch, most);
            let (mut taken, mut rejected) = (Vec::new(), Vec::new());
            while let Some(piece) = pieces.next() {
                prop_assert!(!piece.is_empty() && piece.len() <= most);
                if piece.iter().any(|delivery| poison[delivery.sequence as usize]) {
                    let found = pieces.refused(piece, "no".to_owned());
                    rejected.extend(found.map(|r| r.sequence));
                } else {
                    taken.extend(piece.iter().map(|delivery| delivery.sequence));
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
        let batch: Vec<Delivery> =
            sizes.iter().zip(0..).map(|(bytes, n)| delivery(n, *bytes)).collect();
        let mut pieces = Pieces::new(&batch, 100);
        let cut: Vec<usize> = std::iter::from_fn(|| pieces.next()).map(<[Delivery]>::len).collect();
        assert_eq!(cut, [2, 1, 1, 1]);
    }
}
