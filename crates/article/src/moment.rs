//! A point in time in the words of the page that names it.
//!
//! Promises: what [`Moment`] writes is RFC 3339, and its first ten characters are the day that the
//! page means; everything that it writes it reads again. Two moments are equal where instant and
//! offset are: for what was earlier, compare [`Moment::at`].

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant and the offset from UTC that it was given in: `2017-04-03T23:30:00-05:00`. UTC, and
/// what names no zone, is written with `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    at: Timestamp,
    offset: Offset,
}

/// Zones lie within fourteen hours of UTC, and what reads records elsewhere takes no more.
const FARTHEST: i32 = 14 * 3600;

impl Moment {
    /// An instant as told in a zone. An offset that no zone of today has, of more than fourteen
    /// hours or of seconds, is dropped: the moment is then in UTC.
    pub fn new(at: Timestamp, offset: Offset) -> Self {
        let seconds = offset.seconds();
        let is_zone = seconds.abs() <= FARTHEST && seconds % 60 == 0;
        Self { at, offset: if is_zone { offset } else { Offset::UTC } }
    }

    /// The instant, for ordering and for clocks.
    pub fn at(self) -> Timestamp {
        self.at
    }

    /// The offset from UTC.
    pub fn offset(self) -> Offset {
        self.offset
    }

    /// What calendar and clock said where the page is at home.
    pub fn local(self) -> DateTime {
        self.offset.to_datetime(self.at)
    }
}

impl From<Timestamp> for Moment {
    /// In UTC.
    fn from(at: Timestamp) -> Self {
        Self { at, offset: Offset::UTC }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset == Offset::UTC {
            true => self.at.fmt(f),
            false => self.at.display_with_offset(self.offset).fmt(f),
        }
    }
}

impl FromStr for Moment {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let at = text.parse()?;
        let offset = Pieces::parse(text)?.to_numeric_offset();
        Ok(Self::new(at, offset.unwrap_or(Offset::UTC)))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_written_as_it_was_told() {
        for text in [
            "2017-04-03T23:30:00-05:00",
            "2017-04-04T04:30:00Z",
            "2017-04-04T04:30:00.25+05:45",
            "2017-04-04T00:00:00+14:00",
            "0001-01-01T00:00:00-12:00",
            "9999-12-30T23:59:59+02:00",
        ] {
            assert_eq!(read(text).to_string(), text);
            let json = serde_json::to_string(&read(text)).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Moment>(&json).unwrap(), read(text));
        }
        assert_eq!(read("2017-04-03T23:30:00-05:00").local().to_string(), "2017-04-03T23:30:00");
    }

    #[test]
    fn utc_has_one_form_and_no_zone_is_too_far() {
        for (text, written) in [
            ("2017-04-04T04:30:00+00:00", "2017-04-04T04:30:00Z"),
            ("2017-04-04T04:30:00-00:00", "2017-04-04T04:30:00Z"),
            ("2017-04-04t04:30:00z", "2017-04-04T04:30:00Z"),
            ("2017-04-04T04:30:00+1530", "2017-04-03T13:00:00Z"),
            ("2017-04-04T04:30:00+00:19:32", "2017-04-04T04:10:28Z"),
        ] {
            assert_eq!(read(text).to_string(), written, "{text}");
        }
        for none in ["", "2017-04-04", "2017-04-04T04:30:00", "yesterday"] {
            assert!(none.parse::<Moment>().is_err(), "{none}");
        }
    }

    #[test]
    fn the_same_instant_is_not_the_same_words() {
        let (here, there) = (read("2017-04-03T23:30:00-05:00"), read("2017-04-04T04:30:00Z"));
        assert_eq!(here.at(), there.at());
        assert_ne!(here, there);
        assert_eq!(Moment::from(here.at()), there);
    }
}
