//! google/robotstxt: the calls of `IsUserAgentAllowed` in its `robots_test.cc`.
//!
//! A reader for the little C++ that they are made of: strings in variables, and calls with strings
//! and variables. Calls on strings that a loop builds are counted as differing.

use std::collections::HashMap;
use std::path::Path;

use newsmill_fetcher::parse::Robots;
use url::{Position, Url};

use super::{Cases, Outcome, caught};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(Vec<u8>),
    Mark(char),
}

pub(super) fn run(dir: &Path) -> anyhow::Result<Cases> {
    let source = std::fs::read_to_string(dir.join("robots_test.cc"))?;
    let tokens = tokens(&source);
    let mut cases = Vec::new();
    let (mut test, mut number) = (String::new(), 0);
    let mut variables: HashMap<&str, &[u8]> = HashMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        match (word.as_str(), &tokens[at + 1..]) {
            ("TEST", [Token::Mark('('), _, Token::Mark(','), Token::Word(name), ..]) => {
                test.clone_from(name);
                number = 0;
                variables.clear();
            }
            (name, [Token::Mark('='), Token::Text(text), ..]) => {
                variables.insert(name, text);
            }
            // What a loop appends to is not known.
            ("StrAppend", [Token::Mark('('), Token::Mark('&'), Token::Word(name), ..]) => {
                variables.remove(name.as_str());
            }
            (
                "EXPECT_TRUE" | "EXPECT_FALSE",
                [Token::Mark('('), Token::Word(call), Token::Mark('('), rest @ ..],
            ) if call == "IsUserAgentAllowed" => {
                number += 1;
                let arguments = arguments(rest, &variables);
                let outcome = match &arguments[..] {
                    [Some(robots), Some(agent), Some(url)] => {
                        caught(|| case(robots, agent, url, word == "EXPECT_TRUE"))
                    }
                    _ => Outcome::Differs("made by a loop, which is not read here".to_owned()),
                };
                cases.push((format!("{test} {number}"), outcome));
            }
            _ => {}
        }
    }
    Ok(cases)
}

fn case(robots: &[u8], agent: &[u8], url: &[u8], allowed: bool) -> Outcome {
    let (agent, url) = (String::from_utf8_lossy(agent), String::from_utf8_lossy(url));
    let parsed = Url::parse(&url).ok();
    let path = parsed.as_ref().map_or("/", |url| &url[Position::BeforePath..Position::AfterQuery]);
    let ours = Robots::parse(robots).allows(&agent, path);
    if ours == allowed {
        return Outcome::Pass;
    }
    if !url.is_ascii() {
        let why = "RFC 9309, 2.2.2: octets beyond ASCII are percent-encoded before comparison, in \
                   URLs too";
        return Outcome::Differs(why.to_owned());
    }
    Outcome::Fail(format!("{agent} and {url}: allowed is {ours}"))
}

/// The arguments up to the closing parenthesis; `None` for what is neither text nor a known variable.
fn arguments<'a>(
    tokens: &'a [Token],
    variables: &HashMap<&str, &'a [u8]>,
) -> Vec<Option<&'a [u8]>> {
    let mut arguments = Vec::new();
    let mut rest = tokens;
    loop {
        rest = match rest {
            [Token::Text(text), after @ ..] => {
                arguments.push(Some(text.as_slice()));
                after
            }
            [Token::Word(name), after @ ..] if matches!(after, [Token::Mark(',' | ')'), ..]) => {
                arguments.push(variables.get(name.as_str()).copied());
                after
            }
            _ => return vec![None],
        };
        rest = match rest {
            [Token::Mark(','), after @ ..] => after,
            [Token::Mark(')'), ..] => return arguments,
            _ => return vec![None],
        };
    }
}

/// Words, marks, and strings with their neighbours joined; comments are gone.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") || c == '#' {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if c == '"' {
            let (text, after) = string(&rest[1..]);
            match tokens.last_mut() {
                Some(Token::Text(before)) => before.extend(text),
                _ => tokens.push(Token::Text(text)),
            }
            rest = after;
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            if !c.is_whitespace() {
                tokens.push(Token::Mark(c));
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    tokens
}

fn string(text: &str) -> (Vec<u8>, &str) {
    let mut out = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push(b'\n'),
                Some((_, 'r')) => out.push(b'\r'),
                Some((_, 't')) => out.push(b'\t'),
                Some((_, 'x')) => {
                    let hex: String = [chars.next(), chars.next()]
                        .into_iter()
                        .flatten()
                        .map(|(_, c)| c)
                        .collect();
                    out.extend(u8::from_str_radix(&hex, 16));
                }
                Some((_, other)) => out.extend(other.to_string().bytes()),
                None => break,
            },
            other => out.extend(other.to_string().bytes()),
        }
    }
    (out, "")
}
