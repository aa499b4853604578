//! A file of JSON Lines that is appended to, and closed and begun anew by size or age.
//!
//! A batch is acknowledged when its lines are fsynced. What stands behind the last acknowledged
//! position (half a line of a crash, a batch whose acknowledgement was lost, files begun since) is
//! taken back before anything is written. The file is locked while it is open, so that a second
//! process is refused instead of mixing its lines in.
//!
//! Left out: compression, and the removal of old files. Both are for the tools that archive.

mod files;
mod log;
#[cfg(test)]
mod power_loss;

use self::files::Disk;
use self::log::Log;
use crate::blocking::Blocking;
use crate::{Delivery, JsonlConfig, SinkError};

pub(crate) use self::log::Position;

/// The log on the machine's own disk.
#[derive(Debug)]
pub(crate) struct Jsonl {
    log: Blocking<Log<Disk>>,
    /// After the last batch that was acknowledged to the caller. The log itself may be further on,
    /// where the caller stopped waiting.
    position: Position,
}

impl Jsonl {
    pub(crate) fn open(
        config: &JsonlConfig,
        committed: Option<&Position>,
    ) -> Result<Self, SinkError> {
        let (log, position) = Log::open(Disk, &config.path, config.rotate, committed)?;
        Ok(Self { log: Blocking::new(log), position })
    }

    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    pub(crate) async fn deliver(&mut self, batch: &[Delivery]) -> Result<(), SinkError> {
        let (batch, from) = (batch.to_vec(), self.position.clone());
        self.position = self.log.run(move |log| log.append(&from, &batch)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::Rotate;
    use crate::testing::{batch, record};

    fn open(path: &Path, rotate: Rotate, committed: Option<&Position>) -> Result<Jsonl, SinkError> {
        Jsonl::open(&JsonlConfig { name: None, path: path.to_owned(), rotate }, committed)
    }

    fn numbers(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        let title = |line: &str| serde_json::from_str::<newsmill_article::Record>(line).unwrap();
        text.lines().map(|line| title(line).title.unwrap().replace("Article ", "")).collect()
    }

    #[tokio::test]
    async fn what_a_crash_left_behind_the_committed_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/down/news.jsonl");
        let mut sink = open(&path, Rotate::default(), None).unwrap();
        sink.deliver(&batch(0..2)).await.unwrap();
        let committed = sink.position().clone();
        drop(sink);
        let whole = fs::read(&path).unwrap();
        let next = serde_json::to_vec(&record(2)).unwrap();
        for cut in [1, next.len() / 2, next.len()] {
            fs::write(&path, [&whole, &next[..cut]].concat()).unwrap();
            let mut sink = open(&path, Rotate::default(), Some(&committed)).unwrap();
            sink.deliver(&batch(2..4)).await.unwrap();
            assert_eq!(numbers(&path), ["0", "1", "2", "3"]);
        }
    }

    #[tokio::test]
    async fn files_close_by_size_and_a_line_is_never_split() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl");
        let line = serde_json::to_vec(&record(0)).unwrap().len() as u64 + 1;
        let two = Rotate { size: Some(newsmill_article::HumanSize(2 * line)), every: None };
        let mut sink = open(&path, two, None).unwrap();
        sink.deliver(&batch(0..5)).await.unwrap();
        let name = |n| folder.path().join(format!("news.{n:06}.jsonl"));
        assert_eq!(numbers(&name(1)), ["0", "1"]);
        assert_eq!(numbers(&name(2)), ["2", "3"]);
        assert_eq!(numbers(&path), ["4"]);
        // Back over two closed files.
        let committed = sink.position().clone();
        sink.deliver(&batch(5..9)).await.unwrap();
        assert_eq!(numbers(&name(4)), ["6", "7"]);
        drop(sink);
        let mut sink = open(&path, two, Some(&committed)).unwrap();
        assert!(!name(3).exists() && !name(4).exists());
        assert_eq!(numbers(&path), ["4"]);
        // An archiver took the closed files away: their numbers are not given again.
        fs::remove_file(name(1)).unwrap();
        fs::remove_file(name(2)).unwrap();
        sink.deliver(&batch(5..7)).await.unwrap();
        assert_eq!(
            (numbers(&name(3)), numbers(&path)),
            (vec!["4".into(), "5".into()], vec!["6".into()])
        );
        // Every line is larger than the bound: one line a file.
        let one = Rotate { size: Some(newsmill_article::HumanSize(1)), every: None };
        let other = folder.path().join("small");
        let mut sink = open(&other, one, None).unwrap();
        sink.deliver(&batch(0..3)).await.unwrap();
        assert_eq!(numbers(&folder.path().join("small.000002")), ["1"]);
        assert_eq!(numbers(&other), ["2"]);
    }

    #[tokio::test]
    async fn without_a_committed_state_what_is_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl");
        for (before, kept) in [
            ("{\"a\":1}\n", "{\"a\":1}\n"),
            ("{\"a\":1}\n{\"b\":", "{\"a\":1}\n"),
            ("{\"a\":1}\n{\"b\":2}", "{\"a\":1}\n{\"b\":2}\n"),
            ("{\"b\":", ""),
            ("", ""),
        ] {
            fs::write(&path, before).unwrap();
            let mut sink = open(&path, Rotate::default(), None).unwrap();
            sink.deliver(&batch(0..1)).await.unwrap();
            let line = serde_json::to_string(&record(0)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{kept}{line}\n"));
        }
    }

    #[tokio::test]
    async fn a_position_is_of_its_path_and_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl");
        let mut sink = open(&path, Rotate::default(), None).unwrap();
        sink.deliver(&batch(0..2)).await.unwrap();
        let committed = sink.position().clone();
        drop(sink);
        // Another path in the configuration: its file is not cut.
        let other = folder.path().join("other.jsonl");
        fs::write(&other, "{}\n".repeat(5_000)).unwrap();
        drop(open(&other, Rotate::default(), Some(&committed)).unwrap());
        assert_eq!(fs::read_to_string(&other).unwrap().lines().count(), 5_000);
        // Another file under the same path: refused, and left as it is.
        fs::write(&path, "x".repeat(100_000)).unwrap();
        let error = open(&path, Rotate::default(), Some(&committed)).unwrap_err();
        assert!(matches!(error, SinkError::Foreign { .. }), "{error}");
        assert_eq!(fs::metadata(&path).unwrap().len(), 100_000);
        // Taken away or cut by somebody: what was delivered is theirs, the rest goes on.
        fs::remove_file(&path).unwrap();
        let mut sink = open(&path, Rotate::default(), Some(&committed)).unwrap();
        sink.deliver(&batch(2..3)).await.unwrap();
        assert_eq!(numbers(&path), ["2"]);
        fs::write(&path, "").unwrap();
        sink.deliver(&batch(3..4)).await.unwrap();
        assert_eq!(numbers(&path), ["3"]);
    }

    #[tokio::test]
    async fn a_second_writer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl");
        let sink = open(&path, Rotate::default(), None).unwrap();
        let error = open(&path, Rotate::default(), None).unwrap_err();
        assert!(matches!(error, SinkError::InUse { .. }), "{error}");
        drop(sink);
        open(&path, Rotate::default(), None).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_waited_for() {
        let mut sink = open(Path::new("/dev/full"), Rotate::default(), None).unwrap();
        let error = sink.deliver(&batch(0..1)).await.unwrap_err();
        let after = crate::error::FULL_DISK_PAUSE;
        assert_eq!(error.disposition(), newsmill_article::Disposition::Retry { after }, "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_is_fatal() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        for path in [folder.path().join("file/news.jsonl"), folder.path().to_owned()] {
            let error = open(&path, Rotate::default(), None).unwrap_err();
            assert_eq!(error.disposition(), newsmill_article::Disposition::Fatal, "{error}");
        }
    }
}
