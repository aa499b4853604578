//! Attributes that nobody reads go before the tree holds them: most of an element's are addresses of
//! images, data for scripts and measures.

use html5ever::tokenizer::Tag;
use html5ever::{LocalName, local_name};

use super::guard::is_formatting;

/// Leaves a start tag the attributes that this crate or the tree builder reads.
pub(super) fn forget_unread(tag: &mut Tag) {
    // The tree builder compares formatting elements by their attributes, and asks foreign elements
    // for theirs.
    let whole = is_formatting(&tag.name) || tag.name == local_name!("annotation-xml");
    if !whole && !tag.attrs.is_empty() {
        tag.attrs.retain(|attribute| is_read(&attribute.name.local));
    }
}

/// The attributes that `metadata` and `tree` look at.
fn is_read(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("class")
            | local_name!("id")
            | local_name!("href")
            | local_name!("rel")
            | local_name!("style")
            | local_name!("hidden")
            | local_name!("role")
            | local_name!("aria-hidden")
            | local_name!("itemprop")
            | local_name!("content")
            | local_name!("name")
            | local_name!("property")
            | local_name!("http-equiv")
            | local_name!("type")
            | local_name!("datetime")
            | local_name!("lang")
            | local_name!("xml:lang")
            | local_name!("title")
    ) || matches!(&**name, "pubdate" | "amp" | "⚡")
}
