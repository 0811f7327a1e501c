//! What the system says of this process. On Linux only: elsewhere these metrics are absent.

use std::fmt;
use std::fs;
use std::sync::OnceLock;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::names;
use super::write::write_one;

/// Read when it is asked for.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (encoder, times) = (&mut encoder, Times::now());
        let cpu = times.map(|times| ConstCounter::new(times.cpu));
        let started = began().map(ConstGauge::new);
        write_one(encoder, &names::CPU, cpu)?;
        write_one(encoder, &names::MEMORY, memory().map(ConstGauge::new))?;
        write_one(encoder, &names::STARTED, started)?;
        write_one(encoder, &names::OPEN_FILES, open_files().map(ConstGauge::new))
    }
}

/// In seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Times {
    cpu: f64,
    /// From the system's start to the process's.
    after_boot: f64,
}

impl Times {
    fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/self/stat").ok()?, ticks())
    }

    /// The fields of `stat`; they are counted from behind the program's name, which may hold anything.
    fn read(stat: &str, ticks: f64) -> Option<Self> {
        let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
        // `man proc` counts from 1, with two fields in front of these.
        let seconds = |number: usize| Some(fields.get(number - 3)?.parse::<f64>().ok()? / ticks);
        Some(Self { cpu: seconds(14)? + seconds(15)?, after_boot: seconds(22)? })
    }

    fn started(self) -> Option<f64> {
        let system = fs::read_to_string("/proc/stat").ok()?;
        let boot = system.lines().find_map(|line| line.strip_prefix("btime "))?;
        Some(boot.trim().parse::<f64>().ok()? + self.after_boot)
    }
}

/// When the process began. Asked once: the system works out its own start anew each time, and a second more or less would count as
/// another start of the process.
fn began() -> Option<f64> {
    static BEGAN: OnceLock<f64> = OnceLock::new();
    let known = BEGAN.get().copied();
    // What could not be read now may be read the next time.
    known.or_else(|| Times::now()?.started().map(|began| *BEGAN.get_or_init(|| began)))
}

/// The auxiliary vector's key for the number of ticks.
const AT_CLKTCK: usize = 17;
/// On all of Linux' platforms, where it does not say.
const USUAL_TICKS: f64 = 100.0;

/// The system's clock ticks in a second. `sysconf` would be unsafe code.
fn ticks() -> f64 {
    let vector = fs::read("/proc/self/auxv").unwrap_or_default();
    let words = vector
        .chunks_exact(size_of::<usize>())
        .map(|word| usize::from_ne_bytes(word.try_into().expect("a chunk is a word")));
    let words: Vec<_> = words.collect();
    let said = words.chunks_exact(2).find(|pair| pair[0] == AT_CLKTCK);
    said.map(|pair| pair[1] as f64).filter(|ticks| *ticks > 0.0).unwrap_or(USUAL_TICKS)
}

fn memory() -> Option<u64> {
    resident(&fs::read_to_string("/proc/self/status").ok()?)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}

/// Without the folder itself, which is open while it is listed.
fn open_files() -> Option<u64> {
    let listed = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    listed.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_may_hold_anything() {
        let rest = "S 1 1 1 0 -1 4 102 0 0 0 250 50 0 0 20 0 1 0 81551 3133440 388";
        for name in ["orders", "a b", ") 9 9 (x"] {
            let times = Times::read(&format!("7 ({name}) {rest}"), 100.0);
            assert_eq!(times, Some(Times { cpu: 3.0, after_boot: 815.51 }), "{name}");
        }
        for stat in ["", "7 (orders)", "7 (orders) S 1 1", "7 (orders) S a b c"] {
            assert_eq!(Times::read(stat, 100.0), None, "{stat}");
        }
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    2140 kB\nVmData: 1 kB\n"), Some(2140 * 1024));
        for status in ["", "VmRSS:\t2140\n", "VmRSS:\t18446744073709551615 kB\n"] {
            assert_eq!(resident(status), None, "{status}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_as_the_system_says() {
        let times = Times::now().unwrap();
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
        let age = now - began().unwrap();
        // The system's own start is known to the second.
        assert!((-1.0..86_400.0).contains(&age), "started {age} s ago");
        assert_eq!(began(), began());
        assert!(memory().unwrap() > 1 << 20 && ticks() >= 1.0);

        let files: Vec<_> = (0..50).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        assert!(open_files().unwrap() >= files.len() as u64);
        drop(files);
        // Work shows, and only that.
        let spent = || Times::now().unwrap().cpu - times.cpu;
        assert!(spent() >= 0.0);
        while spent() < 0.05 {
            std::hint::black_box((0..100_000_u64).sum::<u64>());
        }
    }
}
