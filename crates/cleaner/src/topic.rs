//! What a page is about: the rarer words of the good blocks in its best container, and how many of
//! them another block has. Cards, tickers and appeals share few words with the article. And the words
//! of its title.
//!
//! Leaves out: what the words mean. Scripts without spaces between words have hardly any here.

use crate::hash::HashedMap;

/// More words of one block are not looked at.
const MOST: usize = 300;

/// The rarer words of the blocks of a page, as hashes.
#[derive(Default)]
pub(crate) struct RareWords {
    keys: Vec<u32>,
    /// Where the words of each block end.
    ends: Vec<u32>,
}

impl RareWords {
    /// Adds a word of the block that is being read.
    pub(crate) fn push(&mut self, key: u64) {
        let start = self.ends.last().map_or(0, |&end| end as usize);
        if self.keys.len() - start < MOST {
            self.keys.push(key as u32);
        }
    }

    /// Ends the block that is being read.
    pub(crate) fn end_block(&mut self) {
        self.ends.push(self.keys.len() as u32);
    }

    fn of(&self, block: usize) -> &[u32] {
        let start = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[start as usize..self.ends[block] as usize]
    }
}

/// The words that a page is about.
pub(crate) struct Topic {
    words: RareWords,
    /// In how many places of the article each stands.
    places: HashedMap<u32>,
    /// By block: whether it belongs to the article that gave the words.
    inside: Vec<bool>,
}

impl Topic {
    /// Takes the words of the blocks that are chosen.
    pub(crate) fn new(words: RareWords, choose: impl Fn(usize) -> bool) -> Self {
        let inside: Vec<bool> = (0..words.ends.len()).map(choose).collect();
        let mut places = HashedMap::default();
        for block in (0..inside.len()).filter(|&at| inside[at]) {
            for &key in words.of(block) {
                *places.entry(u64::from(key)).or_insert(0) += 1;
            }
        }
        Self { words, places, inside }
    }

    /// How many of the rarer words of a block stand elsewhere in the article, and how many it has.
    pub(crate) fn shared(&self, block: usize) -> (usize, usize) {
        let own = u32::from(self.inside[block]);
        let elsewhere = |key: &&u32| self.places.get(&u64::from(**key)).is_some_and(|&n| n > own);
        let words = self.words.of(block);
        (words.iter().filter(elsewhere).count(), words.len())
    }
}

/// The longer words of a page's title in lower case, the first of them; of a word in a script
/// without capitals, which often has no spaces either, any two letters.
pub(crate) fn title_words(title: &str) -> Vec<String> {
    const LONG: usize = 4;
    const WORDS: usize = 50;
    let title = title.to_lowercase();
    let parts = title.split(|c: char| !c.is_alphanumeric()).flat_map(|word| {
        let letters: Vec<char> = word.chars().take(WORDS).collect();
        let size = if letters.iter().all(|c| c.is_ascii() || c.is_lowercase()) {
            letters.len().max(LONG)
        } else {
            2
        };
        letters.windows(size).map(|part| part.iter().collect()).collect::<Vec<String>>()
    });
    parts.take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::{RareWords, Topic};

    #[test]
    fn words_of_a_block_count_where_the_article_has_them_elsewhere() {
        let mut words = RareWords::default();
        for block in [&[1, 2, 3][..], &[3, 4], &[], &[2, 9]] {
            for &key in block {
                words.push(key);
            }
            words.end_block();
        }
        let topic = Topic::new(words, |block| block < 2);
        let shared: Vec<_> = (0..4).map(|block| topic.shared(block)).collect();
        assert_eq!(shared, [(1, 3), (1, 2), (0, 0), (1, 2)]);
    }
}
