//! The weights: how they lie in `models/extractive/`, and how they are read.
//!
//! `model.json` holds two linear scorers, of sentences and of sets; `idf.bin` holds how rare
//! English stems are: 5 bytes each, the low 32 bits of the stem's FNV-1a hash, little endian,
//! then its idf in sixteenths; sorted by hash.

use serde::{Deserialize, Serialize};

use super::{features, sets};

/// A linear scorer over standardized features.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// One weight a feature, of the raw value: standardization is folded in.
    pub weights: Vec<f32>,
    /// Added to the sum.
    pub bias: f32,
}

impl Linear {
    /// The score of a row of features.
    pub fn score(&self, row: &[f32]) -> f32 {
        self.bias + self.weights.iter().zip(row).map(|(w, x)| w * x).sum::<f32>()
    }
}

/// What training makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Named in every record: changes whenever the weights do.
    pub version: String,
    /// Scores a sentence, over [`features::NAMES`].
    pub sentence: Linear,
    /// Scores a set of sentences.
    pub set: Linear,
}

impl Weights {
    /// Reads `model.json`.
    ///
    /// # Errors
    ///
    /// When it is not the JSON of this type, or made for other features.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let weights: Self = serde_json::from_str(json).map_err(|e| e.to_string())?;
        let counts = (weights.sentence.weights.len(), weights.set.weights.len());
        if counts != (features::COUNT, sets::COUNT) {
            return Err(format!(
                "the weights are for {counts:?} features, not {:?}; train them again",
                (features::COUNT, sets::COUNT)
            ));
        }
        Ok(weights)
    }
}

/// How rare stems are in English news.
#[derive(Debug, Clone, Default)]
pub struct Idf {
    /// Sorted by hash.
    table: Vec<(u32, f32)>,
}

impl Idf {
    /// The rarity of a stem that the table does not have.
    pub const UNSEEN: f32 = 7.0;

    /// Reads `idf.bin`.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let table = bytes
            .chunks_exact(5)
            .map(|e| (u32::from_le_bytes([e[0], e[1], e[2], e[3]]), f32::from(e[4]) / 16.0))
            .collect();
        Self { table }
    }

    /// Writes `idf.bin` from stems and their idf.
    pub fn to_bytes<'a>(stems: impl Iterator<Item = (&'a [u8], f32)>) -> Vec<u8> {
        let mut table: Vec<(u32, u8)> =
            stems.map(|(stem, idf)| (hash(stem), (idf * 16.0).clamp(0.0, 255.0) as u8)).collect();
        table.sort_unstable();
        table.dedup_by_key(|(hash, _)| *hash);
        table.iter().flat_map(|(h, i)| h.to_le_bytes().into_iter().chain([*i])).collect()
    }

    /// How rare `stem` is: the logarithm of texts over texts with it.
    pub fn get(&self, stem: &[u8]) -> Option<f32> {
        let hash = hash(stem);
        self.table.binary_search_by_key(&hash, |(h, _)| *h).ok().map(|at| self.table[at].1)
    }
}

fn hash(stem: &[u8]) -> u32 {
    stem.iter().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01B3)
    }) as u32
}
