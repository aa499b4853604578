//! Floors under the scores on the development corpora, where those are: they show that the
//! shipped table and the code belong together, not how good unseen pages come out.

use std::io::Read as _;
use std::path::Path;

use newsmill_article::Hints;
use newsmill_cleaner::score::{self, PageScore, Truth};
use newsmill_cleaner::{Config, Input, clean, phrases};

#[test]
fn scores_on_the_corpora_hold() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/extraction");
    for (corpus, floor) in [("scrapinghub", 0.985), ("trafilatura", 0.966)] {
        let Ok(folder) = std::fs::read_dir(corpora.join(corpus)) else {
            println!("skipped: no {}", corpora.join(corpus).display());
            continue;
        };
        let (mut truths, mut scores, mut reply_forms) = (Vec::new(), Vec::<PageScore>::new(), 0);
        for path in folder.map(|entry| entry.unwrap().path()) {
            if path.extension().is_none_or(|ext| ext != "json") {
                continue;
            }
            let truth: Truth = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let file = std::fs::File::open(path.with_extension("html.gz")).unwrap();
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
            let hints = Hints::default();
            let input =
                Input { bytes: &bytes, content_type: Some("text/html"), url: None, hints: &hints };
            let text = clean(&Config::default(), &input).map_or(String::new(), |it| it.text);
            reply_forms += usize::from(text.lines().any(phrases::reply_form));
            scores.push(score::page(&truth, &text));
            truths.push(truth);
        }
        assert!(truths.len() > 100, "{corpus}: only {} pages", truths.len());
        let total = score::corpus(score::by_whole_text(&truths), &scores);
        println!("{corpus}: {total:?}");
        assert!(total.f1 >= floor, "{corpus}: {total:?}");
        assert_eq!(reply_forms, 0, "{corpus}: pages with a reply form");
    }
}
