//! The end that the mill holds.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Context;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::{Done, Health, MAX_REQUEST, Request, Snapshot};
use crate::connections;
use crate::reload;
use crate::telemetry::Telemetry;
use crate::telemetry::tap::Filter;

/// The open socket. Dropping it closes and removes it.
#[derive(Debug)]
pub struct Admin {
    path: PathBuf,
    inode: u64,
    task: AbortHandle,
}

/// The socket cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the admin socket {}", path.display())]
pub struct AdminError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Why a mill cannot be reloaded.
const NOT_RELOADED: &str = "a mill that runs once through, or some stages only, is not reloaded";

/// What connections answer from.
#[derive(Clone)]
struct Office {
    telemetry: Arc<Telemetry>,
    reloads: mpsc::Sender<reload::Request>,
    owner: u32,
}

impl Admin {
    /// Opens the socket at `path` in place of one that was left behind. Whoever holds the ledger
    /// beside it is alone, so nobody's living socket is taken away.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn open(
        path: &Path,
        telemetry: &Arc<Telemetry>,
        reloads: mpsc::Sender<reload::Request>,
    ) -> Result<Self, AdminError> {
        let (listener, inode, owner) =
            listen(path).map_err(|source| AdminError { path: path.to_owned(), source })?;
        let office = Office { telemetry: telemetry.clone(), reloads, owner };
        let task = tokio::spawn(serve(listener, office)).abort_handle();
        Ok(Self { path: path.to_owned(), inode, task })
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.task.abort();
        // Not that of a successor.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the socket in a folder of its own, where nobody else can reach it before it has its
/// permissions, and then gives it its name.
fn listen(path: &Path) -> io::Result<(UnixListener, u64, u32)> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let private = folder.join(format!(".{:08x}", fastrand::u32(..)));
    DirBuilder::new().mode(0o700).create(&private)?;
    let socket = private.join("s");
    let made = UnixListener::bind(&socket).and_then(|listener| {
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        let made = fs::symlink_metadata(&socket)?;
        fs::rename(&socket, path)?;
        Ok((listener, made.ino(), made.uid()))
    });
    let _ = fs::remove_file(&socket);
    let _ = fs::remove_dir(&private);
    made
}

async fn serve(listener: UnixListener, office: Office) {
    let accept = |cx: &mut Context<'_>| listener.poll_accept(cx).map_ok(|(stream, _)| stream);
    let attend = |stream| {
        let office = office.clone();
        // The other end has gone; nobody to tell.
        async move { _ = office.attend(stream).await }
    };
    connections::serve("the admin socket", accept, attend).await;
}

impl Office {
    async fn attend(&self, stream: UnixStream) -> io::Result<()> {
        // Permissions say the same; this holds even where a file system ignores them.
        let peer = stream.peer_cred()?.uid();
        if peer != self.owner && peer != 0 {
            return Ok(());
        }
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        loop {
            let mut line = Vec::new();
            let limit = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX);
            (&mut read).take(limit).read_until(b'\n', &mut line).await?;
            if line.is_empty() {
                return Ok(());
            }
            let request = match serde_json::from_slice(&line) {
                Ok(request) => request,
                Err(error) => {
                    let error = format!("not understood: {error}");
                    return say(&mut write, &serde_json::json!({ "error": error })).await;
                }
            };
            match request {
                Request::Snapshot => {
                    say(&mut write, &Snapshot::take(&self.telemetry).await).await?;
                }
                Request::Health => {
                    let status = self.telemetry.ledger_status().await;
                    let not_ready = self.telemetry.not_ready(status.as_ref());
                    say(&mut write, &Health { not_ready }).await?;
                }
                Request::Reload => say(&mut write, &self.reload().await).await?,
                Request::Tap { stage, source, grep } => {
                    let mut more = [0; 1];
                    return tokio::select! {
                        // The reader has gone, or speaks out of turn.
                        _ = read.read(&mut more) => Ok(()),
                        done = self.tap(Filter { stage, source, grep }, &mut write) => done,
                    };
                }
            }
        }
    }

    async fn reload(&self) -> Done {
        let (reply, answer) = oneshot::channel();
        let sent = self.reloads.send(reload::Request(reply)).await;
        let answer = match sent {
            Ok(()) => answer.await.unwrap_or_else(|_| Err("the mill is ending".to_owned())),
            Err(_) => Err(NOT_RELOADED.to_owned()),
        };
        let done = answer.is_ok();
        Done { done, what: answer.unwrap_or_else(|why| why) }
    }

    async fn tap(&self, filter: Filter, write: &mut OwnedWriteHalf) -> io::Result<()> {
        if !Telemetry::STAGES.contains(&filter.stage.as_str()) {
            let stages = Telemetry::STAGES.join(", ");
            let error = format!("there is no stage `{}`; these are there: {stages}", filter.stage);
            return say(write, &serde_json::json!({ "error": error })).await;
        }
        let mut reader = self.telemetry.tap.read(filter);
        // So that whoever asked knows that from here on nothing is missed.
        say(write, &serde_json::json!({ "tap": true })).await?;
        while let Some((mut line, dropped)) = reader.next().await {
            if dropped > 0 {
                say(write, &serde_json::json!({ "dropped": dropped })).await?;
            }
            line.push('\n');
            write.write_all(line.as_bytes()).await?;
        }
        Ok(())
    }
}

async fn say(write: &mut OwnedWriteHalf, answer: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    write.write_all(&line).await
}
