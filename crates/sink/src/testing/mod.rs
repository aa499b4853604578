//! What the tests share: records, and servers that they break.

mod postgres;
mod proxy;
mod receiver;
mod record;

use std::ops::Range;

use newsmill_article::Record;

pub(crate) use self::postgres::Server;
pub(crate) use self::proxy::{Cut, Proxy};
pub(crate) use self::receiver::{Receiver, Reply, Request};
pub(crate) use self::record::{record, worded};
use crate::Delivery;

/// The articles with these numbers, each under its number.
pub(crate) fn batch(numbers: Range<u64>) -> Vec<Delivery> {
    deliveries(numbers.start, numbers.map(record))
}

/// Records numbered from `first` on.
pub(crate) fn deliveries(first: u64, records: impl IntoIterator<Item = Record>) -> Vec<Delivery> {
    let number = |(sequence, record)| Delivery::new(sequence, &record).unwrap();
    (first..).zip(records).map(number).collect()
}
