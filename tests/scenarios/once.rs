//! `newsmill once`: what comes out, where, in which order, and with which exit code.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use e2e::case;
use e2e::mill::{binary, mill, records_in};

use crate::{page, text};

#[test]
fn output_keeps_the_order_of_the_inputs() {
    // The long ones first: with several jobs the short ones are done before them.
    let mut inputs =
        vec![page("live-blog"), page("wordpress-en-comments"), page("very-long-article")];
    for _ in 0..6 {
        inputs.extend(["markdown-file", "saved-text-reply-form", "arabic", "amp"].map(page));
        inputs.push("/nowhere/missing.html".to_owned());
    }
    let arguments = ["once", "--jobs", "4"].map(str::to_owned);
    let ran = mill(arguments.iter().chain(&inputs)).run();
    let expected: Vec<_> = inputs.iter().filter(|input| !input.contains("missing")).collect();
    let records = ran.records();
    let actual: Vec<_> = records.iter().map(|record| &record.input).collect();
    assert_eq!(actual, expected);
    assert_eq!(ran.lines_about("/nowhere/missing.html").len(), 6, "{}", ran.stderr);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_folder_gives_every_page_once() {
    let cases = case::all().expect("the cases load");
    let ran = mill(["once", &text(&case::root())]).run();
    let rejected = ran.stderr.lines().count() - 1;
    assert_eq!(ran.records().len() + rejected, cases.len(), "{}", ran.stderr);
    let closing = ran.stderr.lines().last().unwrap_or_default();
    assert!(closing.starts_with(&format!("{} inputs", cases.len())), "{closing}");
    assert!(closing.contains("pages/s"), "{closing}");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_pattern_gives_what_fits() {
    let pattern = case::root().join("wordpress-*/page.html");
    let ran = mill(["once", &text(&pattern)]).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let records = ran.records();
    assert!(records.len() >= 7, "{}", records.len());
    assert!(records.iter().all(|record| record.input.contains("/wordpress-")));
}

#[test]
fn standard_input() {
    let bytes = std::fs::read(page("wire-story")).expect("the page");
    let ran = mill(["once", "-"]).stdin(bytes).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let [record] = <[_; 1]>::try_from(ran.records()).expect("one record");
    assert_eq!(record.input, "-");
    assert!(record.title.expect("a title").starts_with("Copper slips"));
}

#[test]
fn formats() {
    let (one, two) = (page("wire-story"), page("div-soup"));
    let run = |format: &str| {
        let ran = mill(["once", "--format", format, &one, &two]).run();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    assert_eq!(run("jsonl").lines().count(), 2);
    let array: Vec<newsmill_article::Record> =
        serde_json::from_str(&run("json")).expect("one JSON array of records");
    assert_eq!(array.len(), 2);
    for format in ["text", "markdown"] {
        let out = run(format);
        let first = out.find("Copper slips as Velland smelters restart");
        let second = out.find("Glassmakers of Lower Quay");
        assert!(first.is_some() && first < second, "{format}: {out}");
        assert!(serde_json::from_str::<serde_json::Value>(&out).is_err());
    }
}

#[test]
fn out_writes_a_file_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("records.jsonl");
    let ran = mill(["once", &page("amp"), "--out", &text(&out)]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert_eq!(records_in(&out).len(), 1);
    assert_eq!(ran.stderr.lines().count(), 1, "only the closing line: {}", ran.stderr);
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 1, "nothing beside the file: {left:?}");
}

#[test]
fn sentences_bounds_the_summary() {
    let ran = mill(["once", "--sentences", "1", &page("wire-story")]).run();
    let [record] = <[_; 1]>::try_from(ran.records()).expect("one record");
    assert_eq!(record.summary.sentences.len(), 1);
}

#[test]
fn wrong_usage_is_exit_2() {
    for arguments in [
        &["once"][..],
        &["once", "--no-such-flag", "x"],
        &["once", "--sentences", "0", "x"],
        &["once", "--format", "xml", "x"],
        &["once", "--config", "/nowhere/pipeline.yaml", "x"],
        &["no-such-verb"],
    ] {
        let ran = mill(arguments).run();
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let pages: Vec<String> = case::all()
        .expect("the cases load")
        .into_iter()
        .filter(|case| !case.rejected)
        .map(|case| text(&case.page))
        .collect();
    // More output than a pipe holds.
    let pages = pages.iter().cycle().take(pages.len() * 3);
    let mut child = Command::new(binary())
        .arg("once")
        .args(pages)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("newsmill starts");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
    stdout.read_line(&mut line).expect("a first line");
    assert!(line.starts_with('{'));
    drop(stdout);
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("its stderr");
    pipe.read_to_string(&mut stderr).expect("its stderr is read");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("roken pipe"), "{stderr}");
}
