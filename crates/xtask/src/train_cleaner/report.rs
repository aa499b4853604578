//! How well the blocks of all pages are told apart, and which pages are worst.

use std::fmt::Write as _;

use newsmill_cleaner::score::{self, PageScore};

use super::Args;
use super::corpus::Example;

/// Writes the scores of both corpora and what the arguments ask for.
pub(crate) fn report(
    out: &mut impl std::io::Write,
    title: &str,
    examples: &[Example],
    probabilities: &[Vec<f32>],
    args: &Args,
) -> anyhow::Result<()> {
    for corpus in ["scrapinghub", "trafilatura"] {
        let pages: Vec<(&Example, &Vec<f32>)> =
            examples.iter().zip(probabilities).filter(|(e, _)| e.corpus == corpus).collect();
        let texts: Vec<String> = pages.iter().map(|(e, p)| e.page.text(p)).collect();
        let scores: Vec<PageScore> =
            pages.iter().zip(&texts).map(|((e, _), text)| score::page(&e.truth, text)).collect();
        let whole = pages.iter().all(|(e, _)| e.truth.article_body.is_some());
        let total = score::corpus(whole, &scores);
        let leaked = |segments: &dyn Fn(&Example) -> Vec<String>| {
            pages
                .iter()
                .zip(&texts)
                .map(|((e, _), text)| {
                    let text = score::collapse(text);
                    segments(e).iter().filter(|s| text.contains(&score::collapse(s))).count()
                })
                .sum::<usize>()
        };
        let comments = leaked(&|e: &Example| e.comments.clone());
        writeln!(
            out,
            "{title:16} {corpus:12} F1 {:.4}  P {:.4}  R {:.4}  comment segments {comments}",
            total.f1, total.precision, total.recall
        )?;
        if args.worst > 0 {
            let mut order: Vec<usize> = (0..pages.len()).collect();
            let loss = |at: usize| {
                if whole { 1.0 - scores[at].f1() } else { scores[at].extra + scores[at].missed }
            };
            order.sort_by(|&a, &b| loss(b).total_cmp(&loss(a)));
            for at in order.into_iter().take(args.worst) {
                let s = scores[at];
                writeln!(
                    out,
                    "  {:.3} P {:.3} R {:.3} {}",
                    s.f1(),
                    s.precision(),
                    s.recall(),
                    pages[at].0.truth.id
                )?;
            }
        }
        if let Some(folder) = &args.predictions {
            std::fs::create_dir_all(folder)?;
            let mut lines = String::new();
            for ((example, _), text) in pages.iter().zip(&texts) {
                let line = serde_json::json!({ "id": example.truth.id, "text": text });
                writeln!(lines, "{line}")?;
            }
            std::fs::write(folder.join(format!("{corpus}.jsonl")), lines)?;
            let mut lines = String::new();
            for (example, p) in &pages {
                let decisions = example.page.decisions(p);
                writeln!(lines, "# {}", example.truth.id)?;
                for (((text, p), (kept, rule)), label) in
                    example.page.texts().zip(p.iter()).zip(decisions).zip(&example.labels)
                {
                    let sign = if kept { '+' } else { '-' };
                    let label = label.map_or('?', |(label, _)| if label { 'Y' } else { 'n' });
                    let text = text.replace('\n', "\\n");
                    writeln!(lines, "{sign} {label} {p:.3} {rule}\t{text}")?;
                }
            }
            std::fs::write(folder.join(format!("{corpus}.blocks")), lines)?;
        }
    }
    Ok(())
}
