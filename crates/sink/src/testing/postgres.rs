//! A PostgreSQL server of the tests' own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Starts a server in a folder of its own, prints the folder, and stops when its input ends: also
/// when the tests are killed.
const SCRIPT: &str = r#"
set -e
PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')"
dir=$(mktemp -d)
cd "$dir"
port="$NEWSMILL_PORT"
(umask 077; printf '%s' "$NEWSMILL_KEY" >"$dir/key"; printf '%s' "$NEWSMILL_CERT" >"$dir/cert")
initdb -D "$dir/data" -U newsmill -A trust -E UTF8 --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
pg_ctl -D "$dir/data" -w -t 120 -l "$dir/log" -o "-k $dir -p $port -c listen_addresses=127.0.0.1 -c ssl=on -c ssl_key_file=$dir/key -c ssl_cert_file=$dir/cert -c fsync=off" start >/dev/null 2>&1 || { cat "$dir/log" >&2; exit 1; }
echo "$dir"
cat >/dev/null
pg_ctl -D "$dir/data" -m immediate stop >/dev/null 2>&1
cd /
rm -rf "$dir"
"#;

/// One server for all tests of a process.
#[derive(Debug)]
pub(crate) struct Server {
    folder: PathBuf,
    /// On loopback.
    pub(crate) port: u16,
    /// The certificate that it signed itself for `localhost`, as PEM.
    pub(crate) certificate: String,
    /// Its input ends with this process.
    _script: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static TABLES: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// The server, started when first asked for.
    ///
    /// # Panics
    ///
    /// When there is no PostgreSQL: these tests are never skipped.
    pub(crate) fn get() -> &'static Self {
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
        let mut command = if root {
            // It refuses to run as root.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh", "-c", SCRIPT]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", SCRIPT]);
            command
        };
        // Free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = signed.cert.pem();
        command.env("NEWSMILL_PORT", port.to_string());
        command.env("NEWSMILL_CERT", &certificate);
        command.env("NEWSMILL_KEY", signed.signing_key.serialize_pem());
        // The temporary folder must be one that the other user can write to.
        command.env("TMPDIR", "/tmp").current_dir("/");
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut folder = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut folder).unwrap();
        assert!(
            !folder.trim().is_empty(),
            "no PostgreSQL server could be started; `cargo xtask setup` installs one"
        );
        Self { folder: folder.trim().into(), port, certificate, _script: script }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// A connection string over the socket.
    pub(crate) fn url(&self) -> String {
        let folder = self.folder.display();
        format!("host={folder} port={} user=newsmill dbname=postgres", self.port)
    }

    /// The name of a table that no other test uses.
    pub(crate) fn table() -> String {
        format!("news_{}", TABLES.fetch_add(1, Ordering::Relaxed))
    }

    /// A connection past the sink.
    pub(crate) async fn connect(&self) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(&self.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}
