//! `memory [FOLDER...]`: bytes on the heap while a page is read, in bytes of the page, and what is
//! left of them afterwards.
//!
//! Pages under [`SMALLEST`] bytes are not counted: fixed costs drown them.

use newsmill_cleaner_peers::pages::{self, Page};
use newsmill_cleaner_peers::tools::{self, Tool};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Smaller pages are left out, in bytes.
const SMALLEST: usize = 10_000;

fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let pages: Vec<Page> = pages::load(&pages::folders(&named)).into_values().flatten().collect();
    let pages: Vec<Page> = pages.into_iter().filter(|page| page.bytes.len() >= SMALLEST).collect();
    println!("{} pages of at least {SMALLEST} bytes; peak in times the page's bytes", pages.len());
    println!("{:30} {:>7} {:>7} {:>7}  {:>12}  worst page", "", "median", "p99", "most", "left bytes");
    for tool in tools::ALL {
        measure(tool, &pages);
    }
}

fn measure(tool: Tool, pages: &[Page]) {
    // Tables that are built once are no page's.
    pages.iter().for_each(|page| drop((tool.run)(page)));
    let start = HEAP.current_usage();
    let mut peaks: Vec<(f64, &Page)> = Vec::with_capacity(pages.len());
    let own = HEAP.current_usage() - start;
    for page in pages {
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        drop((tool.run)(page));
        let peak = HEAP.peak_usage() - before;
        peaks.push((peak as f64 / page.bytes.len() as f64, page));
    }
    let left = HEAP.current_usage().saturating_sub(start + own);
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |share: f64| peaks[((peaks.len() - 1) as f64 * share) as usize].0;
    let Some((most, worst)) = peaks.last() else { return };
    println!(
        "{:30} {:7.2} {:7.2} {most:7.2}  {left:12}  {} ({} bytes)",
        tool.name,
        at(0.5),
        at(0.99),
        worst.path.display(),
        worst.bytes.len(),
    );
}
