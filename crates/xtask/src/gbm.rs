//! Gradient boosted trees with histograms: what `train-cleaner` fits.
//!
//! Logistic loss, second-order leaf values, trees grown leaf by leaf (the design of LightGBM:
//! Ke and others, 2017). Each tree asks about a part of the columns only, which keeps few strong ones
//! from deciding everything. One thread, a fixed choice: the same rows give the same model.

use newsmill_cleaner::train::{Model, Node};

const BINS: usize = 63;

/// How a model is grown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) trees: usize,
    pub(crate) leaves: usize,
    pub(crate) rate: f32,
    /// Added to the second derivatives of a leaf.
    pub(crate) l2: f32,
    /// A leaf needs this sum of second derivatives.
    pub(crate) min_hessian: f32,
    /// A leaf needs this many rows.
    pub(crate) min_rows: usize,
    /// One column in so many is open to a tree.
    pub(crate) one_in: usize,
    /// Of the choice of the open columns.
    pub(crate) seed: u64,
}

/// Rows as bins, a column after the other.
pub(crate) struct Table {
    rows: usize,
    columns: Vec<Vec<u8>>,
    /// Upper bounds of the bins of each column.
    bounds: Vec<Vec<f32>>,
}

impl Table {
    /// Bins the given columns of the rows at their quantiles.
    pub(crate) fn new(rows: &[&[f32]], columns: &[usize]) -> Self {
        let mut table = Self { rows: rows.len(), columns: Vec::new(), bounds: Vec::new() };
        for &column in columns {
            let mut values: Vec<f32> = rows.iter().map(|row| row[column]).collect();
            values.sort_by(f32::total_cmp);
            let mut distinct = values.clone();
            distinct.dedup();
            let bounds: Vec<f32> = if distinct.len() <= BINS {
                distinct.windows(2).map(|pair| pair[0].midpoint(pair[1])).collect()
            } else {
                let mut bounds: Vec<f32> =
                    (1..BINS).map(|i| values[i * values.len() / BINS]).collect();
                bounds.dedup();
                bounds
            };
            table.columns.push(
                rows.iter()
                    .map(|row| bounds.partition_point(|bound| row[column] > *bound) as u8)
                    .collect(),
            );
            table.bounds.push(bounds);
        }
        table
    }
}

#[derive(Clone, Copy, Default)]
struct Sum {
    gradient: f64,
    hessian: f64,
    rows: u32,
}

impl Sum {
    fn less(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            rows: self.rows - other.rows,
        }
    }
}

struct Split {
    gain: f64,
    column: usize,
    bin: u8,
}

struct Leaf {
    rows: Vec<u32>,
    histogram: Vec<Sum>,
    total: Sum,
    split: Option<Split>,
    /// Where the parent refers to it: node and side.
    parent: Option<(usize, bool)>,
}

/// Fits a model. `columns` are the features that the table holds, `gains` gets what each gained.
pub(crate) fn fit(
    table: &Table,
    columns: &[usize],
    labels: &[f32],
    weights: &[f32],
    options: Options,
    gains: &mut [f64],
) -> Model {
    let weight: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    let positive: f64 = labels.iter().zip(weights).map(|(&y, &w)| f64::from(y * w)).sum();
    let share = (positive / weight).clamp(1e-6, 1.0 - 1e-6);
    let base = (share / (1.0 - share)).ln() as f32;
    let mut odds = vec![base; table.rows];
    let (mut roots, mut nodes, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
    for tree in 0..options.trees {
        let open = open_columns(table.columns.len(), tree, options);
        let slopes: Vec<(f32, f32)> = (0..table.rows)
            .map(|i| {
                let p = 1.0 / (1.0 + (-odds[i]).exp());
                ((p - labels[i]) * weights[i], (p * (1.0 - p)).max(1e-6) * weights[i])
            })
            .collect();
        let grown = grow(table, &slopes, &open, options);
        let first = nodes.len();
        let mut leaf_ids = Vec::new();
        for leaf in &grown.leaves {
            let value = -leaf.total.gradient / (leaf.total.hessian + f64::from(options.l2));
            let value = value as f32 * options.rate;
            for &row in &leaf.rows {
                odds[row as usize] += value;
            }
            leaf_ids.push(!(leaves.len() as i16));
            leaves.push(value);
        }
        for (column, bin, gain, left, right) in &grown.nodes {
            gains[columns[*column]] += gain;
            let id = |child: &Child| match child {
                Child::Node(at) => (first + at) as i16,
                Child::Leaf(at) => leaf_ids[*at],
            };
            nodes.push(Node {
                feature: columns[*column] as u8,
                threshold: table.bounds[*column][usize::from(*bin)],
                left: id(left),
                right: id(right),
            });
        }
        roots.push(if grown.nodes.is_empty() { leaf_ids[0] } else { first as i16 });
    }
    Model { base, roots: roots.into(), nodes: nodes.into(), leaves: leaves.into() }
}

/// The columns that a tree may ask about: the first of a shuffle (Fisher and Yates) by a linear
/// congruential generator.
fn open_columns(columns: usize, tree: usize, options: Options) -> Vec<usize> {
    let mut state = (options.seed * 1000 + tree as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut all: Vec<usize> = (0..columns).collect();
    let wanted = columns.div_ceil(options.one_in);
    for at in 0..wanted {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        all.swap(at, at + (state >> 33) as usize % (columns - at));
    }
    all.truncate(wanted);
    all.sort_unstable();
    all
}

#[derive(Clone, Copy)]
enum Child {
    Node(usize),
    Leaf(usize),
}

struct Grown {
    /// Column, bin, gain, left, right.
    nodes: Vec<(usize, u8, f64, Child, Child)>,
    leaves: Vec<Leaf>,
}

fn grow(table: &Table, slopes: &[(f32, f32)], open: &[usize], options: Options) -> Grown {
    let all: Vec<u32> = (0..table.rows as u32).collect();
    let histogram = histogram(table, &all, slopes, open);
    let mut nodes: Vec<(usize, u8, f64, Child, Child)> = Vec::new();
    let mut leaves = vec![leaf(table, all, histogram, None, open, options)];
    while leaves.len() < options.leaves {
        let gain = |leaf: &Leaf| leaf.split.as_ref().map_or(0.0, |split| split.gain);
        let best = (0..leaves.len())
            .fold(0, |best, at| if gain(&leaves[at]) > gain(&leaves[best]) { at } else { best });
        let Some(split) = leaves[best].split.take() else { break };
        let parent = std::mem::replace(
            &mut leaves[best],
            Leaf {
                rows: Vec::new(),
                histogram: Vec::new(),
                total: Sum::default(),
                split: None,
                parent: None,
            },
        );
        let bins = &table.columns[split.column];
        let (left, right): (Vec<u32>, Vec<u32>) =
            parent.rows.iter().partition(|&&row| bins[row as usize] <= split.bin);
        // The smaller side is counted, the other is what remains.
        let left_smaller = left.len() < right.len();
        let small = self::histogram(table, if left_smaller { &left } else { &right }, slopes, open);
        let rest: Vec<Sum> =
            parent.histogram.iter().zip(&small).map(|(all, some)| all.less(*some)).collect();
        let (left_histogram, right_histogram) =
            if left_smaller { (small, rest) } else { (rest, small) };
        let node = nodes.len();
        let new = leaves.len();
        if let Some((above, is_right)) = parent.parent {
            let child = if is_right { &mut nodes[above].4 } else { &mut nodes[above].3 };
            *child = Child::Node(node);
        }
        nodes.push((split.column, split.bin, split.gain, Child::Leaf(best), Child::Leaf(new)));
        leaves[best] = leaf(table, left, left_histogram, Some((node, false)), open, options);
        leaves.push(leaf(table, right, right_histogram, Some((node, true)), open, options));
    }
    Grown { nodes, leaves }
}

fn leaf(
    table: &Table,
    rows: Vec<u32>,
    histogram: Vec<Sum>,
    parent: Option<(usize, bool)>,
    open: &[usize],
    options: Options,
) -> Leaf {
    let mut total = Sum::default();
    for sum in &histogram[..BINS] {
        total.gradient += sum.gradient;
        total.hessian += sum.hessian;
        total.rows += sum.rows;
    }
    let split = best_split(table, &histogram, total, open, options);
    Leaf { rows, histogram, total, split, parent }
}

fn histogram(table: &Table, rows: &[u32], slopes: &[(f32, f32)], open: &[usize]) -> Vec<Sum> {
    let mut all = vec![Sum::default(); open.len() * BINS];
    let slopes: Vec<(f32, f32)> = rows.iter().map(|&row| slopes[row as usize]).collect();
    for (sums, &column) in all.chunks_exact_mut(BINS).zip(open) {
        let bins = &table.columns[column];
        for (&row, &(gradient, hessian)) in rows.iter().zip(&slopes) {
            let sum = &mut sums[usize::from(bins[row as usize])];
            sum.gradient += f64::from(gradient);
            sum.hessian += f64::from(hessian);
            sum.rows += 1;
        }
    }
    all
}

fn best_split(
    table: &Table,
    histogram: &[Sum],
    total: Sum,
    open: &[usize],
    options: Options,
) -> Option<Split> {
    let l2 = f64::from(options.l2);
    let value = |sum: Sum| sum.gradient * sum.gradient / (sum.hessian + l2);
    let mut best: Option<Split> = None;
    for (sums, &column) in histogram.chunks_exact(BINS).zip(open) {
        let bounds = &table.bounds[column];
        let mut left = Sum::default();
        for (bin, sum) in sums[..bounds.len()].iter().enumerate() {
            left.gradient += sum.gradient;
            left.hessian += sum.hessian;
            left.rows += sum.rows;
            let right = total.less(left);
            let enough = |side: Sum| {
                side.rows as usize >= options.min_rows
                    && side.hessian >= f64::from(options.min_hessian)
            };
            if !enough(left) || !enough(right) {
                continue;
            }
            let gain = value(left) + value(right) - value(total);
            if gain > 1e-6 && best.as_ref().is_none_or(|best| gain > best.gain) {
                best = Some(Split { gain, column, bin: bin as u8 });
            }
        }
    }
    best
}
