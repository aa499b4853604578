//! The real binary: built once, run with arguments, never longer than a bound.

#![expect(clippy::expect_used, reason = "a harness that cannot start its subject fails its test")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use newsmill_article::Record;

/// No scenario takes this long; what does, hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path of `newsmill`: `NEWSMILL_BIN` where that is set, else built in the profile of the
/// running test.
///
/// # Panics
///
/// When it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("NEWSMILL_BIN") {
        Some(path) => path.into(),
        None => build().unwrap_or_else(|error| panic!("newsmill cannot be built: {error}")),
    })
}

fn build() -> io::Result<PathBuf> {
    // target/<profile>/deps/<this test>
    let this = std::env::current_exe()?;
    let folder = this.parent().and_then(Path::parent).ok_or(io::ErrorKind::NotFound)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // Features are resolved over the whole workspace and, by naming a test, with those that tests
    // need, so that what `cargo test --workspace` has built is used again.
    command.current_dir(workspace()).args(["build", "--quiet", "--workspace"]);
    command.args(["--bin", "newsmill", "--test", "scenarios"]);
    if folder.file_name() == Some(OsStr::new("release")) {
        command.arg("--release");
    }
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    let status = command.status()?;
    if !status.success() {
        return Err(io::Error::other(format!("cargo build ended with {status}")));
    }
    Ok(folder.join("newsmill"))
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One run to come.
#[derive(Debug)]
pub struct Mill {
    command: Command,
    input: Option<Vec<u8>>,
}

/// A run that ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A run that goes on.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: File,
    stderr: File,
}

/// `newsmill` with these arguments, in a clean environment.
pub fn mill<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Mill {
    let mut command = Command::new(binary());
    command.args(arguments);
    Mill { command, input: None }.env_clear_rust()
}

impl Mill {
    fn env_clear_rust(mut self) -> Self {
        for name in ["RUST_LOG", "NO_COLOR", "http_proxy", "https_proxy", "HTTP_PROXY", "ALL_PROXY"]
        {
            self.command.env_remove(name);
        }
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in this folder.
    #[must_use]
    pub fn current_dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What comes on standard input; without it there is none.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// When the operating system does not start it.
    pub fn start(mut self) -> Running {
        let (stdout, stderr) = (scratch(), scratch());
        let stream = |file: &File| Stdio::from(file.try_clone().expect("a handle to a file"));
        self.command.stdout(stream(&stdout)).stderr(stream(&stderr));
        match &self.input {
            Some(bytes) => {
                let mut file = scratch();
                file.write_all(bytes).and_then(|()| file.rewind()).expect("a file for its input");
                self.command.stdin(Stdio::from(file));
            }
            None => {
                self.command.stdin(Stdio::null());
            }
        }
        let child = self.command.spawn().expect("newsmill starts");
        Running { child, stdout, stderr }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// When it does not end within a minute.
    pub fn run(self) -> Ran {
        self.start().wait()
    }
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends.
    ///
    /// # Panics
    ///
    /// When it does not end within a minute; it is killed then.
    pub fn wait(mut self) -> Ran {
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child can be waited for") {
                Some(status) => break status,
                None if began.elapsed() > PATIENCE => {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    panic!("newsmill hangs; its stderr:\n{}", text_of(&mut self.stderr));
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let (stdout, stderr) = (text_of(&mut self.stdout), text_of(&mut self.stderr));
        Ran { code: status.code(), stdout, stderr }
    }
}

impl Ran {
    /// The records on standard output, one a line.
    ///
    /// # Panics
    ///
    /// When a line is not a record.
    pub fn records(&self) -> Vec<Record> {
        records(&self.stdout)
    }

    /// The lines of standard error that name `input`.
    pub fn lines_about(&self, input: &str) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.contains(input)).collect()
    }
}

/// Reads JSON Lines.
///
/// # Panics
///
/// When a line is not a record.
pub fn records(lines: &str) -> Vec<Record> {
    let record = |line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("not a record: {error}\n{line}"))
    };
    lines.lines().map(record).collect()
}

/// Every line of the JSON Lines file at `path`, none where there is no file.
///
/// # Panics
///
/// When a line is not a record.
pub fn records_in(path: &Path) -> Vec<Record> {
    records(&fs::read_to_string(path).unwrap_or_default())
}

/// A file that nobody else sees and that goes away by itself. Pipes would fill up.
fn scratch() -> File {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("newsmill-e2e-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
    let file = file.expect("a scratch file");
    let _ = fs::remove_file(path);
    file
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("a scratch file is readable");
    String::from_utf8_lossy(&bytes).into_owned()
}
