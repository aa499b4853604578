//! What crosses a link comes out as it went in, and the queue hears of every end.

mod fake;
mod lost;
mod shapes;
mod signs;
