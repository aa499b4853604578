//! Hostile pages cost instructions in proportion to their bytes: twice the page, at most 2.2 times the
//! work. Counted by valgrind, since clocks lie on a busy machine:
//!
//! ```sh
//! cargo test -p newsmill-cleaner --test linear -- --ignored --nocapture
//! ```

use std::error::Error;
use std::process::Command;

use newsmill_article::Hints;
use newsmill_cleaner::{Config, Input, clean};

/// The work of twice the page, to that of the page.
const MOST: f64 = 2.2;

const STORY: &str = "<p>The harbour board decided on Tuesday that the old pier will be closed, because \
    the repairs would cost more than a new one, its chairwoman said after the meeting.</p>";

/// What is repeated, how often at the smaller size, and what stands before and behind it.
const KINDS: [(&str, &str, &str, usize, &str); 22] = [
    ("nested div", "", "<div>", 50_000, "x"),
    ("nested div, closed", "", "<div></div><div>", 25_000, "x"),
    ("nested lists", "", "<ul><li>", 25_000, "x"),
    ("nested tables", "", "<table><tr><td>", 10_000, "x"),
    ("siblings", "", "<p>x", 250_000, ""),
    ("siblings of one class", "", "<div class=a><p>x</p></div>", 50_000, ""),
    ("lines of a list", "<ul>", "<li><a href=x>one two three</a>", 25_000, "</ul>"),
    ("attribute", "<div class=\"", "word ", 100_000, "\">x</div>"),
    ("attributes", "<div", " a=b", 100_000, ">x</div>"),
    ("spans of cells", "<table>", "<tr><td colspan=99999 rowspan=99999>x", 20_000, "</table>"),
    ("forms", "", "<form><input></form>", 10_000, ""),
    ("open forms", "", "<form>", 50_000, ""),
    ("open links", "", "<a href=x>y ", 25_000, ""),
    ("open links over blocks", "", "<a href=x><div>y", 15_000, ""),
    ("selects", "", "<select><option>x</select>", 25_000, ""),
    ("open selects", "", "<select><option>x", 25_000, ""),
    ("formatting", "", "<b><i><font color=x>y<p>", 10_000, ""),
    ("formatting, crossed", "", "<b><p>x</b>y</p>", 25_000, ""),
    ("stray ends", "", "</p></b></div>", 25_000, ""),
    ("strings in a script", "<script>a=[", r#""<p>\u003Cp x","#, 25_000, "]</script>"),
    ("open strings in a script", "<script>", r"<p\\", 100_000, "</script>"),
    ("paragraphs of one text", "", STORY, 1_000, ""),
];

fn page(kind: usize, times: usize) -> String {
    let (_, before, unit, size, behind) = KINDS[kind];
    format!("<body><article>{STORY}</article>{before}{}{behind}", unit.repeat(size * times))
}

/// What the counting test runs under valgrind.
#[test]
#[ignore = "only for the test that counts"]
fn clean_one_page() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let (Some(kind), Some(times)) = (number("LINEAR_KIND"), number("LINEAR_TIMES")) else { return };
    let page = page(kind, times);
    let hints = Hints::default();
    let input =
        Input { bytes: page.as_bytes(), content_type: Some("text/html"), url: None, hints: &hints };
    let _ = std::hint::black_box(clean(&Config::default(), &input));
}

/// Instructions in millions.
fn count(kind: usize, times: usize) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--exact", "clean_one_page", "--ignored"])
        .env("LINEAR_KIND", kind.to_string())
        .env("LINEAR_TIMES", times.to_string())
        .output()
        .map_err(|error| format!("valgrind counts (apt-get install valgrind): {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let refs = report.lines().find_map(|line| line.split_once(" refs:"));
    let (_, refs) = refs.filter(|_| output.status.success()).ok_or_else(|| report.to_string())?;
    Ok(refs.trim().replace(',', "").parse::<f64>()? / 1e6)
}

#[test]
#[ignore = "needs valgrind and some minutes"]
fn twice_the_page_is_twice_the_work() {
    let mut beyond = Vec::new();
    println!("{:24} {:>9} {:>12} {:>9}", "page", "bytes", "Minstr.", "twice");
    for (kind, (name, ..)) in KINDS.iter().enumerate() {
        // What the process does before the page is no part of its work.
        let [nothing, once, twice] = [0, 1, 2].map(|times| count(kind, times).unwrap());
        let ratio = (twice - nothing) / (once - nothing);
        println!("{name:24} {:9} {:12.1} {ratio:9.2}", page(kind, 1).len(), once - nothing);
        if ratio > MOST {
            beyond.push(*name);
        }
    }
    assert!(beyond.is_empty(), "more than {MOST} times the work: {beyond:?}");
}
