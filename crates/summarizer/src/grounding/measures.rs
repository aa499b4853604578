//! How far the words of a sentence are those of the text, and in how many pieces.
//!
//! Few measures, because there are few verdicts to learn from: shares of n-grams, order and
//! company of content words, overlap with the best sentence and a dozen more were tried and gain
//! nothing beyond these in cross-validation.

use newsmill_article::Span;

use super::source::{Source, Word};

/// What is measured of a sentence, in this order.
pub const NAMES: [&str; COUNT] = [
    "pieces_per_word_log",
    "one_piece",
    "begins_as_a_sentence",
    "new_content_log",
    "numbers_outside_evidence",
    "quotations_missing",
];

/// How many measures there are.
pub const COUNT: usize = 6;

/// The measures of one sentence.
pub type Row = [f32; COUNT];

/// At most this many sentences of the text are given as evidence.
const MOST_EVIDENCE: usize = 3;

/// What a sentence rests on.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// Sentences of the source, by number, best first.
    pub(super) sentences: Vec<usize>,
    pub(super) row: Row,
    /// Names, numbers and quotations that the text does not have.
    pub(super) missing: Vec<String>,
    /// It says "not" where the evidence does not.
    pub(super) denies_alone: bool,
}

impl Evidence {
    pub(super) fn of(source: &Source, sentence: &str) -> Self {
        let words = source.read(sentence);
        let content: Vec<&Word> = words.iter().filter(|w| !w.stop).collect();
        let sentences = best_sentences(source, &content);
        let mut missing = missing(source, sentence, &words);
        let quotations = missing_quotations(source, sentence);
        let row = row(source, &words, &content, &sentences, quotations.len());
        missing.extend(quotations);
        let denies_alone = denies_alone(source, &words, &sentences);
        Self { sentences, row, missing, denies_alone }
    }

    /// The evidence in code points of the text, in document order.
    pub(super) fn spans(&self, source: &Source) -> Vec<Span> {
        let mut order = self.sentences.clone();
        order.sort_unstable();
        order.iter().map(|&s| source.sentences[s].0).collect()
    }
}

/// Whether a word of the text's sentence `s` has this stem.
fn stands_in(source: &Source, id: u32, s: usize) -> bool {
    if id == Word::NEW {
        return false;
    }
    let range = &source.sentences[s].1;
    let places = &source.places[id as usize];
    let at = places.partition_point(|p| (*p as usize) < range.start);
    places.get(at).is_some_and(|p| (*p as usize) < range.end)
}

/// Greedily, the sentences that together hold the most of the content.
fn best_sentences(source: &Source, content: &[&Word]) -> Vec<usize> {
    let mut left: Vec<u32> = content.iter().map(|w| w.id).filter(|id| *id != Word::NEW).collect();
    left.sort_unstable();
    left.dedup();
    let mut chosen = Vec::new();
    let mut score = vec![0.0_f32; source.sentences.len()];
    while chosen.len() < MOST_EVIDENCE && !left.is_empty() {
        score.fill(0.0);
        for id in &left {
            let places = &source.places[*id as usize];
            // A rare word says more of where a sentence comes from.
            let weight = 1.0 / (1.0 + places.len() as f32).ln();
            let mut last = u32::MAX;
            for place in places {
                let s = source.sentence_of[*place as usize];
                if s != last {
                    score[s as usize] += weight;
                    last = s;
                }
            }
        }
        let best = (0..score.len()).reduce(|a, b| if score[b] > score[a] { b } else { a });
        let Some(best) = best.filter(|b| score[*b] > 0.0) else { break };
        let before = left.len();
        left.retain(|id| !stands_in(source, *id, best));
        // A further sentence must bring more than a word.
        if !chosen.is_empty() && before - left.len() < 2 {
            break;
        }
        chosen.push(best);
    }
    chosen
}

/// Names and numbers that the text does not have at all.
fn missing(source: &Source, sentence: &str, words: &[Word]) -> Vec<String> {
    let mut missing: Vec<String> =
        super::source::numbers(sentence).filter(|n| !has_number(source, n)).collect();
    missing.extend(
        words
            .iter()
            .filter(|w| w.name && w.id == Word::NEW)
            .map(|w| sentence[w.bytes.clone()].to_owned()),
    );
    missing
}

/// Quotations that the text does not have word for word.
fn missing_quotations(source: &Source, sentence: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for (open, close) in
        [("“", "”"), ("\"", "\""), ("``", "''"), ("«", "»"), ("„", "“"), ("「", "」")]
    {
        let mut rest = sentence;
        while let Some(at) = rest.find(open) {
            rest = &rest[at + open.len()..];
            let Some(end) = rest.find(close) else { break };
            let quotation = &rest[..end];
            if quotation.trim().chars().count() > 2 && !source.has_run(quotation) {
                missing.push(quotation.to_owned());
            }
            rest = &rest[end + close.len()..];
        }
    }
    missing
}

fn has_number(source: &Source, number: &str) -> bool {
    source.numbers.contains(number) || source.read(number).iter().all(|w| w.id != Word::NEW)
}

fn row(
    source: &Source,
    words: &[Word],
    content: &[&Word],
    evidence: &[usize],
    quotations: usize,
) -> Row {
    let ids: Vec<u32> = words.iter().map(|w| w.id).collect();
    let in_evidence = |w: &Word| evidence.iter().any(|s| stands_in(source, w.id, *s));
    let new = content.iter().filter(|w| w.id == Word::NEW).count() as f32;
    let numbers = words.iter().filter(|w| w.number && !in_evidence(w)).count() as f32;
    let pieces = Pieces::of(source, &ids);
    let flag = |is: bool| f32::from(u8::from(is));
    [
        (pieces.count.max(1.0) / ids.len().max(1) as f32).ln(),
        flag(pieces.count <= 1.0),
        flag(pieces.begins_as_a_sentence),
        new.ln_1p(),
        numbers.min(3.0),
        quotations.min(2) as f32,
    ]
}

/// Whether the sentence denies something where its evidence denies nothing.
fn denies_alone(source: &Source, words: &[Word], evidence: &[usize]) -> bool {
    let denies = |words: &[Word]| words.iter().any(|w| w.negation);
    denies(words) && !evidence.iter().any(|s| denies(&source.words[source.sentences[*s].1.clone()]))
}

/// The runs of words that a sentence was pieced together from, the longest at each place
/// (Grusky et al. 2018). A word that the text does not have is a piece by itself.
struct Pieces {
    count: f32,
    /// Whether the sentence begins as a sentence of the text does.
    begins_as_a_sentence: bool,
}

impl Pieces {
    fn of(source: &Source, ids: &[u32]) -> Self {
        let mut pieces = Self { count: 0.0, begins_as_a_sentence: false };
        let mut at = 0;
        while at < ids.len() {
            let (mut best, mut place) = (0, 0);
            if ids[at] != Word::NEW {
                for p in &source.places[ids[at] as usize] {
                    let there = &source.words[*p as usize..];
                    let same = there.iter().zip(&ids[at..]).take_while(|(w, id)| w.id == **id);
                    let length = same.count();
                    if length > best {
                        (best, place) = (length, *p as usize);
                    }
                }
            }
            if at == 0 && best > 0 {
                let sentence = source.sentence_of[place] as usize;
                pieces.begins_as_a_sentence = source.sentences[sentence].1.start == place;
            }
            pieces.count += 1.0;
            at += best.max(1);
        }
        pieces
    }
}
