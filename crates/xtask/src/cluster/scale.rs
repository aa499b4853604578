//! What more summarizers bring: articles a second behind a model that takes its time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::parts::{Cluster, Options, say};

/// How long the stand-in for a model takes for one article. Long beside what the machine computes
/// for it, so that a machine with two cores can show many processes.
const THOUGHT: Duration = Duration::from_millis(500);

/// Articles for each process, so that each measurement takes about as long.
const OF_EACH: usize = 160;

pub(super) fn run(binary: &Path, pages: usize) -> anyhow::Result<()> {
    let model = model()?;
    let mut alone = 0.0;
    for processes in [1, 2, 4] {
        let summarizer = format!(
            "  method: llm\n  llm: {{ url: \"http://{model}/v1\", model: stand-in, json_schema: false }}\n"
        );
        let options = Options { nodes: 1, summarizer, apart: false };
        let mut cluster = Cluster::new(binary, &options)?;
        let articles = (OF_EACH * processes).min(pages);
        cluster.write_pages(articles)?;
        cluster.owner()?;
        cluster.start("fetcher,cleaner")?;
        // Everything is cleaned and waits before the first summarizer starts.
        let begun = Instant::now();
        while cluster.count().map_or(0, |count| count.handed_off) < articles as u64 {
            anyhow::ensure!(begun.elapsed() < Duration::from_secs(300), "cleaning takes too long");
            std::thread::sleep(Duration::from_millis(200));
        }
        std::thread::sleep(Duration::from_secs(2));
        for _ in 0..processes {
            cluster.start("summarizer")?;
        }
        // From a tenth to nine tenths: neither the start nor the last few, of which not every
        // process has one.
        cluster.wait_for(articles / 10)?;
        let (from, since) = (cluster.count()?.delivered, Instant::now());
        cluster.wait_for(articles * 9 / 10)?;
        let (to, took) = (cluster.count()?.delivered, since.elapsed());
        let rate = (to - from) as f64 / took.as_secs_f64();
        if processes == 1 {
            alone = rate;
        }
        say(&format!(
            "{processes} summarizers: {rate:.1} articles/s, {:.2} of linear",
            rate / (alone * processes as f64)
        ))?;
        cluster.end()?;
    }
    Ok(())
}

/// A server that answers like a model, after a while. Ends with this process.
fn model() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection that breaks is one that is not needed any more.
            std::thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().context("a length")?;
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        std::thread::sleep(THOUGHT);
        let sentence = "The mayor said that she had crossed it on foot before anybody else did.";
        let content = serde_json::json!({ "sentences": [sentence] }).to_string();
        let answer = serde_json::json!({
            "choices": [{ "message": { "content": content }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 100, "completion_tokens": 20 },
        });
        let answer = answer.to_string();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
}
