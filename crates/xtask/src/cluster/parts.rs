//! The parts of a cluster on one machine: servers, processes, pages, and what they have come to.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use newsmill_link::testing::{Server, free_port};

use super::super::command::command;

/// How long anything may take that must happen.
const PATIENCE: Duration = Duration::from_secs(600);

/// What kind of cluster.
pub(super) struct Options {
    /// NATS servers; above 2, each message is kept three times.
    pub(super) nodes: usize,
    /// Lines under `summarizer:`, indented; none for the default.
    pub(super) summarizer: String,
    /// Each server in a network namespace of its own, and its messages on a small disk, where we
    /// are root.
    pub(super) apart: bool,
}

/// Servers and processes; all of them end with this.
pub(super) struct Cluster {
    binary: PathBuf,
    folder: PathBuf,
    pub(super) nodes: Vec<Node>,
    processes: Vec<Process>,
    started: usize,
    written: usize,
    network: Option<Network>,
}

/// One NATS server.
pub(super) struct Node {
    pub(super) server: Server,
    /// Where it tells of itself.
    monitor: String,
    /// Whether its folder is a file system of its own.
    disk: bool,
}

struct Process {
    name: String,
    stages: &'static str,
    child: Child,
}

/// Where the ledger's entries stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) entries: u64,
    pub(super) delivered: u64,
    pub(super) handed_off: u64,
    pub(super) due: u64,
}

impl Cluster {
    pub(super) fn new(binary: &Path, options: &Options) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("newsmill-cluster-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("pages"))?;
        let network = if options.apart { Network::lay(options.nodes)? } else { None };
        let hosts: Vec<String> = (0..options.nodes)
            .map(|number| match &network {
                Some(network) => network.address(number),
                None => "127.0.0.1".to_owned(),
            })
            .collect();
        let mut nodes = Vec::new();
        let servers = servers(&folder, &hosts, options.nodes)?;
        for (number, (mut server, monitor)) in servers.into_iter().enumerate() {
            if let Some(network) = &network {
                server.inside(&["ip", "netns", "exec", &network.name(number)]);
            }
            let disk = options.apart && small_disk(server.folder())?;
            server.run()?;
            nodes.push(Node { server, monitor, disk });
        }
        let urls: Vec<String> = nodes.iter().map(|node| node.server.url()).collect();
        let replicas = if options.nodes >= 3 { 3 } else { 1 };
        let yaml = format!(
            "sources:\n  - name: pages\n    folder: {folder}/pages\n    every: {{ min: 1s, max: 2s }}\n\
             summarizer:\n  sentences: 3\n{summarizer}\
             sinks:\n  - jsonl: {{ path: news.jsonl }}\n  - sqlite: {{ path: news.sqlite }}\n\
             ledger:\n  path: ledger.db\n\
             link:\n  nats:\n    url: {urls}\n    replicas: {replicas}\n",
            folder = folder.display(),
            summarizer = options.summarizer,
            urls = urls.join(","),
        );
        std::fs::write(folder.join("pipeline.yaml"), yaml)?;
        let binary = binary.to_owned();
        Ok(Self { binary, folder, nodes, processes: Vec::new(), started: 0, written: 0, network })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the process with the ledger.
    pub(super) fn owner(&mut self) -> anyhow::Result<()> {
        self.start("sink")
    }

    /// Starts one more process with these stages.
    pub(super) fn start(&mut self, stages: &'static str) -> anyhow::Result<()> {
        let name = format!("{}-{}", stages.split(',').next().unwrap_or(stages), self.started);
        self.started += 1;
        let log = std::fs::File::create(self.folder.join(format!("{name}.log")))?;
        let child = Command::new(&self.binary)
            .args(["run", "pipeline.yaml", "--stages", stages])
            .current_dir(&self.folder)
            .env("RUST_LOG", "info,newsmill_pipeline::stages=warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start newsmill")?;
        self.processes.push(Process { name, stages, child });
        Ok(())
    }

    /// `kill -9` of one process with these stages; tells which.
    pub(super) fn kill(&mut self, stages: &str) -> anyhow::Result<String> {
        let place = self.place(stages)?;
        let mut process = self.processes.remove(place);
        process.child.kill()?;
        process.child.wait()?;
        Ok(process.name)
    }

    /// Stops one process with these stages where it is, or lets it go on.
    pub(super) fn freeze(&self, stages: &str, stop: bool) -> anyhow::Result<()> {
        let place = self.place(stages)?;
        signal(self.processes[place].child.id(), if stop { "-STOP" } else { "-CONT" })
    }

    fn place(&self, stages: &str) -> anyhow::Result<usize> {
        let place = self.processes.iter().position(|process| process.stages == stages);
        place.with_context(|| format!("no process runs {stages}"))
    }

    /// Names and numbers of all processes.
    pub(super) fn processes(&self) -> Vec<(String, u32)> {
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.filter_map(|(n, node)| Some((format!("nats-{n}"), node.server.pid()?)));
        let ours = self.processes.iter().map(|p| (p.name.clone(), p.child.id()));
        nodes.chain(ours).collect()
    }

    /// Fails when a process has ended that nobody killed.
    pub(super) fn all_alive(&mut self) -> anyhow::Result<()> {
        for process in &mut self.processes {
            if let Some(status) = process.child.try_wait()? {
                let log = self.folder.join(format!("{}.log", process.name));
                let log = std::fs::read_to_string(log).unwrap_or_default();
                let end: Vec<&str> = log.lines().rev().take(5).collect();
                bail!("{} ended with {status}:\n{}", process.name, end.join("\n"));
            }
        }
        Ok(())
    }

    /// Ends all processes with SIGTERM and waits for them.
    pub(super) fn end(&mut self) -> anyhow::Result<()> {
        for process in &self.processes {
            signal(process.child.id(), "-TERM")?;
        }
        for mut process in self.processes.drain(..) {
            let status = process.child.wait()?;
            ensure!(status.success(), "{} ended with {status}", process.name);
        }
        Ok(())
    }

    /// Writes so many more pages.
    pub(super) fn write_pages(&mut self, count: usize) -> anyhow::Result<()> {
        for number in self.written..self.written + count {
            let shelf = self.folder.join("pages").join(format!("{:03}", number / 1000));
            std::fs::create_dir_all(&shelf)?;
            // Under another name first: a page that is half written is another page.
            let (page, part) = (shelf.join(format!("{number:06}.html")), shelf.join(".part"));
            std::fs::write(&part, made_page(number))?;
            std::fs::rename(part, page)?;
        }
        self.written += count;
        Ok(())
    }

    pub(super) fn count(&self) -> anyhow::Result<Count> {
        let out = Command::new(&self.binary)
            .args(["status", "--json", "--ledger", "ledger.db"])
            .current_dir(&self.folder)
            .output()?;
        let status: serde_json::Value = serde_json::from_slice(&out.stdout)
            .with_context(|| String::from_utf8_lossy(&out.stderr).into_owned())?;
        let count = |name: &str| status[name].as_u64().unwrap_or(0);
        Ok(Count {
            entries: count("entries"),
            delivered: count("delivered"),
            handed_off: count("handed_off"),
            due: count("waiting"),
        })
    }

    /// Waits until so many are delivered, and says how long it took.
    pub(super) fn wait_for(&mut self, delivered: usize) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        loop {
            self.all_alive()?;
            let count = self.count()?;
            if count.delivered >= delivered as u64 {
                return Ok(begun.elapsed());
            }
            ensure!(begun.elapsed() < PATIENCE, "no end in sight: {count:?}, wanted {delivered}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The server that leads the stream of this channel.
    pub(super) fn leader(&self, channel: &str) -> anyhow::Result<usize> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            for node in &self.nodes {
                let Ok(report) = node.report("/jsz?streams=1") else { continue };
                let streams = report["account_details"][0]["stream_detail"].as_array();
                let stream = streams
                    .into_iter()
                    .flatten()
                    .find(|stream| stream["name"].as_str() == Some(&format!("newsmill_{channel}")));
                let leader = stream.and_then(|stream| stream["cluster"]["leader"].as_str());
                let number = leader.and_then(|name| name.strip_prefix('n')?.parse().ok());
                if let Some(number) = number {
                    return Ok(number);
                }
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        bail!("no server leads newsmill_{channel}")
    }

    /// Cuts a server off from everything, or joins it again: its network where it has one of its
    /// own, else the process is stopped.
    pub(super) fn cut(&self, node: usize, off: bool) -> anyhow::Result<()> {
        match &self.network {
            Some(network) => network.cut(node, off),
            None => {
                let pid = self.nodes[node].server.pid().context("the server does not run")?;
                signal(pid, if off { "-STOP" } else { "-CONT" })
            }
        }
    }

    pub(super) fn has_network(&self) -> bool {
        self.network.is_some()
    }

    /// The lines of the JSON Lines file.
    pub(super) fn records(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let file = std::fs::File::open(self.folder.join("news.jsonl"))?;
        BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // It may have ended.
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
        for node in &mut self.nodes {
            node.server.kill();
            if node.disk {
                let _ = Command::new("umount").arg(node.server.folder()).status();
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Node {
    /// What its monitor says.
    fn report(&self, path: &str) -> anyhow::Result<serde_json::Value> {
        let mut stream = TcpStream::connect(&self.monitor)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").context("no answer")?.1;
        Ok(serde_json::from_str(body)?)
    }

    /// Fills its disk but for nothing, or makes room again. `false` where it has no disk of its
    /// own.
    pub(super) fn fill(&self, full: bool) -> anyhow::Result<bool> {
        if !self.disk {
            return Ok(false);
        }
        let junk = self.server.folder().join("junk");
        if full {
            let mut file = std::fs::File::create(&junk)?;
            let block = vec![0; 1 << 20];
            while file.write_all(&block).is_ok() {}
        } else {
            std::fs::remove_file(&junk)?;
        }
        Ok(true)
    }
}

fn servers(folder: &Path, hosts: &[String], count: usize) -> anyhow::Result<Vec<(Server, String)>> {
    let ports = (0..count).map(|_| Ok((free_port()?, free_port()?, free_port()?)));
    let ports = ports.collect::<std::io::Result<Vec<_>>>()?;
    let routes = hosts.iter().zip(&ports);
    let routes: Vec<String> =
        routes.map(|(host, (_, route, _))| format!("\"nats://{host}:{route}\"")).collect();
    let mut servers = Vec::new();
    for (number, (host, (client, route, monitor))) in hosts.iter().zip(&ports).enumerate() {
        let monitor = format!("{host}:{monitor}");
        let mut more = format!("http: \"{monitor}\"\n");
        if count > 1 {
            let _ = write!(
                more,
                "cluster {{ name: newsmill, listen: \"{host}:{route}\", routes: [{}] }}",
                routes.join(", ")
            );
        }
        let place = folder.join(format!("n{number}"));
        servers.push((Server::prepare(place, host, *client, &more)?, monitor));
    }
    Ok(servers)
}

/// Size of the disk of one server.
const DISK: &str = "size=192m";

/// Mounts a small file system on the folder, keeping what is in it. `false` where we may not.
fn small_disk(folder: &Path) -> anyhow::Result<bool> {
    let config = std::fs::read(folder.join("nats.conf"))?;
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", DISK, "newsmill"]).arg(folder).stderr(Stdio::null());
    if !mount.status()?.success() {
        return Ok(false);
    }
    std::fs::write(folder.join("nats.conf"), config)?;
    Ok(true)
}

/// A bridge and a network namespace for each server: links that can be cut while both ends live.
struct Network {
    tag: String,
    nodes: usize,
}

impl Network {
    /// Lays it. `None` where we may not, or there is no `ip`.
    fn lay(nodes: usize) -> anyhow::Result<Option<Self>> {
        let network = Self { tag: format!("nm{}", std::process::id() % 100_000), nodes };
        let tag = &network.tag;
        if !ip(&format!("link add {tag} type bridge")) {
            return Ok(None);
        }
        let mut good =
            ip(&format!("addr add 10.77.0.1/24 dev {tag}")) && ip(&format!("link set {tag} up"));
        for node in 0..nodes {
            let (name, address) = (network.name(node), network.address(node));
            for words in [
                format!("netns add {name}"),
                format!("link add {name} type veth peer name eth0 netns {name}"),
                format!("link set {name} master {tag} up"),
                format!("-n {name} addr add {address}/24 dev eth0"),
                format!("-n {name} link set eth0 up"),
                format!("-n {name} link set lo up"),
            ] {
                good = good && ip(&words);
            }
        }
        Ok(good.then_some(network))
    }

    fn name(&self, node: usize) -> String {
        format!("{}n{node}", self.tag)
    }

    fn address(&self, node: usize) -> String {
        format!("10.77.0.{}", node + 10)
    }

    /// Takes the cable out, or puts it in.
    fn cut(&self, node: usize, off: bool) -> anyhow::Result<()> {
        let state = if off { "down" } else { "up" };
        ensure!(ip(&format!("link set {} {state}", self.name(node))), "cannot cut a link");
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for node in 0..self.nodes {
            ip(&format!("netns del {}", self.name(node)));
        }
        ip(&format!("link del {}", self.tag));
    }
}

fn ip(words: &str) -> bool {
    let mut ip = command("ip", words.split_whitespace());
    ip.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn signal(pid: u32, name: &str) -> anyhow::Result<()> {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status()?;
    ensure!(sent.success(), "cannot send {name} to {pid}");
    Ok(())
}

fn made_page(number: usize) -> String {
    let mut html = format!(
        "<!doctype html><html lang=en><head><title>Bridge {number} opens</title>\
         <link rel=canonical href=https://example.org/{number}></head><body><article>\
         <h1>Bridge {number} opens</h1>"
    );
    for paragraph in 0..4 {
        // Writing to a String cannot fail.
        let _ = write!(
            html,
            "<p>Bridge number {number} opened on day {paragraph} after {} years of work, and the \
             mayor of town {} said that she had crossed it on foot before anybody else did, with \
             {} people behind her.</p>",
            number % 37 + 2,
            number * 7 + paragraph,
            number % 101 + 3
        );
    }
    html.push_str("</article></body></html>");
    html
}

pub(super) fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}
