//! What being watched costs: the same mill in silence and with everything on, in turns.
//!
//! *Silent*: no log, no endpoint. *Watched*: the log at info, `/metrics` read every second. *Traced*:
//! also a trace of every article sent to a collector that takes it and forgets it. Compared is CPU time, which a
//! busy machine changes less than the wall clock; each turn of one is beside one of the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::{Run, measure, say};

/// Turns of each.
const TURNS: usize = 5;

/// Runs all three over `pages`.
pub(super) fn run(binary: &Path, pages: &Path, place: &Path) -> anyhow::Result<()> {
    let collector = collector()?;
    // A port that is free now; the mill takes it at once.
    let metrics = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    // Reads whenever a mill listens, until this process ends.
    std::thread::spawn(move || {
        loop {
            let _ = scrape(metrics);
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    let listen = format!("listen: \"{metrics}\"");
    let otlp = format!("otlp: {{ url: \"http://{collector}/v1/traces\" }}");
    let turn = |name: &str, level: &str, telemetry: &str| -> anyhow::Result<Run> {
        let place = place.join(name);
        std::fs::create_dir_all(&place)?;
        let yaml = format!(
            "sources:\n  - {{ name: pages, folder: {} }}\nsinks:\n  - jsonl: {{ path: a.jsonl }}\n\
             ledger: {{ path: ledger.db }}\n{telemetry}",
            pages.display()
        );
        std::fs::write(place.join("pipeline.yaml"), yaml)?;
        let mut mill = Command::new(binary);
        mill.args(["run", "--once-through"]);
        let run = measure(&mut mill, &place, level)?;
        std::fs::remove_dir_all(&place)?;
        Ok(run)
    };
    let (mut silent, mut watched, mut traced) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        silent.push(turn("silent", "off", "")?.cpu);
        watched.push(turn("watched", "info", &format!("telemetry: {{ {listen} }}\n"))?.cpu);
        traced.push(turn("traced", "info", &format!("telemetry: {{ {listen}, {otlp} }}\n"))?.cpu);
    }
    let median = |of: &mut Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[TURNS / 2]
    };
    let silent = median(&mut silent);
    let more = |of: &mut Vec<f64>| 100.0 * (median(of) / silent - 1.0);
    say(&format!(
        "CPU time beside {silent:.2} s in silence: metrics and log at info {:+.1} %, with every trace {:+.1} % \
         (medians of {TURNS} turns)",
        more(&mut watched),
        more(&mut traced)
    ))
}

/// One reading of `/metrics`.
fn scrape(address: SocketAddr) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: mill\r\nconnection: close\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new())
}

/// A server that answers every request with 200 and keeps nothing, until this process ends.
fn collector() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port for a collector")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(&stream));
        }
    });
    Ok(address)
}

/// Ends, with `None`, when the other side does or says what is no HTTP.
fn serve(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
        (&*stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}
