//! The members' processes: started, signalled and awaited one by one, by their ids.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::ledger::{Ledger, What};
use crate::member::{HOW, How};

/// How long a process may take to do what a signal says.
const PATIENCE: Duration = Duration::from_secs(30);

/// Those that live, the oldest first. Whoever is left when it is dropped is killed.
#[derive(Debug, Default)]
pub(crate) struct Fleet(Vec<Child>);

impl Fleet {
    /// Starts one more, and gives its process id.
    pub(crate) fn join(&mut self, how: &How, ledger: &Ledger) -> u32 {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(HOW, serde_json::to_string(how).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        self.0.push(child);
        ledger.write(pid, What::Came);
        pid
    }

    pub(crate) fn oldest(&self) -> u32 {
        self.0[0].id()
    }

    pub(crate) fn has(&self, pid: u32) -> bool {
        self.0.iter().any(|child| child.id() == pid)
    }

    pub(crate) fn all(&self) -> Vec<u32> {
        self.0.iter().map(Child::id).collect()
    }

    /// SIGTERM: it drains, commits, leaves, and ends as a program that succeeded.
    pub(crate) fn leave(&mut self, pid: u32, ledger: &Ledger) {
        ledger.write(pid, What::Leaving);
        signal(pid, "TERM");
        let status = self.wait(pid);
        assert!(status.success(), "{pid} did not leave in order: {status}");
        ledger.write(pid, What::Left);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, pid: u32, ledger: &Ledger) {
        self.at(pid).kill().unwrap();
        let status = self.wait(pid);
        assert_eq!(status.signal(), Some(9), "{pid} ended otherwise: {status}");
        ledger.write(pid, What::Killed);
    }

    /// SIGSTOP: written down when all its threads stand still.
    pub(crate) fn stop(&self, pid: u32, ledger: &Ledger) {
        signal(pid, "STOP");
        let deadline = Instant::now() + PATIENCE;
        while !stands_still(pid) {
            assert!(Instant::now() < deadline, "{pid} does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
        ledger.write(pid, What::Stopped);
    }

    /// SIGCONT: written down before, so that whatever the member does comes after.
    pub(crate) fn go_on(&self, pid: u32, ledger: &Ledger) {
        assert!(stands_still(pid), "{pid} was not stopped to the end");
        ledger.write(pid, What::Continued);
        signal(pid, "CONT");
    }

    /// # Panics
    /// When one has ended by itself.
    pub(crate) fn assert_alive(&mut self) {
        for child in &mut self.0 {
            let ended = child.try_wait().unwrap();
            assert_eq!(ended, None, "{} ended by itself", child.id());
        }
    }

    fn at(&mut self, pid: u32) -> &mut Child {
        self.0.iter_mut().find(|child| child.id() == pid).expect("one of ours")
    }

    fn wait(&mut self, pid: u32) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.at(pid).try_wait().unwrap() {
                self.0.retain(|child| child.id() != pid);
                return status;
            }
            assert!(Instant::now() < deadline, "{pid} does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that is gone already cannot be killed, and need not.
            let _killed = child.kill();
            let _status = child.wait();
        }
    }
}

fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -s {name} {pid}: {status}");
}

/// Whether the process is in the state that SIGSTOP leaves it in.
fn stands_still(pid: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    output.stdout.trim_ascii_start().first() == Some(&b'T')
}
