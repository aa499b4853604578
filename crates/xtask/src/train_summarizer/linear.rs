//! Linear models fitted exactly: logistic regression by Newton's method, ridge by normal
//! equations. Deterministic, double precision.

use newsmill_summarizer::extractive::model::Linear;

/// Mean and deviation of each feature.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Scale {
    /// Over these rows.
    pub(crate) fn of<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, width: usize) -> Self {
        let mut mean = vec![0.0; width];
        let mut n = 0.0_f64;
        for row in rows.clone() {
            n += 1.0;
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += f64::from(*x));
        }
        mean.iter_mut().for_each(|m| *m /= n.max(1.0));
        let mut deviation = vec![0.0; width];
        for row in rows {
            for ((d, m), x) in deviation.iter_mut().zip(&mean).zip(row) {
                *d += (f64::from(*x) - m).powi(2);
            }
        }
        for d in &mut deviation {
            *d = (*d / n.max(1.0)).sqrt();
            // A feature that never changes says nothing; it must not divide by zero.
            if *d < 1e-6 {
                *d = 1e6;
            }
        }
        Self { mean, deviation }
    }

    /// A row in units of deviation, with a 1 behind it for the bias.
    pub(crate) fn apply(&self, row: &[f32]) -> Vec<f64> {
        let mut scaled: Vec<f64> = row
            .iter()
            .zip(self.mean.iter().zip(&self.deviation))
            .map(|(x, (m, d))| (f64::from(*x) - m) / d)
            .collect();
        scaled.push(1.0);
        scaled
    }

    /// Weights over scaled rows as weights over raw ones.
    pub(crate) fn fold(&self, scaled: &[f64]) -> Linear {
        let width = self.mean.len();
        let weights: Vec<f64> =
            scaled[..width].iter().zip(&self.deviation).map(|(w, d)| w / d).collect();
        let shift: f64 = weights.iter().zip(&self.mean).map(|(w, m)| w * m).sum();
        let bias = scaled.get(width).copied().unwrap_or(0.0) - shift;
        Linear { weights: weights.iter().map(|w| *w as f32).collect(), bias: bias as f32 }
    }
}

/// Solves `a x = b` for a symmetric positive definite `a` (row by row), by Cholesky.
pub(super) fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for j in 0..n {
        for k in 0..j {
            let factor = a[j * n + k];
            for i in j..n {
                a[i * n + j] -= a[i * n + k] * factor;
            }
        }
        let pivot = a[j * n + j].max(1e-12).sqrt();
        for i in j..n {
            a[i * n + j] /= pivot;
        }
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    b
}

/// Adds `weight * row * row^T` to the lower triangle of `a`.
fn add_outer(a: &mut [f64], row: &[f64], weight: f64) {
    let n = row.len();
    for (i, x) in row.iter().enumerate() {
        let scaled = weight * x;
        for (to, y) in a[i * n..=i * n + i].iter_mut().zip(row) {
            *to += scaled * y;
        }
    }
}

fn mirror(a: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..i {
            a[j * n + i] = a[i * n + j];
        }
    }
}

/// Logistic regression with an L2 penalty of `penalty` on every weight but the bias. Rows end
/// with the 1 of the bias; each counts as much as `importance` says. A label is how likely a row
/// is of the class, 0 to 1.
pub(crate) fn logistic(
    rows: &[Vec<f64>],
    labels: &[f64],
    importance: &[f64],
    penalty: f64,
) -> Vec<f64> {
    let n = rows.first().map_or(0, Vec::len);
    let mut weights = vec![0.0; n];
    for _ in 0..12 {
        let mut hessian = vec![0.0; n * n];
        let mut gradient = vec![0.0; n];
        for ((row, label), importance) in rows.iter().zip(labels).zip(importance) {
            let z: f64 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let p = 1.0 / (1.0 + (-z).exp());
            let error = importance * (label - p);
            gradient.iter_mut().zip(row).for_each(|(g, x)| *g += error * x);
            add_outer(&mut hessian, row, importance * (p * (1.0 - p)).max(1e-6));
        }
        for i in 0..n {
            let strength = if i + 1 == n { 1e-6 } else { penalty };
            hessian[i * n + i] += strength;
            gradient[i] -= strength * weights[i];
        }
        mirror(&mut hessian, n);
        let step = solve(hessian, gradient);
        let size: f64 = step.iter().map(|s| s * s).sum();
        weights.iter_mut().zip(&step).for_each(|(w, s)| *w += s);
        if size < 1e-10 {
            break;
        }
    }
    weights
}

/// Ridge regression with an L2 penalty of `penalty` on every weight.
pub(super) fn ridge<'a>(
    rows: impl Iterator<Item = (&'a [f64], f64)>,
    width: usize,
    penalty: f64,
) -> Vec<f64> {
    let mut a = vec![0.0; width * width];
    let mut b = vec![0.0; width];
    for (row, target) in rows {
        add_outer(&mut a, row, 1.0);
        b.iter_mut().zip(row).for_each(|(b, x)| *b += target * x);
    }
    for i in 0..width {
        a[i * width + i] += penalty;
    }
    mirror(&mut a, width);
    solve(a, b)
}
