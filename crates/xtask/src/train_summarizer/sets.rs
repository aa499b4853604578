//! The scorer of sets: ridge regression on what each set is worth against the mean of its text,
//! then the same weights moved to raise the expected worth of the set that they choose.

use newsmill_summarizer::extractive::model::Linear;
use newsmill_summarizer::extractive::{Limits, sets};

use super::corpus::Example;
use super::linear::{self, Scale};

/// The penalty of the ridge regression.
const PENALTY: f64 = 300.0;

/// Steps of the ascent, and their size in units of the scaled weights.
const STEPS: i32 = 100;
const RATE: f64 = 0.02;
/// How sharp the softmax is, a point of worth at a time.
const SHARPNESS: f64 = 0.5;
/// How strongly the weights are pulled back to the ridge's.
const PULL: f64 = 0.01;

/// One text's sets: scaled features and worth, both less their mean.
struct Choice {
    rows: Vec<Vec<f64>>,
    worth: Vec<f64>,
}

pub(super) fn fit(examples: &[&Example], scores: &[Vec<f32>], limits: Limits) -> Linear {
    let all: Vec<Vec<(Vec<usize>, sets::Row)>> =
        examples.iter().zip(scores).map(|(e, s)| e.candidates.sets(s, limits)).collect();
    let scale = Scale::of(all.iter().flatten().map(|(_, row)| row.as_slice()), sets::COUNT);
    let choices: Vec<Choice> = examples
        .iter()
        .zip(&all)
        .map(|(example, sets)| {
            let mut rows: Vec<Vec<f64>> = sets
                .iter()
                .map(|(_, row)| {
                    let mut row = scale.apply(row);
                    row.pop();
                    row
                })
                .collect();
            let mut worth: Vec<f64> = sets.iter().map(|(set, _)| example.worth(set)).collect();
            let mean = worth.iter().sum::<f64>() / worth.len() as f64;
            worth.iter_mut().for_each(|w| *w -= mean);
            for k in 0..sets::COUNT {
                let mean = rows.iter().map(|r| r[k]).sum::<f64>() / rows.len() as f64;
                rows.iter_mut().for_each(|r| r[k] -= mean);
            }
            Choice { rows, worth }
        })
        .collect();
    let flat =
        choices.iter().flat_map(|c| c.rows.iter().map(Vec::as_slice).zip(c.worth.iter().copied()));
    let mut weights = linear::ridge(flat, sets::COUNT, PENALTY);
    refine(&mut weights, &choices);
    scale.fold(&weights)
}

/// Gradient ascent (Adam) on the mean over texts of the expected worth under a softmax over the
/// sets' scores, with a pull towards where it began.
fn refine(weights: &mut [f64], choices: &[Choice]) {
    let start = weights.to_vec();
    let n = weights.len();
    let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
    for step in 1..=STEPS {
        let mut gradient = vec![0.0; n];
        for choice in choices {
            let z: Vec<f64> = choice
                .rows
                .iter()
                .map(|r| SHARPNESS * r.iter().zip(weights.iter()).map(|(x, w)| x * w).sum::<f64>())
                .collect();
            let top = z.iter().copied().fold(f64::MIN, f64::max);
            let p: Vec<f64> = z.iter().map(|z| (z - top).exp()).collect();
            let sum: f64 = p.iter().sum();
            let expected: f64 = p.iter().zip(&choice.worth).map(|(p, w)| p * w).sum::<f64>() / sum;
            for ((row, p), worth) in choice.rows.iter().zip(&p).zip(&choice.worth) {
                let factor = SHARPNESS * p / sum * (worth - expected);
                if factor.abs() > 1e-9 {
                    gradient.iter_mut().zip(row).for_each(|(g, x)| *g += factor * x);
                }
            }
        }
        for k in 0..n {
            let g = gradient[k] / choices.len() as f64 - PULL * (weights[k] - start[k]);
            m[k] = 0.9 * m[k] + 0.1 * g;
            v[k] = 0.999 * v[k] + 0.001 * g * g;
            let (mh, vh) = (m[k] / (1.0 - 0.9_f64.powi(step)), v[k] / (1.0 - 0.999_f64.powi(step)));
            weights[k] += RATE * mh / (vh.sqrt() + 1e-8);
        }
    }
}
