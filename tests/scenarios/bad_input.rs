//! Whatever lies in the way, each input gets a clear answer and the others still come out.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use e2e::mill::{Ran, mill};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{as_nobody, page, text};

const BODY: &str = "<p>The ferry that was to leave at nine left at ten, and nobody on the pier \
    could say why, although the harbour master had been asked twice and had answered once.</p>\
    <p>By noon the queue reached the chapel. A woman sold tea from a pram, the police moved a \
    cone, and the captain, who had been asleep, said that he had dreamed of a bridge.</p>";

fn html(body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Late ferry\
        </title></head><body><article><h1>Late ferry</h1>{body}</article></body></html>"
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("compresses")
}

/// Runs over the bad file between two good ones; both must come out, in their places.
fn between_good(bad: &str) -> Ran {
    let (first, last) = (page("div-soup"), page("wire-story"));
    let ran = mill(["once", &first, bad, &last]).run();
    let inputs: Vec<_> = ran.records().into_iter().map(|record| record.input).collect();
    assert_eq!(inputs.first(), Some(&first), "{}", ran.stderr);
    assert_eq!(inputs.last(), Some(&last), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

/// The bad file is named with one of these reasons, and is the only one that is.
fn rejected_as(bad: &str, codes: &[&str]) {
    let ran = between_good(bad);
    let lines = ran.lines_about(bad);
    assert_eq!(lines.len(), 1, "{bad}: {}", ran.stderr);
    assert!(
        codes.iter().any(|code| lines[0].contains(&format!(": {code}: "))),
        "{}, expected {codes:?}",
        lines[0]
    );
    assert_eq!(ran.records().len(), 2);
    assert_eq!(ran.code, Some(1));
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::write(&path, bytes).expect("a file");
        text(&path)
    }
}

#[test]
fn nothing_in_it() {
    let folder = Folder::new();
    rejected_as(&folder.file("empty.html", ""), &["empty"]);
    rejected_as(&folder.file("empty.html.gz", ""), &["empty", "unreadable"]);
    rejected_as(&folder.file("blank.html", " \n\t\n"), &["empty", "not_an_article", "too_short"]);
}

#[test]
fn not_text() {
    let folder = Folder::new();
    let binary: Vec<u8> = b"\x7fELF\x02\x01\x01\0\0\0\0\0"
        .iter()
        .copied()
        .chain((0..60_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8))
        .collect();
    rejected_as(&folder.file("binary.html", &binary), &["not_html", "unreadable"]);
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
    rejected_as(&folder.file("picture.html", png), &["not_html", "unreadable"]);
}

#[test]
fn broken_compression() {
    let folder = Folder::new();
    let whole = gzip(html(&BODY.repeat(40)).as_bytes());
    let half = &whole[..whole.len() / 2];
    rejected_as(&folder.file("truncated.html.gz", half), &["unreadable"]);
    // Only its name says gzip: it may be read as the text that it is.
    let plain = folder.file("plain.html.gz", "this is no gzip at all");
    rejected_as(&plain, &["unreadable", "not_an_article", "too_short"]);
}

#[test]
fn an_archive_that_is_cut_off() {
    let folder = Folder::new();
    let record = |name: &str| {
        let http = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{}", html(BODY));
        let head =
            format!("WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.org/{name}\r\n");
        gzip(format!("{head}Content-Length: {}\r\n\r\n{http}\r\n\r\n", http.len()).as_bytes())
    };
    let [one, two] = ["one", "two"].map(record);
    // A member without a record, as some writers leave them, costs nothing.
    let gap = gzip(b"");
    let whole = folder.file("whole.warc.gz", [&one[..], &gap, &two].concat());
    let ran = mill(["once", &whole]).run();
    assert_eq!((ran.records().len(), ran.code), (2, Some(0)), "{}", ran.stderr);
    let cut = folder.file("cut.warc.gz", [&one, &two[..two.len() / 2]].concat());
    let ran = mill(["once", &cut]).run();
    assert_eq!((ran.records().len(), ran.code), (1, Some(1)), "{}", ran.stderr);
    let place = format!("the record that begins at byte {}", one.len());
    assert!(ran.lines_about(&cut)[0].contains(&place), "{}", ran.stderr);
}

#[test]
fn too_much() {
    let folder = Folder::new();
    let bomb = gzip(&vec![b' '; 300 << 20]);
    assert!(bomb.len() < 1 << 20);
    rejected_as(&folder.file("bomb.html.gz", bomb), &["too_large"]);
    let large = html(&BODY.repeat((40 << 20) / BODY.len()));
    let large = folder.file("large.html", large);
    rejected_as(&large, &["too_large"]);
    let ran = mill(["once", &large]).run();
    assert_eq!(ran.lines_about(&large)[0].matches("limit").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_hundred_thousand_deep() {
    let folder = Folder::new();
    for (name, tag) in [("deep-div.html", "div"), ("deep-b.html", "b"), ("deep-table.html", "td")] {
        let open = format!("<{tag}>").repeat(100_000);
        let bad = folder.file(name, html(&format!("{BODY}{open}{BODY}")));
        let ran = between_good(&bad);
        // A record or a reason, and one of them only.
        let records = ran.records().iter().filter(|record| record.input == bad).count();
        assert_eq!(records + ran.lines_about(&bad).len(), 1, "{}", ran.stderr);
    }
}

#[test]
fn odd_bytes_in_a_good_page() {
    let folder = Folder::new();
    let nul = html(&BODY.replace("harbour master", "harbour\0 master"));
    let mut invalid = html(BODY).into_bytes();
    let at = invalid.windows(6).position(|word| word == b"harbou").expect("the word");
    invalid.splice(at..at, [0xff, 0xfe, 0xc3]);
    for (name, bytes) in [("nul.html", nul.into_bytes()), ("invalid.html", invalid)] {
        let bad = folder.file(name, bytes);
        let ran = between_good(&bad);
        let records = ran.records();
        let record = records.iter().find(|record| record.input == bad);
        let record = record.unwrap_or_else(|| panic!("{name}: {}", ran.stderr));
        assert!(record.text.contains("A woman sold tea from a pram"), "{name}: {}", record.text);
        assert!(!record.text.contains('\0'));
        assert_eq!(ran.code, Some(0));
    }
}

#[test]
fn not_there() {
    let folder = Folder::new();
    rejected_as(&text(&folder.path().join("missing.html")), &["not_found"]);
    // A file where a folder should be.
    let file = folder.file("file.html", html(BODY));
    rejected_as(&format!("{file}/inner.html"), &["not_found", "unreadable"]);
    let dangling = folder.path().join("dangling.html");
    symlink("nowhere.html", &dangling).expect("a link");
    rejected_as(&text(&dangling), &["not_found"]);
}

#[test]
fn links_in_a_circle() {
    let folder = Folder::new();
    let itself = folder.path().join("itself.html");
    symlink("itself.html", &itself).expect("a link");
    rejected_as(&text(&itself), &["not_found", "unreadable"]);

    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("a folder");
    fs::write(inner.join("good.html"), html(BODY)).expect("a page");
    symlink("..", inner.join("up")).expect("a link");
    let ran = mill(["once", &text(&inner)]).run();
    assert_eq!(ran.records().len(), 1, "each file once: {}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_folder_that_may_not_be_read() {
    let folder = Folder::new();
    let good = folder.file("good.html", html(BODY));
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).expect("a folder");
    fs::write(locked.join("page.html"), html(BODY)).expect("a page");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode is set");
    };
    mode(folder.path(), 0o755);
    mode(&locked, 0o000);
    let arguments = ["once", &text(&locked), &good];
    let ended = as_nobody(folder.path()).map(|mut command| command.args(arguments).output());
    mode(&locked, 0o755);
    let Some(ended) = ended else {
        println!("skipped: root reads everything, and there is no setpriv to be somebody else");
        return;
    };
    let ended = ended.expect("newsmill runs");
    let (stdout, stderr) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(stdout.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(": permission_denied: "), "{stderr}");
    assert_eq!(ended.status.code(), Some(1));
}
