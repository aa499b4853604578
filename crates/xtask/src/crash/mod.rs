//! `cargo xtask crash`: nothing lost, nothing twice, under kill -9 and at every commit point.
//!
//! A folder of made pages is milled once without a break. Then it is milled again into other
//! sinks by a process that dies and is started again, until one run ends by itself. Both must have
//! left the same: the JSON Lines files sorted and without the times in them byte for byte, the
//! SQLite databases alike, the same counts, and at the webhook every record with the one
//! idempotency key that it always has.
//!
//! | | the process dies |
//! |---|---|
//! | `--kills N` | N times by SIGKILL at random moments |
//! | `--points` | once at each side of each commit point, by abort; and once more each where the call only fails |

mod hook;
mod mill;
mod points;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;

pub(crate) use self::hook::Hook;
use self::mill::{Left, Mill, write_pages};
use crate::command;

/// How much.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Die at each commit point instead of at random moments
    #[arg(long)]
    points: bool,

    /// With --points: only those whose name begins so
    #[arg(long, value_name = "NAME", requires = "points")]
    only: Option<String>,

    /// How often to kill
    #[arg(long, default_value_t = 200, conflicts_with = "points")]
    kills: usize,

    /// How many pages to mill [default: 100000, with --points 100]
    #[arg(long)]
    pages: Option<usize>,

    /// The longest work between two kills, in milliseconds [default: so that all of it together
    /// lasts about as long as the unbroken run]
    #[arg(long)]
    life: Option<u64>,

    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// A newsmill to test instead of a fresh build: release for --kills, debug for --points
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = match &args.binary {
        Some(binary) => binary.canonicalize()?,
        None => build(!args.points)?,
    };
    let place = std::env::temp_dir().join(format!("newsmill-crash-{}", std::process::id()));
    let count = args.pages.unwrap_or(if args.points { 100 } else { 100_000 });
    let pages = place.join("pages");
    write_pages(&pages, count)?;
    // Several files in either run; or one for every two records, so that a batch is many.
    let rotate = if args.points { "5kB" } else { "4MB" };

    let whole = Mill::new(&binary, &place.join("whole"), &pages, rotate)?;
    let begun = Instant::now();
    ensure!(whole.start(None)?.wait()?.success(), "the unbroken run failed: {}", whole.log());
    let unbroken = begun.elapsed();
    say(&format!("unbroken: {count} pages in {:.1} s", unbroken.as_secs_f64()))?;

    let expected = Left::of(&whole)?;
    if args.points {
        points::run(&whole, &expected, &place, args.only.as_deref().unwrap_or(""))?;
    } else {
        let broken = Mill::new(&binary, &place.join("broken"), &pages, rotate)?;
        let fitting = 2 * unbroken.as_millis() as u64 / (args.kills.max(1) as u64);
        kill(&broken, args, args.life.unwrap_or(fitting).max(20))?;
        say(&expected.compare(&Left::of(&broken)?)?)?;
    }
    std::fs::remove_dir_all(&place)?;
    say("nothing lost, nothing twice")
}

/// Builds newsmill and says where it is.
pub(crate) fn build(release: bool) -> anyhow::Result<PathBuf> {
    let words = if release { "build --release -p newsmill" } else { "build -p newsmill" };
    command::step("build", command::command("cargo", words.split(' ')))?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::root().join("target"), PathBuf::from);
    Ok(target.join(if release { "release" } else { "debug" }).join("newsmill"))
}

/// Kills the mill at random moments, and lets the last run end by itself. Three lives of four are
/// counted from the first thing that they deliver, so that the kill meets work; the others from
/// their start.
fn kill(broken: &Mill, args: &Args, life: u64) -> anyhow::Result<()> {
    let mut chance = Chance(args.seed);
    let (mut kills, mut ended, mut at_work) = (0, 0, 0);
    loop {
        let before = broken.written();
        let mut process = broken.start(None)?;
        let mut begun = (chance.below(4) == 0).then(Instant::now);
        let life = Duration::from_millis(chance.below(life));
        let done = loop {
            if let Some(status) = process.try_wait()? {
                ensure!(status.success(), "a run failed by itself: {}", broken.log());
                break true;
            }
            if begun.is_none() && broken.written() != before {
                begun = Some(Instant::now());
            }
            if kills < args.kills && begun.is_some_and(|begun| begun.elapsed() >= life) {
                process.kill()?;
                process.wait()?;
                break false;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        kills += usize::from(!done);
        ended += usize::from(done);
        at_work += usize::from(!done && broken.written() != before);
        if done && kills >= args.kills {
            say(&format!("broken: {kills} kills, {at_work} of them after something was written"))?;
            ensure!(at_work * 2 >= kills, "too few kills met work: more pages");
            return Ok(());
        }
        ensure!(
            ended <= args.kills,
            "all was milled after {kills} kills: more pages, shorter lives"
        );
    }
}

/// SplitMix64 (Steele et al. 2014): the same moments for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}
