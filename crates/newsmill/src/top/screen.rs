//! The live screen.

use std::io::{Stdout, stdin, stdout};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use newsmill_pipeline::admin::client::Client;
use ratatui::layout::{Constraint, Layout};
use ratatui::prelude::TermionBackend;
use ratatui::style::{Color, Modifier, Style};
use ratatui::termion::event::Key;
use ratatui::termion::input::TermRead;
use ratatui::termion::raw::{IntoRawMode, RawTerminal};
use ratatui::termion::screen::{AlternateScreen, IntoAlternateScreen};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};
use ratatui::{Frame, Terminal};

use super::lines::{Panel, panels};
use super::look;
use super::view::View;

/// The whole screen, given back as it was when this is dropped.
type Screen = Terminal<TermionBackend<AlternateScreen<RawTerminal<Stdout>>>>;

/// Draws until a person ends it or the mill does.
pub(super) fn run(mill: &mut Client, interval: Duration) -> anyhow::Result<()> {
    let out = stdout().into_raw_mode()?.into_alternate_screen()?;
    let mut screen = Terminal::new(TermionBackend::new(out))?;
    screen.hide_cursor()?;
    let shown = show(&mut screen, mill, interval);
    screen.show_cursor()?;
    // The screen is given back before an error is said.
    drop(screen);
    shown
}

/// Keys as they are pressed. Nobody can be woken from reading a terminal, so the thread ends with
/// the process.
fn keys() -> Receiver<Key> {
    let (send, keys) = mpsc::channel();
    std::thread::spawn(move || {
        for key in stdin().keys().map_while(Result::ok) {
            if send.send(key).is_err() {
                return;
            }
        }
    });
    keys
}

fn show(screen: &mut Screen, mill: &mut Client, interval: Duration) -> anyhow::Result<()> {
    let keys = keys();
    let mut before = look(mill)?;
    let mut now = before.clone();
    loop {
        let panels = panels(&now, &View::between(&before, &now));
        screen.draw(|frame| draw(frame, &panels))?;
        let next = Instant::now() + interval;
        while let Some(left) = next.checked_duration_since(Instant::now()) {
            match keys.recv_timeout(left) {
                Ok(Key::Char('q') | Key::Esc | Key::Ctrl('c')) => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => break,
                // No keyboard: it shows until it is killed.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(left),
            }
        }
        before = std::mem::replace(&mut now, look(mill)?);
    }
}

/// The first panels get the room that they need, the longer lists share the rest.
fn draw(frame: &mut Frame<'_>, panels: &[Panel]) {
    let heights = panels.iter().map(|panel| {
        let lines = u16::try_from(panel.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        match panel.title {
            "mill" | "stages" => Constraint::Length(lines),
            _ => Constraint::Max(lines),
        }
    });
    let areas = Layout::vertical(heights).split(frame.area());
    for (panel, area) in panels.iter().zip(areas.iter()) {
        let lines: Vec<Line<'_>> = panel
            .lines
            .iter()
            .map(|line| {
                let style = if line.trouble {
                    Style::new().fg(Color::Red)
                } else if line.text.contains('◄') {
                    Style::new().add_modifier(Modifier::BOLD)
                } else {
                    Style::new()
                };
                Line::styled(line.text.as_str(), style)
            })
            .collect();
        frame.render_widget(
            Paragraph::new(lines).block(Block::bordered().title(panel.title)),
            *area,
        );
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::top::view::tests::snapshot;

    #[test]
    fn it_fits_any_screen() {
        let (before, now) = (snapshot(8, 16), snapshot(12, 16));
        let panels = panels(&now, &View::between(&before, &now));
        for (width, height) in [(120, 40), (80, 24), (20, 5), (1, 1)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(frame, &panels)).unwrap();
            let screen = format!("{:?}", terminal.backend().buffer());
            assert_eq!(screen.contains("bottleneck"), width >= 80, "{screen}");
        }
    }
}
