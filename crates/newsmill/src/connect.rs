//! Finds the running mill that a verb means, by its admin socket.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use newsmill_pipeline::admin::client::Client;
use newsmill_pipeline::config;

use crate::exit::Exit;

/// Which mill.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Its admin socket [default: the one that the configuration names]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// The configuration that it runs
    #[arg(long, short, value_name = "FILE", default_value = "pipeline.yaml")]
    config: PathBuf,
}

/// Connects, or says on stderr why it cannot and how the process is to end.
pub(crate) fn connect(which: &Which) -> anyhow::Result<Result<Client, Exit>> {
    let mut err = std::io::stderr();
    let path = match &which.socket {
        Some(path) => path.clone(),
        None => match config::load(&which.config) {
            Ok(config) => match config.telemetry.socket(config.ledger.path.as_deref()) {
                Some(path) => path,
                None => {
                    let file = which.config.display();
                    writeln!(
                        err,
                        "{file}: a mill without a ledger's file has no admin socket; name one with telemetry.socket"
                    )?;
                    return Ok(Err(Exit::Usage));
                }
            },
            Err(error) => {
                writeln!(err, "{error}")?;
                return Ok(Err(Exit::Usage));
            }
        },
    };
    match Client::connect(&path) {
        Ok(client) => Ok(Ok(client)),
        Err(error) => {
            let path = path.display();
            match error.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                    writeln!(err, "{path}: no mill answers; is `newsmill run` at work?")?;
                }
                ErrorKind::PermissionDenied => {
                    writeln!(err, "{path}: it is another user's mill")?;
                }
                _ => writeln!(err, "{path}: {error}")?,
            }
            Ok(Err(Exit::Unavailable))
        }
    }
}
