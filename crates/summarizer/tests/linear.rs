//! Long texts cost instructions in proportion to their length: twice the text, at most 2.2 times the work.
//! Counted by valgrind, since clocks lie on a busy machine:
//!
//! ```sh
//! cargo test -p newsmill-summarizer --test linear -- --ignored --nocapture
//! ```

use std::error::Error;
use std::process::Command;

use newsmill_article::Document;
use newsmill_summarizer::extractive::Extractive;
use newsmill_summarizer::grounding::Source;
use newsmill_summarizer::{Config, Summarizer};

/// The work of twice the text, to that of the text.
const MOST: f64 = 2.2;

const NEWS: &str = "The harbour board closed the old pier on Tuesday after a storm damaged it. ";

/// What the text is made of, and how often at the smaller size. A `#` becomes the number of the repeat.
const KINDS: [(&str, &str, usize); 14] = [
    ("sentences", "Engineer # inspected bridge # over the river on Tuesday. ", 12_000),
    ("equal sentences", NEWS, 10_000),
    ("paragraphs", "Engineer # inspected the bridge on Tuesday.\n\n", 10_000),
    ("words of one sentence", "word# ", 60_000),
    ("equal words of one sentence", "word ", 100_000),
    ("one word", "word", 120_000),
    ("names of one sentence", "Engineer Marsh# ", 30_000),
    ("stops", ". . . a. ! ? ", 30_000),
    ("initials", "A. ", 150_000),
    ("abbreviations", "Dr. U.S. a.m. No. # ", 20_000),
    ("open quotations", "\"The pier “is closed. ", 20_000),
    ("open brackets", "「(橋は閉鎖。", 20_000),
    ("spaces", "a.                ", 30_000),
    ("Chinese", "政府星期一宣布了新的住房计划。", 15_000),
];

fn text(kind: usize, times: usize) -> String {
    let (_, unit, size) = KINDS[kind];
    let units = (0..size * times).map(|number| unit.replace('#', &number.to_string()));
    units.collect::<String>() + NEWS
}

/// What the counting test runs under valgrind: a summary, and whether the text supports it.
#[test]
#[ignore = "only for the test that counts"]
fn summarize_one_text() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let (Some(kind), Some(times)) = (number("LINEAR_KIND"), number("LINEAR_TIMES")) else { return };
    let document = Document { text: text(kind, times), ..Document::default() };
    // What making the text costs is counted for both, with and without the work.
    if std::env::var_os("LINEAR_WORK").is_none() {
        return;
    }
    let summary = Extractive::new(&Config::default()).summarize(&document).unwrap();
    let source = Source::new(&document.text);
    for sentence in &summary.sentences {
        std::hint::black_box(source.support(&sentence.text));
    }
}

/// Instructions of a summary, in millions.
fn count(kind: usize, times: usize) -> Result<f64, Box<dyn Error>> {
    let all = instructions(kind, times, true)?;
    Ok(all - instructions(kind, times, false)?)
}

fn instructions(kind: usize, times: usize, work: bool) -> Result<f64, Box<dyn Error>> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--exact", "summarize_one_text", "--ignored"])
        .env("LINEAR_KIND", kind.to_string())
        .env("LINEAR_TIMES", times.to_string());
    if work {
        valgrind.env("LINEAR_WORK", "1");
    }
    let output = valgrind
        .output()
        .map_err(|error| format!("valgrind counts (apt-get install valgrind): {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let refs = report.lines().find_map(|line| line.split_once(" refs:"));
    let (_, refs) = refs.filter(|_| output.status.success()).ok_or_else(|| report.to_string())?;
    Ok(refs.trim().replace(',', "").parse::<f64>()? / 1e6)
}

#[test]
#[ignore = "needs valgrind and some minutes"]
fn twice_the_text_is_twice_the_work() {
    let mut beyond = Vec::new();
    println!("{:28} {:>9} {:>12} {:>9}", "text", "bytes", "Minstr.", "twice");
    for (kind, (name, ..)) in KINDS.iter().enumerate() {
        // The first call reads the weights and the table of rarities, whatever the text.
        let [nothing, once, twice] = [0, 1, 2].map(|times| count(kind, times).unwrap());
        let ratio = (twice - nothing) / (once - nothing);
        println!("{name:28} {:9} {:12.1} {ratio:9.2}", text(kind, 1).len(), once - nothing);
        if ratio > MOST {
            beyond.push(*name);
        }
    }
    assert!(beyond.is_empty(), "more than {MOST} times the work: {beyond:?}");
}
