//! One run of the program, with its output in files. Killed by its own id when it is dropped.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use super::{Http, PATIENCE};

/// A run of the program.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
    out: PathBuf,
    err: PathBuf,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// It ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

impl Program {
    pub(super) fn new(child: Child, port: u16, out: PathBuf, err: PathBuf) -> Self {
        Self { child, port, out, err }
    }

    /// How it ended, if it has.
    pub(super) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn producer(&self) -> Http {
        Http::new("producer", self.port)
    }

    pub(crate) fn consumer(&self) -> Http {
        Http::new("consumer", self.port + 1)
    }

    pub(crate) fn replay(&self) -> Http {
        Http::new("replay", self.port + 2)
    }

    pub(crate) fn gateway(&self) -> Http {
        Http::new("gateway", self.port + 3)
    }

    pub(crate) fn stdout(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(&self.err).unwrap()
    }

    /// Sends a signal to this process only.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own word: small images have no program of that name.
        let kill = format!("kill -s {name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success(), "{kill}");
    }

    /// Its files may grow without a limit from now on.
    pub(crate) fn give_room(&self) {
        let id = self.child.id().to_string();
        let status = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited:"]).status();
        assert!(status.unwrap().success(), "prlimit --pid {id}");
    }

    /// Ends it with no warning.
    pub(crate) async fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) -> Ended {
        self.ended_within(PATIENCE * 4).await
    }

    /// Waits for its end, and not longer than this.
    pub(crate) async fn ended_within(mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.has_ended() {
                return Ended { status, stdout: self.stdout(), stderr: self.stderr() };
            }
            assert!(Instant::now() < deadline, "still running after {limit:?}\n{}", self.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends a platform as Ctrl-C does. It must have lost sight of no record.
    pub(crate) async fn end(self) -> Ended {
        self.assert_conserved().await;
        self.stop("INT").await
    }

    /// Asks it to end, for which it has five seconds.
    pub(crate) async fn stop(self, signal: &str) -> Ended {
        self.signal(signal);
        self.ended_within(Duration::from_secs(5)).await.expect(0)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
