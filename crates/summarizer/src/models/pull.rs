//! Fetches the files of a model, goes on where it was broken off, and takes nothing unverified.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::Agent;

use super::{File, Model};

/// How often a transfer that breaks is taken up again by itself.
const TRIES: u32 = 3;
const BUFFER: usize = 1 << 16;

/// Where files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The model's own URL.
    Publisher,
    /// Another server; below this address lie `NAME/PATH`.
    Mirror(String),
    /// A folder; in it lie `NAME/PATH`.
    Folder(PathBuf),
}

impl Origin {
    /// A mirror by its http or https address, else a folder.
    pub fn parse(from: &str) -> Self {
        if from.starts_with("http://") || from.starts_with("https://") {
            Self::Mirror(from.trim_end_matches('/').to_owned())
        } else {
            Self::Folder(PathBuf::from(from))
        }
    }
}

/// Why a model is not there whole.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The server does not have the file, or does not give it.
    #[error("{from} answered with status {status}")]
    Refused {
        /// The URL.
        from: String,
        /// The HTTP status.
        status: u16,
    },
    /// The transfer broke off. What came is kept.
    #[error("{from} broke off at {have} of {size} bytes ({reason}); the next pull goes on there")]
    Broken {
        /// The URL or file.
        from: String,
        /// Bytes that are here.
        have: u64,
        /// Bytes of the whole.
        size: u64,
        /// What happened.
        reason: String,
    },
    /// It is another file. Nothing of it is kept.
    #[error("{from} is not the file of the manifest: {found}, not {expected}")]
    Other {
        /// The URL or file.
        from: String,
        /// Its size or SHA-256.
        found: String,
        /// The manifest's.
        expected: String,
    },
    /// Reading or writing here failed.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Fetches what of `model` is not yet in its folder under `folder`, and gives that folder.
/// `progress` gets the file and how many of its bytes are here. Blocks.
///
/// A file is written beside its place as `.part`, verified, synced and only then renamed.
///
/// # Errors
///
/// See [`PullError`]. Files that were whole before the error stay.
pub fn pull(
    model: &Model,
    origin: &Origin,
    folder: &Path,
    mut progress: impl FnMut(&File, u64),
) -> Result<PathBuf, PullError> {
    let own = folder.join(&model.name);
    let agent = Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .http_status_as_error(false)
        .build()
        .new_agent();
    for file in &model.files {
        let place = own.join(&file.path);
        if !holds(&place, file)? {
            let parent = place.parent().unwrap_or(&own);
            fs::create_dir_all(parent).map_err(at(parent))?;
            let from = match origin {
                Origin::Publisher => format!("{}{}", model.url, file.path),
                Origin::Mirror(base) => format!("{base}/{}/{}", model.name, file.path),
                Origin::Folder(base) => {
                    base.join(&model.name).join(&file.path).to_string_lossy().into_owned()
                }
            };
            let agent = (!matches!(origin, Origin::Folder(_))).then_some(&agent);
            Transfer { agent, from, file, place }.run(&mut progress)?;
        }
        progress(file, file.size);
    }
    Ok(own)
}

/// Whether `path` is this file of the manifest. A file that is missing or of another size is not
/// read.
///
/// # Errors
///
/// When the file is there and cannot be read.
pub fn holds(path: &Path, file: &File) -> Result<bool, PullError> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() == file.size => {
            Ok(sha256(path).map_err(at(path))? == file.sha256)
        }
        _ => Ok(false),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PullError {
    let path = path.to_owned();
    move |source| PullError::Io { path, source }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect()),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// One file on its way.
struct Transfer<'a> {
    /// None where it comes from a folder.
    agent: Option<&'a Agent>,
    from: String,
    file: &'a File,
    place: PathBuf,
}

impl Transfer<'_> {
    fn run(&self, progress: &mut impl FnMut(&File, u64)) -> Result<(), PullError> {
        let mut name = self.place.clone().into_os_string();
        name.push(".part");
        let part = PathBuf::from(name);
        let mut have = fs::metadata(&part).map_or(0, |part| part.len());
        if have > self.file.size {
            have = 0;
        }
        let mut tried = 1;
        while have < self.file.size {
            match self.go_on(&part, have, progress) {
                Err(PullError::Broken { have: now, .. }) if tried < TRIES && now > have => {
                    have = now;
                    tried += 1;
                }
                Err(error @ PullError::Other { .. }) => {
                    fs::remove_file(&part).map_err(at(&part))?;
                    return Err(error);
                }
                result => {
                    result?;
                    break;
                }
            }
        }
        let found = sha256(&part).map_err(at(&part))?;
        if found != self.file.sha256 {
            fs::remove_file(&part).map_err(at(&part))?;
            return Err(self.other(format!("SHA-256 {found}"), self.file.sha256.clone()));
        }
        fs::rename(&part, &self.place).map_err(at(&self.place))
    }

    /// Appends what comes to the first `have` bytes of `part`.
    fn go_on(
        &self,
        part: &Path,
        have: u64,
        progress: &mut impl FnMut(&File, u64),
    ) -> Result<(), PullError> {
        let broken = |have: u64, reason: String| PullError::Broken {
            from: self.from.clone(),
            have,
            size: self.file.size,
            reason,
        };
        let (mut body, mut have) = self.open(have).map_err(|error| match error {
            OpenError::Pull(error) => error,
            OpenError::Broken(reason) => broken(have, reason),
        })?;
        let mut out = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(part)
            .map_err(at(part))?;
        out.set_len(have).map_err(at(part))?;
        out.seek(SeekFrom::End(0)).map_err(at(part))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let n = match body.read(&mut buffer) {
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(have, error.to_string())),
            };
            if n == 0 {
                break;
            }
            have += n as u64;
            if have > self.file.size {
                let size = self.file.size;
                return Err(self.other(format!("more than {size} bytes"), size.to_string()));
            }
            out.write_all(&buffer[..n]).map_err(at(part))?;
            progress(self.file, have);
        }
        out.sync_all().map_err(at(part))?;
        if have < self.file.size {
            return Err(broken(have, "the end came early".to_owned()));
        }
        Ok(())
    }

    /// The bytes from `have` on, or from the start where the other side gives only the whole.
    fn open(&self, have: u64) -> Result<(Box<dyn Read>, u64), OpenError> {
        let Some(agent) = self.agent else {
            let path = Path::new(&self.from);
            let mut file = fs::File::open(path).map_err(at(path))?;
            file.seek(SeekFrom::Start(have)).map_err(at(path))?;
            return Ok((Box::new(file), have));
        };
        let mut request = agent.get(&self.from).header("accept-encoding", "identity");
        if have > 0 {
            request = request.header("range", format!("bytes={have}-"));
        }
        let response = request.call().map_err(|error| OpenError::Broken(error.to_string()))?;
        let range = response.headers().get("content-range").and_then(|v| v.to_str().ok());
        let goes_on = range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")));
        let status = response.status().as_u16();
        let have = match status {
            200 => 0,
            206 if goes_on => have,
            _ => {
                let error = PullError::Refused { from: self.from.clone(), status };
                return Err(OpenError::Pull(error));
            }
        };
        Ok((Box::new(response.into_body().into_reader()), have))
    }

    fn other(&self, found: String, expected: String) -> PullError {
        PullError::Other { from: self.from.clone(), found, expected }
    }
}

enum OpenError {
    Pull(PullError),
    /// No connection, or it broke before the body.
    Broken(String),
}

impl From<PullError> for OpenError {
    fn from(error: PullError) -> Self {
        Self::Pull(error)
    }
}
