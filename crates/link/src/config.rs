//! The section `link` of `pipeline.yaml`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the processes of one mill reach each other when its stages run in several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Through NATS JetStream. Default: none; all stages run in one process.
    pub nats: Option<Nats>,
}

/// A NATS server or cluster, version 2.11 or later, with JetStream on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nats {
    /// One server or several with commas between: `nats://one:4222,nats://two:4222`, or `tls://`.
    pub url: String,
    /// How we say who we are. Default: not at all.
    pub credentials: Option<Credentials>,
    /// What certificates are trusted and shown. Default: those that the system trusts.
    pub tls: Option<Tls>,
    /// The beginning of every name on the server: one mill, one prefix. Letters, digits, `-` and
    /// `_`. Default: newsmill.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    pub prefix: String,
    /// How many servers keep each message, 1 to 5; 3 survives the loss of one. Default: 1.
    #[schemars(range(min = 1, max = 5))]
    pub replicas: usize,
}

impl Default for Nats {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            credentials: None,
            tls: None,
            prefix: "newsmill".to_owned(),
            replicas: 1,
        }
    }
}

/// One way to say who we are: a credentials file, an NKey, a token, or a user with a password.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Credentials {
    /// A `.creds` file: a JWT with its NKey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creds_file: Option<PathBuf>,
    /// A file that holds the seed of an NKey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nkey_file: Option<PathBuf>,
    /// A variable that holds the seed of an NKey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nkey_env: Option<String>,
    /// A file that holds a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// A variable that holds a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// The name of a user; needs `password_file` or `password_env`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file that holds the user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A variable that holds the user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
}

/// Certificates, as PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Authorities that are trusted besides those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Our certificate, for servers that ask for one; needs `key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// The key of `cert`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

/// Why credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The variable is not set, or not UTF-8.
    #[error("`{key}` names the variable {name}, which is not set")]
    Variable {
        /// The key in the configuration.
        key: &'static str,
        /// The variable.
        name: String,
    },
    /// The file cannot be read.
    #[error("`{key}`: cannot read {path}")]
    File {
        /// The key in the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

/// What the credentials come to. Has no `Debug`: it holds secrets.
#[cfg_attr(
    not(feature = "nats"),
    expect(dead_code, reason = "without the engine, secrets are only looked for")
)]
pub(crate) enum Secret {
    Creds(String),
    NKey(String),
    Token(String),
    Password { user: String, password: String },
}

impl Nats {
    /// What is wrong with the section, with the key at fault.
    ///
    /// # Errors
    ///
    /// The first fault, as key and message.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        for url in self.servers() {
            let parsed = url::Url::parse(url)
                .map_err(|error| ("url", format!("{url:?} is no URL: {error}")))?;
            if !matches!(parsed.scheme(), "nats" | "tls") {
                let scheme = parsed.scheme();
                return Err(("url", format!("`{scheme}` is not spoken; write nats:// or tls://")));
            }
            if !parsed.username().is_empty() || parsed.password().is_some() {
                let message = "a user or token never stands in the URL; use `credentials`";
                return Err(("url", message.to_owned()));
            }
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(1..=64).contains(&self.prefix.len()) || !self.prefix.chars().all(allowed) {
            let message = "a prefix is 1 to 64 letters, digits, `-` or `_`";
            return Err(("prefix", message.to_owned()));
        }
        if !(1..=5).contains(&self.replicas) {
            return Err(("replicas", format!("replicas are 1 to 5, not {}", self.replicas)));
        }
        if let Some(credentials) = &self.credentials {
            credentials.check().map_err(|message| ("credentials", message.to_owned()))?;
        }
        if let Some(tls) = &self.tls
            && tls.cert.is_some() != tls.key.is_some()
        {
            return Err(("tls", "`cert` and `key` are given together or not at all".to_owned()));
        }
        Ok(())
    }

    /// The servers, one URL each.
    pub fn servers(&self) -> impl Iterator<Item = &str> {
        self.url.split(',').map(str::trim)
    }

    /// The files that the section names, with their keys: they must exist.
    pub fn files(&self) -> Vec<(&'static str, &Path)> {
        let credentials = self.credentials.iter().flat_map(|credentials| {
            [
                ("creds_file", credentials.creds_file.as_deref()),
                ("nkey_file", credentials.nkey_file.as_deref()),
                ("token_file", credentials.token_file.as_deref()),
                ("password_file", credentials.password_file.as_deref()),
            ]
        });
        let tls = self.tls.iter().flat_map(|tls| {
            [("ca", tls.ca.as_deref()), ("cert", tls.cert.as_deref()), ("key", tls.key.as_deref())]
        });
        credentials.chain(tls).filter_map(|(key, path)| Some((key, path?))).collect()
    }
}

impl Credentials {
    fn check(&self) -> Result<(), &'static str> {
        let passwords = [self.password_file.is_some(), self.password_env.is_some()];
        let ways = [
            self.creds_file.is_some(),
            self.nkey_file.is_some(),
            self.nkey_env.is_some(),
            self.token_file.is_some(),
            self.token_env.is_some(),
            self.user.is_some() || passwords.contains(&true),
        ];
        let count = |them: &[bool]| them.iter().filter(|given| **given).count();
        match (count(&ways), self.user.is_some(), count(&passwords)) {
            (1, true, 1) | (1, false, 0) => Ok(()),
            (1, true, _) => Err("a `user` needs one of `password_file` and `password_env`"),
            (1, false, _) => Err("a password needs its `user`"),
            (0, ..) => Err("say how: `creds_file`, `nkey_file`, `token_file`, `user`, or `…_env`"),
            _ => Err("only one way to say who we are"),
        }
    }

    /// Reads the secret that the keys name.
    ///
    /// # Errors
    ///
    /// Where the file or the variable is not there.
    #[cfg_attr(not(feature = "nats"), expect(dead_code, reason = "only an engine needs it"))]
    pub(crate) fn secret(&self) -> Result<Option<Secret>, CredentialsError> {
        if let Some(creds) = read("creds_file", self.creds_file.as_deref(), "", None)? {
            // Its reader asks for the end of the last line, also where the file lacks it.
            return Ok(Some(Secret::Creds(creds + "\n")));
        }
        let nkey =
            read("nkey_file", self.nkey_file.as_deref(), "nkey_env", self.nkey_env.as_deref())?;
        if let Some(seed) = nkey {
            return Ok(Some(Secret::NKey(seed)));
        }
        let token =
            read("token_file", self.token_file.as_deref(), "token_env", self.token_env.as_deref())?;
        if let Some(token) = token {
            return Ok(Some(Secret::Token(token)));
        }
        let password = read(
            "password_file",
            self.password_file.as_deref(),
            "password_env",
            self.password_env.as_deref(),
        )?;
        Ok(self
            .user
            .clone()
            .zip(password)
            .map(|(user, password)| Secret::Password { user, password }))
    }
}

fn read(
    file_key: &'static str,
    path: Option<&Path>,
    env_key: &'static str,
    variable: Option<&str>,
) -> Result<Option<String>, CredentialsError> {
    if let Some(path) = path {
        let text = std::fs::read_to_string(path).map_err(|source| CredentialsError::File {
            key: file_key,
            path: path.to_owned(),
            source,
        })?;
        return Ok(Some(text.trim().to_owned()));
    }
    let Some(name) = variable else { return Ok(None) };
    match std::env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(_) => Err(CredentialsError::Variable { key: env_key, name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(change: impl FnOnce(&mut Nats)) -> Option<&'static str> {
        let mut nats = Nats::default();
        change(&mut nats);
        nats.check().err().map(|(key, _)| key)
    }

    #[test]
    fn what_cannot_work_is_refused_by_key() {
        assert_eq!(fault(|_| ()), None);
        assert_eq!(fault(|n| n.url = "tls://a:4222, nats://b:4222".into()), None);
        assert_eq!(fault(|n| n.url = "nats://mill:secret@a:4222".into()), Some("url"));
        assert_eq!(fault(|n| n.url = "http://a:4222".into()), Some("url"));
        assert_eq!(fault(|n| n.url = "nats://a:4222,".into()), Some("url"));
        assert_eq!(fault(|n| n.prefix = "a.b".into()), Some("prefix"));
        assert_eq!(fault(|n| n.prefix = String::new()), Some("prefix"));
        assert_eq!(fault(|n| n.replicas = 0), Some("replicas"));
        let tls = Tls { cert: Some("c".into()), ..Tls::default() };
        assert_eq!(fault(|n| n.tls = Some(tls)), Some("tls"));
    }

    #[test]
    fn credentials_are_one_way_and_whole() {
        let user = Some("mill".to_owned());
        let env = Some("NAME".to_owned());
        let ways = [
            (Credentials::default(), false),
            (Credentials { creds_file: Some("c".into()), ..Credentials::default() }, true),
            (Credentials { token_env: env.clone(), ..Credentials::default() }, true),
            (Credentials { user: user.clone(), ..Credentials::default() }, false),
            (Credentials { password_env: env.clone(), ..Credentials::default() }, false),
            (
                Credentials {
                    user: user.clone(),
                    password_env: env.clone(),
                    ..Credentials::default()
                },
                true,
            ),
            (
                Credentials {
                    user,
                    password_env: env.clone(),
                    password_file: Some("p".into()),
                    ..Credentials::default()
                },
                false,
            ),
            (
                Credentials { token_env: env.clone(), nkey_env: env, ..Credentials::default() },
                false,
            ),
        ];
        for (credentials, good) in ways {
            assert_eq!(credentials.check().is_ok(), good, "{credentials:?}");
        }
    }
}
