use newsmill_article::Document;

use super::*;
use crate::Config;

fn summarize(text: &str, config: &Config) -> Summary {
    let document = Document { text: text.to_owned(), ..Document::default() };
    let summary = Extractive::new(config).summarize(&document).unwrap();
    let chars: Vec<char> = text.chars().collect();
    for sentence in &summary.sentences {
        let slice: String = chars[sentence.start.unwrap()..sentence.end.unwrap()].iter().collect();
        assert_eq!(slice, sentence.text);
    }
    summary
}

#[test]
fn offsets_give_back_the_sentences() {
    let text = "Zürich — Der Zug kam spät.\n\nDie Fahrgäste warteten auf den Zug. Niemand kam.";
    let summary = summarize(text, &Config { sentences: 2, ..Config::default() });
    assert_eq!(summary.sentences.len(), 2);
}

#[test]
fn a_text_without_sentences_is_refused() {
    let document = Document { text: " … \n\n--".to_owned(), ..Document::default() };
    let refused = Extractive::new(&Config::default()).summarize(&document);
    assert!(matches!(refused, Err(SummarizeError::NoSentence)));
}
