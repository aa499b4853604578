//! `speed [--rounds N] [--f1 | --profile] [FOLDER...]`: pages a second, and with `--f1` how good the
//! texts are. `--profile` runs the cleaner alone, for `perf` and `valgrind` to look at.
//!
//! The tools take turns and the best turn of each counts, so that other work on the machine hits all
//! alike; the ratios hold where the times do not. Processor time is user time of the one thread.

use std::time::{Duration, Instant};

use newsmill_cleaner::score::{self, PageScore, Truth};
use newsmill_cleaner_peers::pages::{self, Page};
use newsmill_cleaner_peers::tools::{self, Tool};
use nix::sys::resource::{UsageWho, getrusage};

#[derive(Debug, Clone, Copy)]
struct Time {
    wall: Duration,
    user: Duration,
}

fn main() {
    let (mut rounds, mut f1, mut profile, mut named) = (3, false, false, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => rounds = args.next().and_then(|n| n.parse().ok()).unwrap_or(rounds),
            "--f1" => f1 = true,
            "--profile" => profile = true,
            _ => named.push(arg),
        }
    }
    let folders = pages::load(&pages::folders(&named));
    if f1 {
        // A panic of a peer is an empty text; its words are not for this table.
        std::panic::set_hook(Box::new(|_| {}));
        folders.iter().for_each(|(folder, pages)| scores(&folder.display().to_string(), pages));
    }
    let pages: Vec<Page> = folders.into_values().flatten().collect();
    let bytes: usize = pages.iter().map(|page| page.bytes.len()).sum();
    if profile {
        (0..rounds).for_each(|_| { turn(tools::NEWSMILL, &pages); });
        return;
    }
    println!("{} pages, {:.1} MB, best of {rounds} turns", pages.len(), bytes as f64 / 1e6);
    let mut best = tools::ALL.map(|_| Time { wall: Duration::MAX, user: Duration::MAX });
    for _ in 0..rounds {
        for (best, tool) in best.iter_mut().zip(tools::ALL) {
            let took = turn(tool, &pages);
            best.wall = best.wall.min(took.wall);
            best.user = best.user.min(took.user);
        }
    }
    println!(
        "{:30} {:>8} {:>12} {:>9} {:>9} {:>9} {:>14}",
        "", "pages/s", "pages/s user", "user s", "/ parse", "user", "x trafilatura"
    );
    let [parse, _, trafilatura, _] = best;
    for (took, tool) in best.iter().zip(tools::ALL) {
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        println!(
            "{:30} {:8.0} {:12.0} {:9.2} {:9.2} {:9.2} {:14.2}",
            tool.name,
            pages.len() as f64 / took.wall.as_secs_f64(),
            pages.len() as f64 / took.user.as_secs_f64(),
            took.user.as_secs_f64(),
            ratio(took.wall, parse.wall),
            ratio(took.user, parse.user),
            ratio(trafilatura.user, took.user),
        );
    }
}

fn turn(tool: Tool, pages: &[Page]) -> Time {
    let (user, wall) = (user_time(), Instant::now());
    let length: usize = pages.iter().map(|page| (tool.run)(page).len()).sum();
    std::hint::black_box(length);
    Time { wall: wall.elapsed(), user: user_time() - user }
}

fn user_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel counts for every process");
    let time = usage.user_time();
    Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()).unsigned_abs())
}

/// One line a tool for the pages of one folder that have truths.
fn scores(folder: &str, pages: &[Page]) {
    let pages: Vec<(&Page, &Truth)> =
        pages.iter().filter_map(|page| Some((page, page.truth.as_ref()?))).collect();
    if pages.is_empty() {
        return;
    }
    let whole = pages.iter().all(|(_, truth)| truth.article_body.is_some());
    println!("{folder}: {} pages with truths", pages.len());
    for tool in &tools::ALL[1..] {
        let found: Vec<PageScore> =
            pages.iter().map(|(page, truth)| score::page(truth, &(tool.run)(page))).collect();
        let score::Scores { f1, precision, recall } = score::corpus(whole, &found);
        println!("{:30} F1 {f1:.4}  P {precision:.4}  R {recall:.4}", tool.name);
    }
}
