use std::sync::Arc;

use super::*;
use crate::{Config, build};

fn corpus(name: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/corpus/summarization")
        .join(name);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn area_under_the_curve() {
    assert_eq!(auc(&[(0.1, false), (0.2, true), (0.3, true)]), 100.0);
    assert_eq!(auc(&[(0.1, true), (0.2, false)]), 0.0);
    assert_eq!(auc(&[(0.5, true), (0.5, false)]), 50.0);
    assert_eq!(auc(&[(1.0, true), (2.0, false), (3.0, true)]), 50.0);
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let refused = faithfulness(&b"\n{}\n"[..]);
    assert!(matches!(refused, Err(EvalError::Line { line: 2, .. })));
    assert!(matches!(faithfulness(&b""[..]), Err(EvalError::Empty)));
}

#[test]
fn predictions_hold_a_sentence_a_line() {
    let record = r#"{"id": "a", "text": "The mayor of Lyon resigned on Monday over a housing deal. The council of the city will elect another mayor in two weeks. Rain fell.", "references": ["The mayor of Lyon resigned."]}"#;
    let mut predictions = Vec::new();
    let mut summarizer =
        build(&Config { sentences: 2, ..Config::default() }, &Arc::default()).unwrap();
    let report = summaries(record.as_bytes(), summarizer.as_mut(), Some(&mut predictions)).unwrap();
    assert_eq!((report.documents, report.missing), (1, 0));
    assert!(report.r1.mean > 30.0);
    let line: serde_json::Value = serde_json::from_slice(&predictions).unwrap();
    assert_eq!(line["id"], "a");
    let lines = line["summary"].as_str().unwrap().lines().count();
    assert_eq!(lines as f64, report.sentences);
}

/// The floor under the model that ships: a change that makes it worse than this is a fault.
#[test]
fn extracts_beat_the_lead_by_what_the_model_card_says() {
    let Some(path) = corpus("cnndm-dev.jsonl.gz") else { return };
    let mut summarizer = build(&Config::default(), &Arc::default()).unwrap();
    let report = summaries(open(&path).unwrap(), summarizer.as_mut(), None).unwrap();
    println!("{report}");
    assert_eq!((report.documents, report.missing), (509, 0));
    assert!(report.r1.mean > 32.4 && report.r2.mean > 12.1 && report.rl.mean > 28.4);
}

#[test]
fn support_tells_faithful_summaries() {
    let Some(path) = corpus("faithfulness-dev.jsonl.gz") else { return };
    let report = faithfulness(open(&path).unwrap()).unwrap();
    println!("{report}");
    for (set, least) in [("summeval", 80.0), ("qags-cnndm", 83.0), ("qags-xsum", 66.0)] {
        let found = report.sets.iter().find(|s| s.set == set).unwrap();
        assert!(found.auc > least, "{set}: {}", found.auc);
    }
}

/// The corpus's own scorer, in Python, must find the same numbers in the same predictions.
#[test]
fn scores_equal_those_of_the_corpus_tool() {
    let Some(corpus) = corpus("cnndm-dev.jsonl.gz") else { return };
    let tool = corpus.ancestors().nth(3).unwrap().join("tools/score_summaries.py");
    let folder = tempfile::tempdir().unwrap();
    let (lines, json) = (folder.path().join("lines.jsonl"), folder.path().join("scores.json"));
    let mut summarizer = build(&Config::default(), &Arc::default()).unwrap();
    let mut out = File::create(&lines).unwrap();
    let ours = summaries(open(&corpus).unwrap(), summarizer.as_mut(), Some(&mut out)).unwrap();
    let run = std::process::Command::new("python3")
        .arg(&tool)
        .args([lines.as_path(), &corpus])
        .args(["--boot", "0", "--json"])
        .arg(&json)
        .output();
    let Ok(run) = run else {
        println!("skipped: there is no python3");
        return;
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let theirs: serde_json::Value = serde_json::from_reader(File::open(&json).unwrap()).unwrap();
    for (key, ours) in [("r1", ours.r1.mean), ("r2", ours.r2.mean), ("rl", ours.rl.mean)] {
        let theirs = theirs[key].as_f64().unwrap();
        assert!((ours - theirs).abs() < 1e-9, "{key}: {ours} is not {theirs}");
    }
}
