use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use sha2::{Digest, Sha256};

use super::*;

/// What the server on loopback does with one request.
enum Act {
    /// Sends the file, or the range that was asked for.
    Serve,
    /// Promises the whole (or the range), sends this many bytes and hangs up.
    Break(usize),
    /// Sends the whole, whatever was asked for.
    Whole,
    Status(u16),
}

/// Acts its list through, one connection after the other; remembers the ranges asked for.
fn server(content: &[u8], acts: Vec<Act>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let (seen, content) = (Arc::clone(&ranges), content.to_vec());
    thread::spawn(move || {
        for act in acts {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut range = String::new();
            for line in BufReader::new(&stream).lines() {
                let line = line.unwrap().to_lowercase();
                if let Some(asked) = line.strip_prefix("range: ") {
                    range = asked.to_owned();
                }
                if line.is_empty() {
                    break;
                }
            }
            let from: usize = range
                .strip_prefix("bytes=")
                .and_then(|r| r.strip_suffix('-'))
                .map_or(0, |from| from.parse().unwrap());
            seen.lock().unwrap().push(range);
            let head = |status: &str, length: usize, more: &str| {
                format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{more}connection: close\r\n\r\n"
                )
            };
            let last = content.len() - 1;
            let more = format!("content-range: bytes {from}-{last}/{}\r\n", content.len());
            let rest = &content[from..];
            let part = if from > 0 { "206 Partial Content" } else { "200 OK" };
            let more = if from > 0 { more.as_str() } else { "" };
            let (head, body) = match act {
                Act::Serve => (head(part, rest.len(), more), rest),
                Act::Break(at) => (head(part, rest.len(), more), &rest[..at]),
                Act::Whole => (head("200 OK", content.len(), ""), &content[..]),
                Act::Status(status) => (head(&format!("{status} X"), 0, ""), &content[..0]),
            };
            // Whoever refuses the file hangs up in the middle of it.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    (url, ranges)
}

fn content() -> Vec<u8> {
    (0..200_000_u32).flat_map(|i| i.to_le_bytes()).collect()
}

fn model(content: &[u8]) -> Model {
    let sha256 = Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect();
    Model {
        name: "tiny".to_owned(),
        task: "summarization".to_owned(),
        licence: "Apache-2.0".to_owned(),
        url: "http://127.0.0.1:9/".to_owned(),
        files: vec![File { path: "deep/model.bin".to_owned(), size: content.len() as u64, sha256 }],
    }
}

fn got(folder: &Path, model: &Model, url: &str) -> Result<PathBuf, PullError> {
    pull(model, &Origin::parse(url), folder, |_, _| {})
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder.join("tiny/deep")).map_or(true, |mut files| files.next().is_none())
}

#[test]
fn the_manifest_that_is_built_in_holds() {
    let manifest = Manifest::built_in().unwrap();
    assert!(manifest.get("all-MiniLM-L6-v2").unwrap().size() > 90_000_000);
    let out = "[[model]]\nname = \"a\"\ntask = \"t\"\nlicence = \"l\"\nurl = \"https://e.org/\"\n\
               files = [{ path = \"../x\", size = 1, sha256 = \"00\" }]";
    let error = Manifest::parse(out).unwrap_err().to_string();
    assert!(error.contains("leads out of its folder"), "{error}");
    let short = out.replace("../x", "x");
    let error = Manifest::parse(&short).unwrap_err().to_string();
    assert!(error.contains("not 64 hex digits"), "{error}");
    assert!(Manifest::parse(&short.replace("\"a\"", "\"..\"")).is_err());
}

#[test]
fn a_broken_transfer_goes_on_where_it_broke() {
    let (folder, content) = (tempfile::tempdir().unwrap(), content());
    let model = model(&content);
    let (url, ranges) = server(&content, vec![Act::Break(300_000), Act::Break(0), Act::Serve]);
    let error = got(folder.path(), &model, &url).unwrap_err();
    assert!(matches!(error, PullError::Broken { have: 300_000, .. }), "{error}");
    let own = got(folder.path(), &model, &url).unwrap();
    assert_eq!(fs::read(own.join("deep/model.bin")).unwrap(), content);
    assert_eq!(*ranges.lock().unwrap(), ["", "bytes=300000-", "bytes=300000-"]);
    assert_eq!(fs::read_dir(own.join("deep")).unwrap().count(), 1, "the part is gone");
    // Whole already: the server, which has hung up for good, is not asked.
    got(folder.path(), &model, &url).unwrap();
}

#[test]
fn a_server_without_ranges_gives_the_whole_again() {
    let (folder, content) = (tempfile::tempdir().unwrap(), content());
    let model = model(&content);
    let (url, _) = server(&content, vec![Act::Break(500), Act::Whole]);
    let own = got(folder.path(), &model, &url).unwrap();
    assert_eq!(fs::read(own.join("deep/model.bin")).unwrap(), content);
}

#[test]
fn another_file_is_refused_and_not_kept() {
    let (folder, content) = (tempfile::tempdir().unwrap(), content());
    let model = model(&content);
    let mut wrong = content.clone();
    wrong[5] ^= 1;
    let (url, _) = server(&wrong, vec![Act::Serve]);
    let error = got(folder.path(), &model, &url).unwrap_err();
    assert!(matches!(error, PullError::Other { .. }), "{error}");
    assert!(is_empty(folder.path()));
    wrong.extend([0; 100_000]);
    let (url, _) = server(&wrong, vec![Act::Serve]);
    let error = got(folder.path(), &model, &url).unwrap_err();
    assert!(error.to_string().contains("more than 800000 bytes"), "{error}");
    assert!(is_empty(folder.path()));
}

#[test]
fn a_status_is_named_and_leaves_nothing() {
    let (folder, content) = (tempfile::tempdir().unwrap(), content());
    let (url, _) = server(&content, vec![Act::Status(404)]);
    let error = got(folder.path(), &model(&content), &url).unwrap_err();
    assert_eq!(error.to_string(), format!("{url}/tiny/deep/model.bin answered with status 404"));
    assert!(is_empty(folder.path()));
}

#[test]
fn a_folder_serves_without_a_network() {
    let (folder, content) = (tempfile::tempdir().unwrap(), content());
    let model = model(&content);
    let usb = folder.path().join("usb");
    fs::create_dir_all(usb.join("tiny/deep")).unwrap();
    fs::write(usb.join("tiny/deep/model.bin"), &content).unwrap();
    let own = pull(&model, &Origin::Folder(usb), &folder.path().join("to"), |_, _| {}).unwrap();
    assert!(holds(&own.join("deep/model.bin"), &model.files[0]).unwrap());
}

#[test]
fn the_folder_follows_the_environment() {
    let by = |pairs: &[(&str, &str)]| {
        let find = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        folder_by(find).to_string_lossy().into_owned()
    };
    assert_eq!(by(&[("HOME", "/h")]), "/h/.local/share/newsmill/models");
    assert_eq!(by(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]), "/d/newsmill/models");
    assert_eq!(by(&[("HOME", "/h"), ("XDG_DATA_HOME", "d")]), "/h/.local/share/newsmill/models");
    assert_eq!(by(&[("HOME", "/h"), ("NEWSMILL_MODELS", "m")]), "m");
    assert_eq!(by(&[]), "models");
}
