//! Articles a second of the extractive summarizer, on 600 words of made-up news, beside the
//! splitting of the same text into sentences: their ratio holds on any machine.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use newsmill_article::Document;
use newsmill_summarizer::{Config, build, sentences};

/// About 600 words in 28 sentences, of words that recur as in a report.
fn article() -> String {
    const NOUNS: [&str; 12] = [
        "minister",
        "council",
        "budget",
        "hospital",
        "river",
        "company",
        "strike",
        "court",
        "election",
        "bridge",
        "report",
        "engineers",
    ];
    const VERBS: [&str; 7] =
        ["approved", "rejected", "inspected", "closed", "funded", "criticised", "repaired"];
    let mut text = String::new();
    for i in 0..28 {
        let (a, b, c) = (NOUNS[i * 5 % 12], NOUNS[(i * 7 + 3) % 12], NOUNS[(i * i + 1) % 12]);
        let verb = VERBS[i * 3 % 7];
        let day = ["Monday", "Tuesday", "Friday"][i % 3];
        text.push_str(&format!(
            "The {a} of Port Elgin {verb} the {b} on {day} after Dr. Lena V. Marsh said that {} \
             percent of the {c} had been damaged in the U.S. storm. ",
            i + 3
        ));
    }
    text
}

fn extractive(criterion: &mut Criterion) {
    let document = Document { text: article(), ..Document::default() };
    #[expect(clippy::expect_used, reason = "the default configuration always builds")]
    let mut summarizer =
        build(&Config::default(), &std::sync::Arc::default()).expect("the default summarizer");
    let mut group = criterion.benchmark_group("600 words");
    group.throughput(Throughput::Elements(1));
    group.bench_function("split", |b| b.iter(|| sentences::split(black_box(&document.text))));
    group.bench_function("summarize", |b| {
        b.iter(|| summarizer.summarize(black_box(&document)));
    });
    group.finish();
}

criterion_group!(benches, extractive);
criterion_main!(benches);
