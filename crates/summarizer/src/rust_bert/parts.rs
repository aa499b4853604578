//! Splitting a long text for a model that reads only so many tokens.

use crate::sentences;

/// Parts of at most `budget` tokens each, cut at sentence ends; a sentence that is longer alone is
/// cut between words. Every word of the text is in exactly one part, in order. Parts are about
/// equally long, so that the last is not a scrap.
pub(crate) fn split(text: &str, budget: usize, tokens: impl Fn(&str) -> usize) -> Vec<String> {
    let pieces = pieces(text, budget, &tokens);
    let total: usize = pieces.iter().map(|(_, size)| size).sum();
    let parts = total.div_ceil(budget.max(1)).max(1);
    let share = total.div_ceil(parts);
    let mut result: Vec<String> = Vec::new();
    let mut size = 0;
    for (piece, piece_size) in pieces {
        let full = size > 0 && (size + piece_size > budget || size >= share);
        match result.last_mut() {
            Some(part) if !full => {
                part.push(' ');
                part.push_str(&piece);
                size += piece_size;
            }
            _ => {
                result.push(piece);
                size = piece_size;
            }
        }
    }
    result
}

/// Sentences with their sizes; too long ones in halves of words until each fits.
fn pieces(text: &str, budget: usize, tokens: &impl Fn(&str) -> usize) -> Vec<(String, usize)> {
    let mut queue: Vec<String> =
        sentences::split(text).into_iter().map(|s| text[s.bytes].to_owned()).collect();
    queue.reverse();
    let mut pieces = Vec::new();
    while let Some(piece) = queue.pop() {
        // One more for the space that joins it to its neighbour.
        let size = tokens(&piece) + 1;
        let words: Vec<&str> = piece.split_whitespace().collect();
        if size <= budget || words.len() < 2 {
            pieces.push((piece, size));
        } else {
            let (front, back) = words.split_at(words.len() / 2);
            queue.push(back.join(" "));
            queue.push(front.join(" "));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    #[test]
    fn a_short_text_stays_whole() {
        assert_eq!(split("One two. Three four.", 50, words), ["One two. Three four."]);
    }

    #[test]
    fn parts_end_with_sentences_and_fit() {
        let text = "Alpha beta gamma delta. ".repeat(20);
        let parts = split(&text, 30, words);
        assert!(parts.iter().all(|part| words(part) <= 30 && part.ends_with('.')));
        assert_eq!(parts.join(" ").split_whitespace().count(), 80);
    }

    #[test]
    fn an_endless_sentence_is_cut_between_words() {
        let text = "word ".repeat(1000);
        let parts = split(&text, 64, words);
        assert!(parts.iter().all(|part| words(part) <= 64));
        assert_eq!(parts.iter().map(|part| words(part)).sum::<usize>(), 1000);
    }
}
