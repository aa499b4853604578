//! Articles a second of the extractive summarizer on real articles, by the processor's user time,
//! which other processes disturb less than a clock (Linux only):
//!
//! ```sh
//! cargo run --release -p newsmill-summarizer --example measure_extractive -- ARTICLES.jsonl [TURNS]
//! ```
//!
//! Reads lines {id, text, title} and summarizes all of them TURNS times (20 where not given).

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::Path;

use newsmill_article::Document;
use newsmill_summarizer::{Config, build, eval, words};

/// Clock ticks a second in `/proc`, on every Linux.
const TICKS: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give ARTICLES.jsonl [TURNS]")?;
    let turns: usize = arguments.next().map_or(Ok(20), |n| n.parse())?;
    let mut documents = Vec::new();
    for line in eval::open(Path::new(&path))?.lines() {
        let line: serde_json::Value = serde_json::from_str(&line?)?;
        let text = line["text"].as_str().ok_or("a line without text")?.to_owned();
        let title = line["title"].as_str().map(str::to_owned);
        documents.push(Document { text, title, ..Document::default() });
    }
    let words: usize = documents.iter().map(|d| words::count(&d.text)).sum();
    let mut summarizer = build(&Config::default(), &std::sync::Arc::default())?;
    let mut best = f64::INFINITY;
    let begun = user()?;
    for _ in 0..turns {
        let before = user()?;
        for document in &documents {
            let _ = black_box(summarizer.summarize(black_box(document)));
        }
        best = best.min(user()? - before);
    }
    let all = user()? - begun;
    let articles = documents.len() as f64;
    let load = fs::read_to_string("/proc/loadavg")?;
    writeln!(
        std::io::stdout(),
        "{articles} articles of {:.0} words: {:.0} a second of user time on average of {turns} turns, {:.0} in the \
         best; {:.2} million words a second; load {}",
        words as f64 / articles,
        articles * turns as f64 / all,
        articles / best,
        words as f64 * turns as f64 / all / 1e6,
        load.split(' ').next().unwrap_or_default(),
    )?;
    Ok(())
}

/// User time of this process so far, in seconds.
fn user() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in brackets, may hold spaces.
    let after = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?.1;
    let ticks = after.split_whitespace().nth(11).ok_or("/proc/self/stat has no user time")?;
    Ok(ticks.parse::<f64>()? / TICKS)
}
