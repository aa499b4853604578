use super::*;

const TEXT: &str = "Mayor Anna Lindqvist resigned on Monday after a 3.5 million euro housing \
    deal. \"I have made mistakes,\" she told reporters in Malmö. The council will elect her \
    successor on May 12. Two members did not attend.\n\nThe opposition called for new elections.";

#[test]
fn verbatim_sentences_are_supported_wholly() {
    let support = Source::new(TEXT).support("The council will elect her successor on May 12.");
    assert_eq!(support.value, 1.0);
    assert!(support.missing.is_empty());
    let chars: Vec<char> = TEXT.chars().collect();
    let Span { start, end } = support.evidence[0];
    let evidence: String = chars[start..end].iter().collect();
    assert_eq!(evidence, "The council will elect her successor on May 12.");
}

#[test]
fn names_numbers_and_quotations_must_be_in_the_text() {
    let source = Source::new(TEXT);
    for (sentence, missing) in [
        ("Mayor Anna Lindqvist resigned over a 3.5 million euro deal.", vec![]),
        ("Mayor Anna Lindqvist resigned over a 4.5 million euro deal.", vec!["4.5"]),
        ("Mayor Anna Bergström resigned on Monday.", vec!["Bergström"]),
        ("She said \"I have made mistakes\" on Monday.", vec![]),
        ("She said \"I did nothing wrong\" on Monday.", vec!["I did nothing wrong"]),
    ] {
        assert_eq!(source.support(sentence).missing, missing, "{sentence}");
    }
}

#[test]
fn invention_and_denial_lower_support() {
    let source = Source::new(TEXT);
    let value = |sentence: &str| source.support(sentence).value;
    let true_one = value("Anna Lindqvist resigned on Monday after a housing deal.");
    let denied = value("Anna Lindqvist has not resigned on Monday after a housing deal.");
    let invented = value("The prime minister sued a fishing company over stolen boats.");
    assert!(true_one > denied && true_one > invented, "{true_one} {denied} {invented}");
    assert!(denied < 0.5 && invented < 0.5, "{denied} {invented}");
}

fn written(sentences: &[&str]) -> Summary {
    Summary {
        text: sentences.join(" "),
        method: "llm".to_owned(),
        model: None,
        sentences: sentences
            .iter()
            .map(|s| SummarySentence { text: (*s).to_owned(), ..SummarySentence::default() })
            .collect(),
        fallback: None,
        spent: None,
    }
}

fn grounded(on_fail: OnFail, sentences: &[&str]) -> Result<Summary, SummarizeError> {
    let document = Document { text: TEXT.to_owned(), ..Document::default() };
    let grounding = Grounding { on_fail, ..Grounding::default() };
    ground(written(sentences), &document, &Config { grounding, ..Config::default() })
}

const FALSE_ONE: &str = "The King of Norway paid 77 million dollars.";
const TRUE_ONE: &str = "The council will elect her successor on May 12.";

#[test]
fn what_fails_is_replaced_dropped_flagged_or_refused() {
    let replaced = grounded(OnFail::Replace, &[TRUE_ONE, FALSE_ONE]).unwrap();
    assert_eq!(replaced.sentences[0].text, TRUE_ONE);
    assert!(replaced.sentences[1].start.is_some());
    assert_ne!(replaced.sentences[1].text, TRUE_ONE);
    assert!(replaced.sentences[1].note.as_ref().unwrap().contains("77"));
    assert!(!replaced.text.contains("Norway"));

    let dropped = grounded(OnFail::Drop, &[TRUE_ONE, FALSE_ONE]).unwrap();
    assert_eq!(dropped.text, TRUE_ONE);
    assert!(matches!(grounded(OnFail::Drop, &[FALSE_ONE]), Err(SummarizeError::Ungrounded(_))));

    let flagged = grounded(OnFail::Flag, &[TRUE_ONE, FALSE_ONE]).unwrap();
    assert_eq!(flagged.sentences[1].text, FALSE_ONE);
    assert!(flagged.sentences[1].note.is_some());

    let refused = grounded(OnFail::Reject, &[TRUE_ONE, FALSE_ONE]);
    assert!(matches!(refused, Err(SummarizeError::Ungrounded(_))));
}

#[test]
fn a_hostile_text_takes_no_longer_than_its_length() {
    let source = Source::new(&"a ".repeat(200_000));
    let support = source.support(&"a ".repeat(5_000));
    assert!(support.value.is_finite());
    assert!(Source::new("").support("").value.is_finite());
}

#[test]
fn verify_finds_each_fault() {
    let record: newsmill_article::Record = serde_json::from_value(serde_json::json!({
        "schema": 1, "id": "00000000000000000000000000000000", "revision": "0000000000000000",
        "input": "a.txt", "text": TEXT, "word_count": 40,
        "summary": {"text": "", "method": "llm", "sentences": []},
        "fetched": "2026-01-01T00:00:00Z", "processed": "2026-01-01T00:00:00Z",
        "pipeline": {"version": "0", "cleaner": "0", "summarizer": "0"},
    }))
    .unwrap();
    assert_eq!(verify(&record), [Fault::NoSentence]);

    let mut good = record.clone();
    good.summary = grounded(OnFail::Flag, &[TRUE_ONE, FALSE_ONE]).unwrap();
    assert_eq!(verify(&good), []);

    let mut bad = good.clone();
    bad.summary.sentences[0].support = Some(0.2);
    assert!(matches!(verify(&bad)[..], [Fault::Support { sentence: 1, .. }]));
    bad.summary.sentences[0] =
        SummarySentence { start: Some(0), end: Some(5), ..good.summary.sentences[0].clone() };
    assert!(matches!(verify(&bad)[..], [Fault::NotTheText { sentence: 1, .. }]));
    bad.summary.sentences[0].end = Some(100_000);
    assert!(matches!(verify(&bad)[..], [Fault::OutOfRange { sentence: 1, .. }]));
    bad.summary.sentences[0].end = None;
    assert!(matches!(verify(&bad)[..], [Fault::Ungrounded { sentence: 1 }]));
    let mut bad = good.clone();
    bad.summary.text = "Something else.".to_owned();
    assert_eq!(verify(&bad).len(), 2);
    let mut bad = good;
    bad.schema = 2;
    assert_eq!(verify(&bad), [Fault::Schema { found: 2 }]);
}
