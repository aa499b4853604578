//! Attributes that nobody reads go before the tree holds them: most of an element's are addresses of
//! images, data for scripts and measures.

use html5ever::local_name;
use html5ever::tokenizer::Tag;

use super::guard::is_formatting;
use crate::html::AttributeName;

/// Leaves a start tag the attributes that this crate or the tree builder reads.
pub(super) fn forget_unread(tag: &mut Tag) {
    // The tree builder compares formatting elements by their attributes, and asks foreign elements
    // for theirs.
    let whole = is_formatting(&tag.name) || tag.name == local_name!("annotation-xml");
    if !whole && !tag.attrs.is_empty() {
        tag.attrs.retain(|attribute| AttributeName::of(&attribute.name.local).is_some());
    }
}
