//! NATS servers of the tests' own, and of `cargo xtask cluster`: real ones, each in a folder and a
//! process of its own, on loopback.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Runs the server until our end of its input closes: also when we are killed.
const SCRIPT: &str =
    r#""$0" -c "$1" >>"$2" 2>&1 & echo $!; cat >/dev/null; kill -9 $! 2>/dev/null; wait"#;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// Where `cargo xtask setup` puts the server, unless `NEWSMILL_NATS_SERVER` names another.
pub fn binary() -> PathBuf {
    std::env::var_os("NEWSMILL_NATS_SERVER").map_or_else(
        || {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
            root.unwrap_or(Path::new(".")).join("target/tools/nats-server/bin/nats-server")
        },
        PathBuf::from,
    )
}

/// A port that was free a moment ago.
///
/// # Errors
///
/// Where loopback cannot be listened on.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// One server. It is killed and its folder removed when this is dropped.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    host: String,
    port: u16,
    inside: Vec<String>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    script: Child,
    pid: u32,
}

impl Server {
    /// A server with JetStream and `more` in its configuration, started.
    ///
    /// # Errors
    ///
    /// Where it does not start: `cargo xtask setup` installs it.
    pub fn start(more: &str) -> io::Result<Self> {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("nats-{}-{number}", std::process::id()));
        let mut server = Self::prepare(folder, "127.0.0.1", free_port()?, more)?;
        server.run()?;
        Ok(server)
    }

    /// Writes the configuration of a server that keeps its messages under `folder`; does not start
    /// it.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be written.
    pub fn prepare(folder: PathBuf, host: &str, port: u16, more: &str) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let store = folder.display();
        let config = format!(
            "listen: \"{host}:{port}\"\nserver_name: \"{}\"\njetstream {{ store_dir: \"{store}\" }}\n{more}\n",
            folder.file_name().unwrap_or_default().display()
        );
        std::fs::write(folder.join("nats.conf"), config)?;
        let host = host.to_owned();
        Ok(Self { folder, host, port, inside: Vec::new(), running: None })
    }

    /// Runs it behind this command (such as `ip netns exec NAME`).
    pub fn inside(&mut self, words: &[&str]) {
        self.inside = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Starts it, or starts it again on what it has kept.
    ///
    /// # Errors
    ///
    /// Where it does not come to listen.
    pub fn run(&mut self) -> io::Result<()> {
        let said = std::fs::metadata(self.log()).map_or(0, |log| log.len());
        let mut words = self.inside.iter().map(String::as_str).chain(["sh", "-c", SCRIPT]);
        let mut command = Command::new(words.next().unwrap_or("sh"));
        command.args(words).arg(binary()).arg(self.folder.join("nats.conf")).arg(self.log());
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = script.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let pid = line.trim().parse().map_err(io::Error::other)?;
        self.running = Some(Running { script, pid });
        let deadline = Instant::now() + START;
        while !self.listens(said) {
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                return Err(io::Error::other(format!(
                    "{} does not run; `cargo xtask setup` installs it\n{log}",
                    binary().display()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Whether it greets. A server in another network namespace is taken at its word, behind what
    /// it had `said` before.
    fn listens(&self, said: u64) -> bool {
        if !self.inside.is_empty() {
            let log = std::fs::read(self.log()).unwrap_or_default();
            let new = log.get(usize::try_from(said).unwrap_or(0)..).unwrap_or_default();
            return String::from_utf8_lossy(new).contains("Server is ready");
        }
        let Ok(mut stream) = TcpStream::connect((self.host.as_str(), self.port)) else {
            return false;
        };
        let mut greeting = [0; 4];
        stream.read_exact(&mut greeting).is_ok() && &greeting == b"INFO"
    }

    /// Ends it at once, as `kill -9` does. Does nothing where it does not run.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            // Closing its input ends it; waiting for it cannot fail but by its absence.
            drop(running.script.stdin.take());
            let _ = running.script.wait();
        }
    }

    /// Ends it, throws away all that it has kept, and starts it again.
    ///
    /// # Errors
    ///
    /// As [`Server::run`].
    pub fn forget(&mut self) -> io::Result<()> {
        self.kill();
        std::fs::remove_dir_all(self.folder.join("jetstream"))?;
        self.run()
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.pid)
    }

    /// `nats://HOST:PORT`
    pub fn url(&self) -> String {
        format!("nats://{}:{}", self.host, self.port)
    }

    /// Where it keeps its messages.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it says.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        // In the system's folder for such things: what stays goes some day.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
