//! Texts into blocks: white space collapsed, line breaks kept, what is not to be seen left out.

use super::walk::{Inline, Walk};

impl Walk<'_> {
    /// Adds text, white space collapsed.
    pub(super) fn push(&mut self, text: &str) {
        if self.pre > 0 {
            self.push_preformatted(text);
            return;
        }
        if self.links > 0 && matches!(text.trim(), "#" | "¶" | "🔗") {
            // The anchor of a heading.
            return;
        }
        if text.starts_with(is_space) {
            self.pending_space = true;
        }
        for word in text.split(is_space) {
            if word.is_empty() {
                continue;
            }
            self.push_word(word);
            self.pending_space = true;
        }
        if !text.ends_with(is_space) {
            self.pending_space = false;
        }
    }

    fn push_word(&mut self, word: &str) {
        let before = self.tree.text.len();
        let at_start = before == self.start;
        if self.breaks > 0 {
            if !at_start {
                self.tree.text.push('\n');
            }
            self.breaks = 0;
        } else if self.pending_space && !at_start {
            self.tree.text.push(' ');
        }
        self.pending_space = false;
        self.after_link = false;
        let from = self.tree.text.len();
        if word.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.tree.text.push_str(word);
        } else {
            self.tree.text.extend(word.chars().filter(|&c| !is_invisible(c)));
        }
        let to = self.tree.text.len();
        if to == from {
            // Nothing but invisible characters.
            self.tree.text.truncate(before);
            return;
        }
        if at_start {
            for (_, inline) in &self.inline {
                if let Inline::Hinted(hints) = inline {
                    self.block.inline_hints.0 |= hints.0;
                }
            }
        }
        if self.links > 0 {
            self.block.link_bytes += to - before;
        }
        if self.strong > 0 {
            self.block.strong_bytes += to - before;
        }
    }

    fn push_preformatted(&mut self, text: &str) {
        self.block.preformatted = true;
        let before = self.tree.text.len();
        for _ in 0..std::mem::take(&mut self.breaks) {
            self.tree.text.push('\n');
        }
        for c in text.chars() {
            match c {
                '\n' => self.tree.text.push('\n'),
                '\t' => self.tree.text.push_str("    "),
                '\u{a0}' => self.tree.text.push(' '),
                _ if is_invisible(c) => {}
                _ => self.tree.text.push(c),
            }
        }
        let added = self.tree.text.len() - before;
        if self.links > 0 {
            self.block.link_bytes += added;
        }
        if self.strong > 0 {
            self.block.strong_bytes += added;
        }
    }
}

/// White space, and the separators that count as such.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Characters that are not to be seen: controls, soft hyphens, zero-width spaces.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{2060}' | '\u{fffc}')
}
