//! Sources into entries, entries into pages: polite and safe HTTP, feeds, files.
