//! The durable truth about every source and article. Synchronous.
