//! Lines that are furniture of a web page by their wording alone, in many languages.

/// What a line of furniture belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Furniture {
    /// The form under an article that invites a comment.
    ReplyForm,
    /// Buttons and labels for sharing.
    Share,
    /// Headings over links to other texts.
    Related,
    /// Calls to take a newsletter.
    Newsletter,
    /// Notices about cookies and consent.
    Consent,
    /// Notices that the rest costs money.
    Paywall,
    /// Labels of advertisements.
    Advertisement,
}

/// Whether the whole line is part of a reply form ("Leave a Reply", "Required fields are
/// marked *"). A sentence that only quotes such words is not.
pub fn reply_form(line: &str) -> bool {
    furniture(line) == Some(Furniture::ReplyForm)
}

/// What furniture the whole line is, if any.
pub fn furniture(line: &str) -> Option<Furniture> {
    let _ = line;
    None
}
