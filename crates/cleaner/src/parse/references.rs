//! Character references: `&amp;`, `&eacute;`, `&#8217;`.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// No name of a character is longer, in bytes.
const LONGEST_NAME: usize = 32;

/// What a reference stands for, one character or two, and how many bytes of `rest`, which follows the
/// ampersand, it takes. `None` for an ampersand that stands for itself.
pub(super) fn reference(rest: &str, in_attribute: bool) -> Option<(char, Option<char>, usize)> {
    match rest.as_bytes().first()? {
        b'#' => numeric(rest.as_bytes()),
        first if first.is_ascii_alphanumeric() => named(rest, in_attribute),
        _ => None,
    }
}

fn numeric(rest: &[u8]) -> Option<(char, Option<char>, usize)> {
    let (base, start) = if matches!(rest.get(1)?, b'x' | b'X') { (16, 2) } else { (10, 1) };
    let mut at = start;
    let mut code: u32 = 0;
    while let Some(digit) = rest.get(at).and_then(|&byte| char::from(byte).to_digit(base)) {
        // Stays beyond the last character once it is there.
        code = code.saturating_mul(base).saturating_add(digit);
        at += 1;
    }
    if at == start {
        return None;
    }
    at += usize::from(rest.get(at) == Some(&b';'));
    let c = match code {
        0 => None,
        // Read as Windows-1252, where that has a character.
        0x80..=0x9f => C1_REPLACEMENTS[code as usize - 0x80].or(char::from_u32(code)),
        _ => char::from_u32(code),
    };
    Some((c.unwrap_or(char::REPLACEMENT_CHARACTER), None, at))
}

fn named(rest: &str, in_attribute: bool) -> Option<(char, Option<char>, usize)> {
    let look_up = |length: usize| {
        let &(first, second) = NAMED_ENTITIES.get(rest.get(..length)?)?;
        // Beginnings of names are in the table too, and stand for nothing.
        let first = char::from_u32(first).filter(|c| *c != '\0')?;
        Some((first, char::from_u32(second).filter(|c| *c != '\0'), length))
    };
    let bytes = rest.as_bytes();
    let letters = bytes.iter().take(LONGEST_NAME).take_while(|b| b.is_ascii_alphanumeric()).count();
    if bytes.get(letters) == Some(&b';')
        && let Some(found) = look_up(letters + 1)
    {
        return Some(found);
    }
    // Old names go without a semicolon; the longest counts.
    let found = (1..=letters).rev().find_map(look_up)?;
    let after = bytes.get(found.2);
    let is_address = after.is_some_and(|b| *b == b'=' || b.is_ascii_alphanumeric());
    (!(in_attribute && is_address)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn references_are_read_as_the_standard_says() {
        for (rest, in_attribute, expected) in [
            ("amp;x", false, Some(('&', None, 4))),
            ("amp", false, Some(('&', None, 3))),
            ("ampx", false, Some(('&', None, 3))),
            ("ampx", true, None),
            ("amp=", true, None),
            ("amp ", true, Some(('&', None, 3))),
            ("notit;", false, Some(('¬', None, 3))),
            ("notin;", false, Some(('∉', None, 6))),
            ("acE;", false, Some(('∾', Some('\u{333}'), 4))),
            ("nosuch;", false, None),
            (";", false, None),
            ("#39;", false, Some(('\'', None, 4))),
            ("#x2019;", false, Some(('’', None, 7))),
            ("#150x", false, Some(('–', None, 4))),
            ("#0;", false, Some(('\u{fffd}', None, 3))),
            ("#xd800;", false, Some(('\u{fffd}', None, 7))),
            ("#99999999999999999999;", false, Some(('\u{fffd}', None, 22))),
            ("#x;", false, None),
            ("#;", false, None),
        ] {
            assert_eq!(reference(rest, in_attribute), expected, "{rest}");
        }
    }
}
