//! `pipeline.yaml`: what is right passes, what is wrong is shown where it stands.

use e2e::mill::{mill, workspace};

use crate::text;

#[test]
fn the_example_passes() {
    let ran = mill(["check", &text(&workspace().join("pipeline.yaml"))]).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for word in ["bbc-world", "max_page", "news.sqlite"] {
        assert!(ran.stdout.contains(word), "{word} is resolved:\n{}", ran.stdout);
    }
}

#[test]
fn what_is_printed_is_a_configuration_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = mill(["check", &text(&workspace().join("pipeline.yaml"))]).run();
    let file = folder.path().join("resolved.yaml");
    std::fs::write(&file, &first.stdout).expect("a file");
    let second = mill(["check", &text(&file)]).run();
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert_eq!(second.stdout, first.stdout);
}

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    let source = "sources:\n  - name: a\n    feed: https://a.example/rss\n";
    for (yaml, place, said) in [
        ("fetchr:\n  robots: true\n".to_owned(), "1:1", "fetcher"),
        ("fetcher:\n  max_pag: 2MiB\n".to_owned(), "2:3", "max_page"),
        ("fetcher:\n  max_page: 2 parsecs\n".to_owned(), "2:13", "2 parsecs"),
        ("fetcher:\n  timeout:\n    total: soon\n".to_owned(), "3:12", "soon"),
        ("summarizer:\n  sentences: three\n".to_owned(), "2:14", "three"),
        (format!("{source}  - name: a\n    feed: https://b.example/rss\n"), "4:", "`a`"),
        (format!("{source}    evry: 5m\n"), "4:5", "every"),
        ("sinks:\n  - jsnol: { path: x }\n".to_owned(), "2:5", "jsonl"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pipeline.yaml");
        std::fs::write(&file, &yaml).expect("a file");
        let file = text(&file);
        for verb in ["check", "run"] {
            let ran = mill([verb, &file]).current_dir(folder.path()).run();
            assert_eq!(ran.code, Some(2), "{verb}: {yaml}{}", ran.stderr);
            let place = format!("{file}:{place}");
            assert!(ran.stderr.starts_with(&place), "{verb}: {place}\n{}", ran.stderr);
            assert!(ran.stderr.contains(said), "{verb}: {said}\n{}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
    }
}

#[test]
fn a_file_that_is_not_there() {
    let ran = mill(["check", "/nowhere/pipeline.yaml"]).run();
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("/nowhere/pipeline.yaml"), "{}", ran.stderr);
}
