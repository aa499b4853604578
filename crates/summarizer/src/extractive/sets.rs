//! What is known of a set of one to three sentences taken together: how much of the text it
//! covers, how much it repeats, how long it is, how strong its sentences are.

use super::analysis::Analysis;
use super::features::Features;

/// How many sentences of the best scores sets are made of.
pub const SHORTLIST: usize = 8;

/// The largest set.
pub const LARGEST: usize = 3;

/// The sentence features whose length-weighted means a set carries.
const MEANS: [usize; 22] =
    [1, 2, 8, 10, 14, 17, 18, 21, 22, 23, 24, 29, 31, 34, 36, 40, 44, 45, 46, 48, 52, 55];

/// How many features a set has.
pub const COUNT: usize = PLAIN + MEANS.len();

/// Features that are the set's own, not means over its sentences.
const PLAIN: usize = 47;

/// Features of one set.
pub type Row = [f32; COUNT];

/// All sets of up to `largest` of the `shortlist`, members in document order.
pub fn combinations(shortlist: &[usize], largest: usize) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = Vec::with_capacity(92);
    let mut sorted = shortlist.to_vec();
    sorted.sort_unstable();
    for (a, &i) in sorted.iter().enumerate() {
        sets.push(vec![i]);
        if largest < 2 {
            continue;
        }
        for (b, &j) in sorted.iter().enumerate().skip(a + 1) {
            sets.push(vec![i, j]);
            if largest >= 3 {
                sets.extend(sorted[b + 1..].iter().map(|&k| vec![i, j, k]));
            }
        }
    }
    sets
}

/// What every set of a text is compared with.
pub(super) struct Context<'a> {
    analysis: &'a Analysis,
    features: &'a Features,
    scores: &'a [f32],
    /// Place of each sentence by score, best first, from 0.
    ranks: Vec<usize>,
    best: f32,
    best3: f32,
    mean8: f32,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        analysis: &'a Analysis,
        features: &'a Features,
        scores: &'a [f32],
        order: &[usize],
    ) -> Self {
        let mut ranks = vec![0; scores.len()];
        order.iter().enumerate().for_each(|(rank, i)| ranks[*i] = rank);
        let mean = |n: usize| {
            let n = n.min(order.len()).max(1);
            order.iter().take(n).map(|i| scores[*i]).sum::<f32>() / n as f32
        };
        Self { analysis, features, scores, ranks, best: mean(1), best3: mean(3), mean8: mean(8) }
    }

    /// The features of `set`, whose members are in document order.
    pub(super) fn row(&self, set: &[usize]) -> Row {
        let n = self.scores.len();
        let size = set.len() as f32;
        let words_of = |i: usize| self.features.words[i];
        let words: f32 = set.iter().map(|&i| words_of(i)).sum::<f32>().max(1.0);
        let mut by_score: Vec<f32> = set.iter().map(|&i| self.scores[i]).collect();
        by_score.sort_unstable_by(|a, b| b.total_cmp(a));
        let sum: f32 = by_score.iter().sum();
        let weighted: f32 = set.iter().map(|&i| self.scores[i] * words_of(i)).sum::<f32>() / words;
        let probability = |s: f32| 1.0 / (1.0 + (-s).exp());
        let chance: f32 = by_score.iter().map(|s| probability(*s)).sum();
        let ranks: f32 = set.iter().map(|&i| self.ranks[i] as f32).sum();
        let first = set[0] as f32;
        let last = set[set.len() - 1] as f32;

        let mut pairs = 0.0;
        let mut closest = 0.0_f32;
        let mut adjacent = 0.0;
        for (a, &i) in set.iter().enumerate() {
            for &j in &set[a + 1..] {
                let similar = self.features.similar[i * n + j];
                pairs += similar;
                closest = closest.max(similar);
                adjacent += f32::from(u8::from(j == i + 1));
            }
        }
        let union = Union::of(self.analysis, set);
        let orphans = set
            .iter()
            .filter(|&&i| self.features.pronoun[i] && i > 0 && !set.contains(&(i - 1)))
            .count() as f32;
        let flag = |is: bool| f32::from(u8::from(is));
        let plain: [f32; PLAIN] = [
            flag(set.len() == 1),
            flag(set.len() == 2),
            flag(set.len() == 3),
            words / 50.0,
            (words / 50.0).powi(2),
            words.ln(),
            flag(words < 25.0),
            flag(words > 75.0),
            sum,
            sum / size,
            by_score[0],
            by_score.get(1).copied().unwrap_or(0.0),
            by_score.get(2).copied().unwrap_or(0.0),
            by_score[set.len() - 1],
            weighted,
            chance,
            chance / size,
            chance / words * 20.0,
            ranks / 10.0,
            ranks / size / 10.0,
            flag(self.ranks[set[0]] == 0 || set.iter().any(|&i| self.ranks[i] == 0)),
            sum / size - self.best,
            sum / size - self.best3,
            sum / size - self.mean8,
            self.best * size,
            first / 10.0,
            last / 10.0,
            (1.0 + first).ln(),
            (1.0 + last).ln(),
            (last - first).ln_1p(),
            flag(set[0] == 0),
            flag(set.len() > 1 && set[0] == 0 && set[1] == 1),
            set.iter().map(|&i| i as f32).sum::<f32>() / size / n as f32,
            union.mass / self.analysis.mass,
            union.mass / self.analysis.mass / words * 50.0,
            (union.mass / self.analysis.mass).sqrt(),
            union.top5,
            union.top15,
            union.top15 / words * 50.0,
            union.distinct,
            union.cosine,
            union.cosine * words.ln(),
            pairs,
            closest,
            adjacent,
            orphans,
            union.names,
        ];
        let mut row = [0.0; COUNT];
        row[..plain.len()].copy_from_slice(&plain);
        for (to, feature) in row[plain.len()..].iter_mut().zip(MEANS) {
            let sum: f32 = set.iter().map(|&i| self.features.rows[i][feature] * words_of(i)).sum();
            *to = sum / words;
        }
        row
    }
}

/// The content of a set's sentences together.
struct Union {
    mass: f32,
    top5: f32,
    top15: f32,
    distinct: f32,
    cosine: f32,
    names: f32,
}

impl Union {
    fn of(analysis: &Analysis, set: &[usize]) -> Self {
        let mut ids: Vec<u32> = Vec::with_capacity(64);
        let mut total = 0;
        let mut names = 0.0;
        for &i in set {
            ids.extend_from_slice(&analysis.units[i].content);
            total += analysis.units[i].content.len();
        }
        ids.sort_unstable();
        ids.dedup();
        let (mut mass, mut dot, mut norm) = (0.0, 0.0, 0.0);
        for id in &ids {
            let id = *id as usize;
            mass += analysis.weight[id];
            // A set's own vector: each distinct stem once, by its rarity.
            dot += analysis.idf[id] * analysis.centroid[id];
            norm += analysis.idf[id] * analysis.idf[id];
            names += f32::from(u8::from(analysis.as_name[id] > 1.0));
        }
        let share = |top: &[u32]| {
            let hit = top.iter().filter(|id| ids.binary_search(id).is_ok()).count();
            hit as f32 / top.len().max(1) as f32
        };
        Self {
            mass,
            top5: share(&analysis.top[..analysis.top.len().min(5)]),
            top15: share(&analysis.top),
            distinct: ids.len() as f32 / total.max(1) as f32,
            cosine: dot / norm.sqrt().max(1e-6),
            names: f32::ln_1p(names),
        }
    }
}
