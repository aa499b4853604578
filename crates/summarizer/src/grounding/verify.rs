//! An independent check of a record: does its summary hold what it promises of its text?

use std::fmt;

use newsmill_article::{Record, SCHEMA};

use super::Source;

/// Supports further apart than this are not the same.
const TOLERANCE: f32 = 0.01;

/// What is wrong with a record. Sentences and blocks are counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The record is of another schema.
    Schema {
        /// The number it has.
        found: u32,
    },
    /// A block lies outside of the text, or before the one before it.
    Block {
        /// Which block.
        block: usize,
    },
    /// An offset lies outside of the text, or ends before it begins.
    OutOfRange {
        /// Which sentence.
        sentence: usize,
        /// First code point.
        start: usize,
        /// One past the last.
        end: usize,
        /// Code points of the text.
        length: usize,
    },
    /// A sentence is not the text between its offsets.
    NotTheText {
        /// Which sentence.
        sentence: usize,
        /// What the text has there.
        found: String,
    },
    /// A sentence has neither offsets nor support.
    Ungrounded {
        /// Which sentence.
        sentence: usize,
    },
    /// The support of a written sentence comes out different.
    Support {
        /// Which sentence.
        sentence: usize,
        /// What the record says.
        recorded: f32,
        /// What it is.
        found: f32,
    },
    /// The summary's text does not have the sentence where it should.
    NotInSummary {
        /// Which sentence.
        sentence: usize,
    },
    /// The same sentence of the text twice.
    Repeated {
        /// Which sentence.
        sentence: usize,
    },
    /// A summary without sentences.
    NoSentence,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema { found } => write!(f, "schema is {found}, not {SCHEMA}"),
            Self::Block { block } => {
                write!(f, "block {block} is outside of the text or out of order")
            }
            Self::OutOfRange { sentence, start, end, length } => write!(
                f,
                "summary sentence {sentence}: {start}..{end} is not a run of the text's {length} code points"
            ),
            Self::NotTheText { sentence, found } => {
                write!(f, "summary sentence {sentence} is not the text at its offsets: {found:?}")
            }
            Self::Ungrounded { sentence } => {
                write!(f, "summary sentence {sentence} has neither offsets nor support")
            }
            Self::Support { sentence, recorded, found } => write!(
                f,
                "summary sentence {sentence}: support is {found:.3}, the record says {recorded:.3}"
            ),
            Self::NotInSummary { sentence } => {
                write!(f, "summary sentence {sentence} is not in the summary's text in its place")
            }
            Self::Repeated { sentence } => {
                write!(f, "summary sentence {sentence} repeats an earlier one")
            }
            Self::NoSentence => f.write_str("the summary has no sentence"),
        }
    }
}

/// Checks `record` against its own text; empty where all is well. Uses nothing that the
/// summarizer kept, only the record.
pub fn verify(record: &Record) -> Vec<Fault> {
    let mut faults = Vec::new();
    if record.schema != SCHEMA {
        faults.push(Fault::Schema { found: record.schema });
    }
    // Byte offsets of every code point, and the end.
    let bytes: Vec<usize> =
        record.text.char_indices().map(|(at, _)| at).chain([record.text.len()]).collect();
    let length = bytes.len() - 1;
    let slice = |start: usize, end: usize| {
        (start < end && end <= length).then(|| &record.text[bytes[start]..bytes[end]])
    };
    let mut last = 0;
    for (number, block) in record.blocks.iter().enumerate() {
        if block.start < last || block.end < block.start || block.end > length {
            faults.push(Fault::Block { block: number + 1 });
        }
        last = block.end;
    }
    if record.summary.sentences.is_empty() {
        faults.push(Fault::NoSentence);
    }
    let source = Source::with_title(&record.text, record.title.as_deref());
    let mut rest = record.summary.text.as_str();
    let mut seen = Vec::new();
    for (number, sentence) in record.summary.sentences.iter().enumerate() {
        let number = number + 1;
        let range =
            |start: usize, end: usize| Fault::OutOfRange { sentence: number, start, end, length };
        match (sentence.start, sentence.end, sentence.support) {
            (Some(start), Some(end), _) => {
                match slice(start, end) {
                    None => faults.push(range(start, end)),
                    Some(found) if found != sentence.text => {
                        faults
                            .push(Fault::NotTheText { sentence: number, found: found.to_owned() });
                    }
                    Some(_) => {}
                }
                if seen.contains(&(start, end)) {
                    faults.push(Fault::Repeated { sentence: number });
                }
                seen.push((start, end));
            }
            (None, None, Some(recorded)) => {
                let found = source.support(&sentence.text).value;
                // Also true where the recorded number is not a number.
                if recorded.is_nan() || (found - recorded).abs() > TOLERANCE {
                    faults.push(Fault::Support { sentence: number, recorded, found });
                }
            }
            _ => faults.push(Fault::Ungrounded { sentence: number }),
        }
        for span in &sentence.evidence {
            if slice(span.start, span.end).is_none() {
                faults.push(range(span.start, span.end));
            }
        }
        let shown = sentence.text.replace('\n', " ");
        match rest.find(&shown) {
            Some(at) => rest = &rest[at + shown.len()..],
            None => faults.push(Fault::NotInSummary { sentence: number }),
        }
    }
    faults
}
