//! A look at the bytes before they are parsed: monstrous tags are cut, nodes are counted.

use std::borrow::Cow;

use super::MAX_ATTRIBUTES;

/// Tags up to this many bytes cannot hold enough attributes to hurt.
const LONG_TAG: usize = 1024;
/// Dense pages have a node for so many bytes; room for more would be wasted on pages made to hurt.
const BYTES_A_NODE: usize = 6;

/// Cuts the surplus attributes out of tags that have more than [`MAX_ATTRIBUTES`]. Looks only at
/// tags longer than [`LONG_TAG`], and not into scripts, styles and comments. Says also about how many
/// nodes the tree will have: a tree that knows is not copied while it grows.
pub(super) fn without_monstrous_tags(text: &str) -> (Cow<'_, str>, usize) {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut kept = 0;
    let mut nodes = 8;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &bytes[at..]) {
        let start = at + found;
        at = start + 1;
        // Text stands wherever a tag does not follow another at once.
        nodes += usize::from(start > 0 && bytes[start - 1] != b'>');
        nodes += usize::from(bytes.get(at).is_some_and(u8::is_ascii_alphabetic));
        if bytes[at..].starts_with(b"!--") {
            at = find(bytes, at, b"-->");
        } else if starts_with(bytes, at, b"script") {
            at = find(bytes, at, b"</script");
        } else if starts_with(bytes, at, b"style") {
            at = find(bytes, at, b"</style");
        } else if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            let near = &bytes[at..bytes.len().min(at + LONG_TAG)];
            match memchr::memchr(b'>', near) {
                Some(end) => at += end + 1,
                None => {
                    let (cut, end) = attributes(bytes, at);
                    if let Some(cut) = cut {
                        out.push_str(&text[kept..cut]);
                        kept = end;
                    }
                    at = end;
                }
            }
        }
    }
    let nodes = nodes.min(text.len() / BYTES_A_NODE + 8);
    if kept == 0 {
        return (Cow::Borrowed(text), nodes);
    }
    out.push_str(&text[kept..]);
    (Cow::Owned(out), nodes)
}

/// Where the surplus attributes of the tag at `at` begin, if it has any, and where the tag ends
/// (at its `>`).
fn attributes(bytes: &[u8], mut at: usize) -> (Option<usize>, usize) {
    let (mut count, mut cut, mut quote, mut between) = (0, None, None, false);
    // The last byte that is not white space: a quote opens a value only after `=`.
    let mut last = 0;
    while let Some(&byte) = bytes.get(at) {
        match quote {
            Some(open) if byte == open => {
                quote = None;
                between = true;
            }
            Some(_) => {}
            None if byte == b'>' => break,
            None if byte.is_ascii_whitespace() || byte == b'/' => between = true,
            None if matches!(byte, b'"' | b'\'') && last == b'=' => quote = Some(byte),
            None if between && last != b'=' && byte != b'=' => {
                between = false;
                count += 1;
                if count > MAX_ATTRIBUTES && cut.is_none() {
                    // What follows white space or a quote begins a character.
                    cut = Some(at);
                }
            }
            None => between = false,
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
        at += 1;
    }
    (cut, at)
}

fn starts_with(bytes: &[u8], at: usize, name: &[u8]) -> bool {
    bytes.get(at..at + name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// Where `what` is next, in any case of letters, or the end.
pub(super) fn find(bytes: &[u8], mut at: usize, what: &[u8]) -> usize {
    while let Some(found) = memchr::memchr(what[0], &bytes[at..]) {
        at += found;
        if starts_with(bytes, at, what) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}
