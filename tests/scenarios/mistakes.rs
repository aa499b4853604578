//! What people get wrong: the message says what it was, where, and what to do, nothing of it is on
//! stdout, and the exit code is the documented one.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use e2e::mill::{Ran, mill};

use crate::{as_nobody, page, text};

/// The code, and all of these words on stderr.
fn said(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    assert_eq!(ran.stdout, "", "results only");
    for word in words {
        assert!(ran.stderr.contains(word), "no {word:?} in: {}", ran.stderr);
    }
}

#[test]
fn a_ledger_that_is_none_is_no_fault_of_newsmill() {
    let folder = tempfile::tempdir().expect("a folder");
    let ask = |ledger: &Path| {
        let out = text(&folder.path().join("out.jsonl"));
        mill(["once", &page("amp"), "--ledger", &text(ledger), "--out", &out]).run()
    };
    let letter = folder.path().join("letter.txt");
    fs::write(&letter, "Dear Sir or Madam, ".repeat(400)).expect("a file");
    said(&ask(&letter), 74, &["letter.txt", "is no ledger", "name another"]);
    assert!(fs::read_to_string(&letter).expect("it is there").starts_with("Dear Sir"));
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("a folder");
    said(&ask(&inner), 74, &[&text(&inner), "check that it is a file"]);
    let status = mill(["status", "--ledger", &text(&letter)]).run();
    said(&status, 74, &["letter.txt", "is no ledger"]);
    // The database of a sink is one of SQLite too.
    fs::create_dir(folder.path().join("in")).expect("a folder");
    let yaml = "sources:\n  - { name: inbox, folder: in }\n\
                sinks:\n  - sqlite: { path: news.db }\nledger: { path: l.db }\n";
    fs::write(folder.path().join("pipeline.yaml"), yaml).expect("a file");
    let ran = mill(["run", "--once-through"]).current_dir(folder.path()).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    said(&ask(&folder.path().join("news.db")), 74, &["news.db", "not a ledger", "another file"]);
}

#[test]
fn a_ledger_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = folder.path().join("l.db");
    let out = text(&folder.path().join("out.jsonl"));
    let once = || mill(["once", &page("amp"), "--ledger", &text(&ledger), "--out", &out]).run();
    assert_eq!(once().code, Some(0));
    let later = rusqlite::Connection::open(&ledger).expect("the ledger");
    later.pragma_update(None, "user_version", 99).expect("another layout");
    drop(later);
    let words = [&text(&ledger), "layout 99", "use a newer newsmill"];
    said(&once(), 74, &words);
    said(&mill(["status", "--ledger", &text(&ledger)]).run(), 74, &words);
    said(&mill(["fate", &page("amp"), "--ledger", &text(&ledger)]).run(), 74, &words);
    fs::write(folder.path().join("pipeline.yaml"), "ledger: { path: l.db }").expect("a file");
    said(&mill(["run", "--once-through"]).current_dir(folder.path()).run(), 74, &words);
}

#[test]
fn a_ledger_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = text(&folder.path().join("out.jsonl"));
    // Nobody makes a file there, whoever it is.
    let nowhere = "/proc/newsmill.db";
    let ran = mill(["once", &page("amp"), "--ledger", nowhere, "--out", &out]).run();
    said(&ran, 74, &[nowhere, "can be written"]);

    // One that another user has written, in a folder of that user or of all.
    let (kept, page) = (folder.path().join("kept"), folder.path().join("page.html"));
    fs::create_dir(&kept).expect("a folder");
    fs::copy(crate::page("amp"), &page).expect("a page");
    let ledger = kept.join("l.db");
    let arguments = ["once", &text(&page), "--ledger", &text(&ledger), "--out", &out];
    let ran = mill(arguments).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode is set");
    };
    set(folder.path(), 0o755);
    for (in_folder, beside) in [(0o555, 0o444), (0o777, 0o666)] {
        for file in fs::read_dir(&kept).expect("the folder") {
            set(&file.expect("a file").path(), beside);
        }
        set(&ledger, 0o444);
        set(&kept, in_folder);
        let Some(mut command) = as_nobody(folder.path()) else {
            println!("skipped in part: root writes everywhere, and there is no setpriv");
            return;
        };
        let ended = command.args(arguments).output();
        set(&kept, 0o755);
        let ended = ended.expect("newsmill runs");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(74), "{stderr}");
        for word in [&text(&ledger), "can be written"] {
            assert!(stderr.contains(word), "no {word:?} in: {stderr}");
        }
    }
}

#[test]
fn what_is_not_there_is_said_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = |name: &str| text(&folder.path().join(name));
    let (file, archive) = (inside("missing.html"), inside("missing.warc.gz"));
    let dangling = folder.path().join("dangling.html");
    std::os::unix::fs::symlink("nowhere.html", &dangling).expect("a link");
    let ran = mill(["once", &file, &archive, &text(folder.path())]).run();
    for name in [file, archive, text(&dangling)] {
        let line = format!("{name}: not_found: no such file or folder: check its name");
        assert_eq!(ran.lines_about(&name), [line], "{}", ran.stderr);
    }
    let pattern = inside("*.pdf");
    said(&mill(["once", &pattern]).run(), 1, &["check its name (no file fits the pattern)\n"]);
}

#[test]
fn a_full_disk_is_told_with_the_file() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: no /dev/full");
        return;
    }
    let ran = mill(["once", &page("amp"), "--out", "/dev/full"]).run();
    said(&ran, 74, &["cannot write /dev/full"]);
    let missing = mill(["once", &page("amp"), "--out", "/no/such/folder/out.jsonl"]).run();
    said(&missing, 74, &["cannot write /no/such/folder/out.jsonl"]);
}

#[test]
fn what_prints_to_a_full_disk_has_failed_to_write() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let inside = |name: &str| text(&folder.path().join(name));
    let (page, yaml, ledger) = (page("amp"), inside("pipeline.yaml"), inside("l.db"));
    fs::write(&yaml, "sources: [{ name: one, feed: https://example.org/feed }]").expect("a file");
    fs::write(inside("records.jsonl"), "no record\n").expect("a file");
    let out = inside("out.jsonl");
    let ran = mill(["once", &page, "--ledger", &ledger, "--out", &out]).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for arguments in [
        &["--help"][..],
        &["once", "--help"],
        &["once", &page],
        &["once", &page, "--format", "markdown"],
        &["once", &page, "--ledger", &inside("other.db")],
        &["check", &yaml],
        &["schema", "config"],
        &["schema", "record"],
        &["completions", "bash"],
        &["explain", &page],
        &["verify", &inside("records.jsonl")],
        &["status", "--ledger", &ledger],
        &["status", "--json", "--ledger", &ledger],
        &["fate", &page, "--ledger", &ledger],
        &["models", "path"],
        &["discover", &yaml],
        &["test", &text(&e2e::case::root().join("amp"))],
    ] {
        let full = full.try_clone().expect("a handle");
        let mut command = std::process::Command::new(e2e::mill::binary());
        let ended = command.args(arguments).stdout(full).output().expect("newsmill runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(74), "{arguments:?}: {said}");
        assert!(said.contains("standard output: No space left"), "{arguments:?}: {said}");
    }
}

#[test]
fn an_address_that_nobody_answers_at_is_told_with_the_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    drop(listener);
    let config = folder.path().join("open.yaml");
    let open = "fetcher: { allow_private: [127.0.0.0/8], host: { min_delay: 0s, back_off: 10ms } }";
    fs::write(&config, open).expect("a file");
    let url = format!("http://127.0.0.1:{port}/story");
    let ran = mill(["once", &url, "--config", &text(&config)]).run();
    said(&ran, 1, &[&url, "gave_up", "Connection refused"]);
    let closed = mill(["once", &url]).run();
    said(&closed, 1, &["127.0.0.1 is in a network that is not open", "fetcher.allow_private"]);
}

#[test]
fn nothing_to_read_is_not_passed_over_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = folder.path().join("wrong");
    fs::create_dir(&wrong).expect("a folder");
    fs::write(wrong.join("picture.jpg"), "x").expect("a file");
    let wrong = text(&wrong);
    let ran = mill(["once", &wrong]).run();
    said(&ran, 66, &["0 inputs", "1 other file passed over", "--help"]);
    // Nothing new is no reason to lose what is there.
    let out = folder.path().join("out.jsonl");
    fs::write(&out, "older\n").expect("a file");
    said(&mill(["once", &wrong, "--out", &text(&out)]).run(), 66, &["0 inputs"]);
    assert_eq!(fs::read_to_string(&out).expect("it is there"), "older\n");
    let ledger = text(&folder.path().join("l.db"));
    let resumable = |input: &str| {
        mill(["once", input, "--ledger", &ledger, "--out", &text(&folder.path().join("new"))]).run()
    };
    said(&resumable(&wrong), 66, &["0 entries", "1 other file passed over", "--help"]);
    // All that there is was done before: there was something to read.
    for _ in 0..2 {
        said(&resumable(&page("amp")), 0, &[]);
    }
    said(&mill(["test", "/no/such/folder"]).run(), 2, &["/no/such/folder: no such folder\n"]);
}

#[test]
fn a_configuration_that_is_not_there_or_no_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = mill(["run"]).current_dir(folder.path()).run();
    said(&ran, 2, &["pipeline.yaml: cannot be read", "name the one to read"]);
    let wide: Vec<u8> = "sources: []".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = folder.path().join("wide.yaml");
    fs::write(&file, [&b"\xff\xfe"[..], &wide].concat()).expect("a file");
    said(&mill(["check", &text(&file)]).run(), 2, &["wide.yaml: cannot be read", "as UTF-8"]);
}

#[test]
fn a_database_that_is_down_is_not_all_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("in")).expect("a folder");
    fs::copy(page("amp"), folder.path().join("in/amp.html")).expect("a page");
    let yaml = "sources:\n  - { name: inbox, folder: in }\n\
                sinks:\n  - postgres: { url_env: DATABASE }\nledger: { path: l.db }\n";
    fs::write(folder.path().join("pipeline.yaml"), yaml).expect("a file");
    let run = || mill(["run", "--once-through"]).current_dir(folder.path());
    let unset = run().run();
    said(&unset, 2, &["postgres", "DATABASE is not set"]);
    let down = run().env("DATABASE", "postgres://nobody@127.0.0.1:1/news").run();
    said(&down, 69, &["postgres", "Connection refused", "the next start goes on"]);
}
