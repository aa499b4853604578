//! English word lists that features look at. Other languages have none of these words, so there
//! these features are silent.

/// Function words, lower case.
pub(crate) fn is_stop(word: &[u8]) -> bool {
    matches!(
        word,
        b"a" | b"about"
            | b"above"
            | b"after"
            | b"again"
            | b"against"
            | b"all"
            | b"also"
            | b"am"
            | b"an"
            | b"and"
            | b"any"
            | b"are"
            | b"as"
            | b"at"
            | b"be"
            | b"because"
            | b"been"
            | b"before"
            | b"being"
            | b"below"
            | b"between"
            | b"both"
            | b"but"
            | b"by"
            | b"can"
            | b"could"
            | b"d"
            | b"did"
            | b"do"
            | b"does"
            | b"doing"
            | b"don"
            | b"down"
            | b"during"
            | b"each"
            | b"even"
            | b"few"
            | b"for"
            | b"from"
            | b"further"
            | b"had"
            | b"has"
            | b"have"
            | b"having"
            | b"he"
            | b"her"
            | b"here"
            | b"hers"
            | b"herself"
            | b"him"
            | b"himself"
            | b"his"
            | b"how"
            | b"i"
            | b"if"
            | b"in"
            | b"into"
            | b"is"
            | b"it"
            | b"its"
            | b"itself"
            | b"just"
            | b"ll"
            | b"m"
            | b"may"
            | b"me"
            | b"might"
            | b"more"
            | b"most"
            | b"much"
            | b"must"
            | b"my"
            | b"myself"
            | b"no"
            | b"nor"
            | b"not"
            | b"now"
            | b"of"
            | b"off"
            | b"on"
            | b"once"
            | b"one"
            | b"only"
            | b"or"
            | b"other"
            | b"our"
            | b"ours"
            | b"out"
            | b"over"
            | b"own"
            | b"re"
            | b"s"
            | b"said"
            | b"same"
            | b"say"
            | b"says"
            | b"she"
            | b"should"
            | b"so"
            | b"some"
            | b"still"
            | b"such"
            | b"t"
            | b"than"
            | b"that"
            | b"the"
            | b"their"
            | b"theirs"
            | b"them"
            | b"themselves"
            | b"then"
            | b"there"
            | b"these"
            | b"they"
            | b"this"
            | b"those"
            | b"through"
            | b"to"
            | b"too"
            | b"under"
            | b"until"
            | b"up"
            | b"ve"
            | b"very"
            | b"was"
            | b"we"
            | b"were"
            | b"what"
            | b"when"
            | b"where"
            | b"which"
            | b"while"
            | b"who"
            | b"whom"
            | b"why"
            | b"will"
            | b"with"
            | b"would"
            | b"you"
            | b"your"
            | b"yours"
            | b"yourself"
    )
}

/// Pronouns that need a sentence before them.
pub(super) fn is_pronoun(word: &str) -> bool {
    matches!(
        word,
        "He" | "She"
            | "It"
            | "They"
            | "His"
            | "Her"
            | "Its"
            | "Their"
            | "This"
            | "That"
            | "These"
            | "Those"
            | "Him"
            | "Them"
            | "Both"
            | "Such"
            | "He's"
            | "She's"
            | "It's"
            | "That's"
    )
}

/// Words that tie a sentence to the one before it.
pub(super) fn is_connective(word: &str) -> bool {
    matches!(
        word,
        "But"
            | "And"
            | "So"
            | "However"
            | "Still"
            | "Yet"
            | "Also"
            | "Then"
            | "Meanwhile"
            | "Instead"
            | "Moreover"
            | "Furthermore"
            | "Nevertheless"
            | "Or"
            | "Though"
            | "Although"
            | "Because"
            | "Therefore"
            | "Thus"
            | "Besides"
            | "Nor"
            | "Now"
            | "Another"
            | "Even"
            | "There"
            | "Here"
    )
}

/// Verbs of speech.
pub(super) fn is_speech(word: &str) -> bool {
    matches!(
        word,
        "said"
            | "says"
            | "told"
            | "added"
            | "tweeted"
            | "wrote"
            | "explained"
            | "asked"
            | "according"
            | "recalled"
            | "noted"
            | "insisted"
            | "reported"
            | "announced"
    )
}

/// The writer's or a speaker's own voice.
pub(super) fn is_first_person(word: &str) -> bool {
    matches!(word, "I" | "we" | "We" | "my" | "My" | "our" | "Our" | "me" | "us" | "I'm" | "we're")
}

/// Words that date an event.
pub(super) fn is_day(word: &str) -> bool {
    matches!(
        word,
        "Monday"
            | "Tuesday"
            | "Wednesday"
            | "Thursday"
            | "Friday"
            | "Saturday"
            | "Sunday"
            | "today"
            | "yesterday"
            | "tonight"
            | "weekend"
            | "week"
            | "month"
            | "year"
    )
}

/// Phrases of the page's furniture, not of its story.
pub(super) fn is_boilerplate(sentence: &str) -> bool {
    const PHRASES: &[&str] = &[
        "contributed to this report",
        "Click here",
        "click here",
        "Follow @",
        "Follow us",
        "follow us",
        "All rights reserved",
        "Copyright",
        "CNN's",
        "READ:",
        "WATCH:",
        "MORE:",
        "Read more",
        "read more",
        "Watch ",
        "http://",
        "https://",
        "www.",
        ".com",
        "iReport",
        "opinions expressed",
        "is a CNN",
        "Scroll down",
        "scroll down",
        "Photo:",
        "E-mail",
        "Subscribe",
        "newsletter",
    ];
    PHRASES.iter().any(|p| sentence.contains(p))
}
