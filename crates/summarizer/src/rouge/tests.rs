use super::*;

#[track_caller]
fn check(reference: &str, summary: &str, expected: [[f64; 3]; 3]) {
    let Rouge { r1, r2, rl } = rouge(reference, summary);
    for (prf, expected) in [r1, r2, rl].into_iter().zip(expected) {
        let found = [prf.precision, prf.recall, prf.f1];
        for (a, b) in found.into_iter().zip(expected) {
            assert!((a - b).abs() < 1e-6, "{found:?} is not {expected:?}");
        }
    }
}

/// The expected numbers are those of `rouge-score` 0.1.2.
#[test]
fn small_cases() {
    check(
        "The cat sat on the mats.\nIt was happily sleeping.",
        "A cat was sleeping on a mat.\nThe dogs barked.",
        [[0.6; 3], [0.0; 3], [0.6; 3]],
    );
    check(
        "Police killed the gunman in 2015",
        "police kill the gunman\nthe gunman kill police",
        [[0.5, 0.666667, 0.571429], [0.428571, 0.6, 0.5], [0.5, 0.666667, 0.571429]],
    );
    check(
        "a b c d a",
        "a a b\nc d e a b",
        [[0.625, 1.0, 0.769231], [0.428571, 0.75, 0.545455], [0.625, 1.0, 0.769231]],
    );
    check("something", "", [[0.0; 3]; 3]);
}

#[test]
fn intervals_hold_the_mean_and_repeat() {
    let values: Vec<f64> = (0..200).map(|i| f64::from(i % 10)).collect();
    let first = bootstrap(&values, 500);
    assert_eq!(first, bootstrap(&values, 500));
    assert!((first.mean - 4.5).abs() < 1e-12);
    assert!(first.low < 4.5 && 4.5 < first.high && first.high - first.low < 1.0, "{first:?}");
    assert_eq!(bootstrap(&[], 10), Mean::default());
}
