//! Any text: sentences in order inside of it, and a summary whose every sentence stands where it
//! says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_article::Document;
use newsmill_summarizer::extractive::Extractive;
use newsmill_summarizer::grounding::Source;
use newsmill_summarizer::{Config, Summarizer, sentences};

fuzz_target!(|text: &str| {
    let mut last = 0;
    for sentence in sentences::split(text) {
        let bytes = sentence.bytes.clone();
        assert!(last <= bytes.start && bytes.start < bytes.end && bytes.end <= text.len());
        assert_eq!(text[..bytes.start].chars().count(), sentence.span.start);
        assert_eq!(text[..bytes.end].chars().count(), sentence.span.end);
        last = bytes.end;
    }
    let document = Document { text: text.to_owned(), ..Document::default() };
    let Ok(summary) = Extractive::new(&Config::default()).summarize(&document) else { return };
    let source = Source::new(text);
    let chars: Vec<char> = text.chars().collect();
    for sentence in &summary.sentences {
        let (Some(start), Some(end)) = (sentence.start, sentence.end) else {
            panic!("an extract without a place: {sentence:?}");
        };
        assert_eq!(chars[start..end].iter().collect::<String>(), sentence.text);
        let support = source.support(&sentence.text).value;
        assert!((0.0..=1.0).contains(&support), "{support}");
    }
});
