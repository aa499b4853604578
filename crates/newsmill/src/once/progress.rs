//! How far a one-shot run is, for a person who looks at it.

use std::io::IsTerminal;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use newsmill_fetcher::warc::Rules;

use super::Args;
use crate::inputs;

/// A bar on stderr where a person looks at it and the records go elsewhere. The inputs are counted
/// beside the run, so that it need not wait for their number.
pub(super) fn bar(args: &Args, rules: &Rules) -> ProgressBar {
    let records_on_screen = args.out.is_none() && std::io::stdout().is_terminal();
    if records_on_screen || !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::no_length();
    let style = "{bar:30} {human_pos}/{human_len} {per_sec} ETA {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    if !args.inputs.iter().any(|input| input == "-") {
        let (counted, names, rules) = (bar.clone(), args.inputs.clone(), rules.clone());
        std::thread::spawn(move || {
            let count = inputs::list(names, rules, &Arc::default()).count();
            counted.set_length(u64::try_from(count).unwrap_or(u64::MAX));
        });
    }
    bar
}
