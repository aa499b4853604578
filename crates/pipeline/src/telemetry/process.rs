//! What the kernel says of this process (`proc(5)`); nothing on other systems.

/// A reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    /// Memory in use, in bytes.
    pub resident: u64,
    /// User and system time, in seconds.
    pub cpu: f64,
    /// Threads.
    pub threads: u64,
    /// Open files, sockets included.
    pub files: u64,
}

/// Ticks of `/proc/*/stat` in a second: fixed by Linux's interface to programs (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Reads what there is to read now.
pub fn read() -> Option<Process> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; what follows are numbers, utime the 12th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    #[expect(clippy::cast_precision_loss, reason = "a time for people")]
    let cpu = ticks as f64 / TICKS;
    Some(Process {
        resident: number("VmRSS:")? * 1024,
        cpu,
        threads: number("Threads:")?,
        files: u64::try_from(files).unwrap_or(0),
    })
}
