//! What is known of each candidate sentence: position, length, centrality, names, discourse.
//!
//! Most features speak no language; those that look at English words are zero elsewhere. The order
//! of [`NAMES`] is the order of the weights in the model file.

use super::analysis::{Analysis, Unit, cosine};
use super::lexicon;

/// Features of one sentence, in this order.
pub const NAMES: [&str; COUNT] = [
    "index",
    "index_share",
    "index_log",
    "from_end_log",
    "words_before_log",
    "first",
    "second",
    "third",
    "index_inverse",
    "words",
    "words_log",
    "words_square",
    "very_short",
    "very_long",
    "tfidf_mean",
    "tfidf_sum",
    "frequency_mean",
    "centroid",
    "textrank",
    "later_sum",
    "earlier_sum",
    "later_mean",
    "earlier_mean",
    "directed",
    "with_first",
    "with_second",
    "with_previous",
    "with_next",
    "top5",
    "top15",
    "lead_overlap",
    "novelty",
    "recurring",
    "repeated_pairs",
    "name_share",
    "name_count_log",
    "name_frequency",
    "name_first_mentions",
    "numbers_log",
    "any_number",
    "quoted_share",
    "quotation",
    "question",
    "exclamation",
    "pronoun_start",
    "connective_start",
    "speech",
    "attribution_tail",
    "first_person",
    "boilerplate",
    "previous_words_log",
    "next_words_log",
    "stop_share",
    "closest",
    "second_person",
    "day",
    "colon",
    "bracket",
    "name_start",
    "name_start_frequency",
    "in_quotation",
    "sentences_log",
    "first_short",
    "lead_length",
    "position_length",
    "position_centroid",
    "long_central",
    "rank_centroid",
    "rank_textrank",
    "rank_tfidf_mean",
    "rank_tfidf_sum",
    "rank_directed",
    "rank_words",
    "rank_top15",
    "rank_names",
    "rank_later",
    "rank_novelty",
    "lead_centroid",
    "lead_textrank",
    "lead_tfidf_mean",
    "lead_tfidf_sum",
    "lead_directed",
    "lead_words",
    "lead_top15",
    "lead_names",
    "lead_later",
    "lead_novelty",
];

/// How many features a sentence has.
pub const COUNT: usize = 87;

/// The first of the features that are ranks, and how many are ranked.
const RANKS: usize = 67;
const RANKED: usize = 10;

/// Features of one sentence.
pub type Row = [f32; COUNT];

/// The candidates' features and their similarities.
#[derive(Debug, Clone, Default)]
pub(super) struct Features {
    pub(super) rows: Vec<Row>,
    /// Cosines, row by row.
    pub(super) similar: Vec<f32>,
    pub(super) words: Vec<f32>,
    pub(super) pronoun: Vec<bool>,
}

impl Features {
    /// Computes them; quadratic in the number of candidates.
    pub(super) fn new(text: &str, analysis: &Analysis) -> Self {
        let units = &analysis.units;
        let n = units.len();
        let mut similar = vec![0.0; n * n];
        for i in 0..n {
            for j in i + 1..n {
                let cosine = cosine(&units[i].vector, &units[j].vector);
                similar[i * n + j] = cosine;
                similar[j * n + i] = cosine;
            }
        }
        let mut features = Self {
            rows: Vec::with_capacity(n),
            words: units.iter().map(|u| u.terms.len() as f32).collect(),
            pronoun: Vec::with_capacity(n),
            similar,
        };
        let textrank = textrank(&features.similar, n);
        let mut seen = vec![false; analysis.idf.len()];
        let mut before = 0.0;
        let mut open = false;
        for (i, unit) in units.iter().enumerate() {
            let row = features.row(text, analysis, i, &mut seen, before, textrank[i], &mut open);
            features.rows.push(row);
            before += unit.terms.len() as f32;
        }
        features.rank();
        features
    }

    #[expect(clippy::too_many_arguments, reason = "what runs along the text, in one place")]
    fn row(
        &mut self,
        text: &str,
        analysis: &Analysis,
        i: usize,
        seen: &mut [bool],
        before: f32,
        textrank: f32,
        open: &mut bool,
    ) -> Row {
        let unit = &analysis.units[i];
        let sentence = &text[unit.bytes.clone()];
        let n = analysis.units.len();
        let nf = n as f32;
        let at = i as f32;
        let words = (unit.terms.len() as f32).max(1.0);
        let content = (unit.content.len() as f32).max(1.0);
        let similar = &self.similar[i * n..(i + 1) * n];
        let weight: f32 = unit.content.iter().map(|id| analysis.weight[*id as usize]).sum();
        let centroid: f32 =
            unit.vector.iter().map(|(id, w)| w * analysis.centroid[*id as usize]).sum();
        let earlier: f32 = similar[..i].iter().sum();
        let later: f32 = similar[i + 1..].iter().sum();
        let covered = |top: &[u32]| {
            let hit = top.iter().filter(|id| unit.content.binary_search(id).is_ok()).count();
            hit as f32 / top.len().max(1) as f32
        };
        let top15 = covered(&analysis.top);
        let lead = &analysis.units[0].content;
        let lead_overlap = unit.content.iter().filter(|id| lead.binary_search(id).is_ok()).count();
        let novel = unit.content.iter().filter(|id| !seen[**id as usize]).count() as f32;
        let frequency: f32 =
            unit.content.iter().map(|id| analysis.frequency[*id as usize].ln_1p()).sum();
        let recurring =
            unit.content.iter().filter(|id| analysis.spread[**id as usize] > 1.0).count() as f32;
        let repeated =
            unit.bigrams.iter().filter(|b| analysis.repeated.binary_search(b).is_ok()).count();
        let names = Names::of(unit, analysis, seen);
        let count = |f: fn(&super::analysis::Term) -> bool| {
            unit.terms.iter().filter(|t| f(t)).count() as f32
        };
        let numbers = count(|t| t.number);
        let quoted = count(|t| t.quoted) / words;
        let look = Look::of(sentence);
        let starts_name = unit.terms.first().map_or(0.0, |t| analysis.as_name[t.id as usize]);
        let marks = sentence.bytes().filter(|b| *b == b'"').count();
        let in_quotation = *open;
        *open ^= marks % 2 == 1;
        self.pronoun.push(look.pronoun);
        let neighbour = |j: usize| self.words.get(j).map_or(0.0, |w| w.ln_1p());
        let flag = |is: bool| f32::from(u8::from(is));
        let inverse = 1.0 / (1.0 + at);
        let length = words.ln_1p();
        unit.content.iter().for_each(|id| seen[*id as usize] = true);

        let mut row = [0.0; COUNT];
        let plain: [f32; RANKS] = [
            at / 10.0,
            at / nf,
            at.ln_1p(),
            (nf - 1.0 - at).ln_1p(),
            before.ln_1p(),
            flag(i == 0),
            flag(i == 1),
            flag(i == 2),
            inverse,
            words / 20.0,
            length,
            (words / 20.0).powi(2),
            flag(words < 7.0),
            flag(words > 40.0),
            weight / content / 10.0,
            weight / analysis.mass,
            frequency / content,
            centroid,
            textrank,
            later / 5.0,
            earlier / 5.0,
            later / (nf - 1.0 - at).max(1.0),
            earlier / at.max(1.0),
            (later - 0.5 * earlier) / 5.0,
            if i == 0 { 1.0 } else { similar[0] },
            if n > 1 { similar[1] } else { 0.0 },
            if i > 0 { similar[i - 1] } else { 0.0 },
            similar.get(i + 1).copied().unwrap_or(0.0),
            covered(&analysis.top[..analysis.top.len().min(5)]),
            top15,
            lead_overlap as f32 / content,
            novel / content,
            recurring / content,
            repeated as f32 / words,
            names.count / words,
            names.count.ln_1p(),
            names.frequency,
            names.first.ln_1p(),
            numbers.ln_1p(),
            flag(numbers > 0.0),
            quoted,
            flag(quoted > 0.0),
            flag(sentence.trim_end_matches(['"', '”']).ends_with('?')),
            flag(sentence.trim_end_matches(['"', '”']).ends_with('!')),
            flag(look.pronoun),
            flag(look.connective),
            flag(look.speech),
            flag(look.attribution_tail),
            look.first_person / words,
            flag(lexicon::is_boilerplate(sentence)),
            if i > 0 { neighbour(i - 1) } else { 0.0 },
            neighbour(i + 1),
            count(|t| t.stop) / words,
            similar.iter().copied().fold(0.0, f32::max),
            flag(look.second_person),
            flag(look.day),
            flag(sentence.contains(':')),
            flag(sentence.contains('(')),
            flag(starts_name > 0.0),
            starts_name.ln_1p(),
            flag(in_quotation),
            nf.ln(),
            flag(i == 0 && words < 10.0),
            if i == 0 { length } else { 0.0 },
            inverse * length,
            inverse * centroid,
            length * centroid,
        ];
        row[..RANKS].copy_from_slice(&plain);
        row
    }

    /// Adds each sentence's rank in the text by its strongest features, and whether it leads.
    fn rank(&mut self) {
        const BY: [usize; RANKED] = [17, 18, 14, 15, 23, 9, 29, 36, 21, 31];
        let n = self.rows.len();
        let mut order: Vec<usize> = Vec::with_capacity(n);
        for (k, feature) in BY.iter().enumerate() {
            order.clear();
            order.extend(0..n);
            order.sort_by(|a, b| {
                self.rows[*b][*feature].total_cmp(&self.rows[*a][*feature]).then(a.cmp(b))
            });
            for (rank, i) in order.iter().enumerate() {
                self.rows[*i][RANKS + k] = (rank as f32).ln_1p();
                self.rows[*i][RANKS + RANKED + k] = f32::from(u8::from(rank < 3));
            }
        }
    }
}

/// Names in a sentence.
struct Names {
    count: f32,
    /// Mean logarithm of how often each occurs in the text.
    frequency: f32,
    /// How many are new here.
    first: f32,
}

impl Names {
    fn of(unit: &Unit, analysis: &Analysis, seen: &[bool]) -> Self {
        let mut names = Self { count: 0.0, frequency: 0.0, first: 0.0 };
        for term in unit.terms.iter().filter(|t| t.name && !t.stop) {
            names.count += 1.0;
            names.frequency += analysis.as_name[term.id as usize].ln_1p();
            names.first += f32::from(u8::from(!seen[term.id as usize]));
        }
        names.frequency /= names.count.max(1.0);
        names
    }
}

/// What English words of a sentence tell.
#[derive(Default)]
struct Look {
    pronoun: bool,
    connective: bool,
    speech: bool,
    attribution_tail: bool,
    first_person: f32,
    second_person: bool,
    day: bool,
}

impl Look {
    fn of(sentence: &str) -> Self {
        let mut look = Self::default();
        let mut last_speech = usize::MAX;
        let mut count = 0;
        for raw in sentence.split_ascii_whitespace().take(super::analysis::MAX_WORDS) {
            let word = raw.trim_matches(|c: char| !c.is_alphanumeric());
            if count == 0 {
                look.pronoun = lexicon::is_pronoun(word);
                look.connective = lexicon::is_connective(word);
            }
            count += 1;
            if lexicon::is_speech(word) {
                look.speech = true;
                last_speech = count;
            }
            look.first_person += f32::from(u8::from(lexicon::is_first_person(word)));
            look.second_person |= matches!(word, "you" | "You" | "your" | "Your");
            look.day |= lexicon::is_day(word);
        }
        look.attribution_tail = last_speech != usize::MAX && count - last_speech <= 3;
        look
    }
}

/// Centrality by the similarity graph (Mihalcea and Tarau 2004), times the number of sentences.
fn textrank(similar: &[f32], n: usize) -> Vec<f32> {
    const DAMPING: f32 = 0.85;
    const ROUNDS: usize = 8;
    let out: Vec<f32> =
        similar.chunks(n.max(1)).map(|row| row.iter().sum::<f32>().max(1e-6)).collect();
    let mut rank = vec![1.0; n];
    let mut next = vec![0.0; n];
    for _ in 0..ROUNDS {
        next.fill(1.0 - DAMPING);
        for (j, row) in similar.chunks(n.max(1)).enumerate() {
            let share = DAMPING * rank[j] / out[j];
            for (to, similarity) in next.iter_mut().zip(row) {
                *to += share * similarity;
            }
        }
        std::mem::swap(&mut rank, &mut next);
    }
    rank
}
