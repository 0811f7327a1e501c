//! What to start, and in which surroundings.

use std::ffi::OsString;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ports::four_free_ports;
use super::{Ended, Http, Program, eventually};

/// What to start, and in which surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    folder: PathBuf,
    pub(crate) port: u16,
    arguments: Vec<OsString>,
    variables: Vec<(String, String)>,
    /// Run by this shell line, in which `"$@"` is the program.
    shell: Option<String>,
}

impl Setup {
    /// A platform in a folder: fast retries, everything else as delivered.
    pub(crate) fn up(folder: &Path) -> Self {
        Self::orders(folder, &["up"])
            .variable("RETRY_INITIAL_INTERVAL", "50ms")
            .variable("RETRY_MAX_INTERVAL", "200ms")
    }

    /// Any command of the program.
    pub(crate) fn orders(folder: &Path, arguments: &[&str]) -> Self {
        Self {
            folder: folder.to_owned(),
            port: four_free_ports(),
            arguments: arguments.iter().map(OsString::from).collect(),
            variables: Vec::new(),
            shell: None,
        }
    }

    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn at_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    pub(crate) fn in_shell(self, line: &str) -> Self {
        Self { shell: Some(line.to_owned()), ..self }
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_orders");
        let mut command = match &self.shell {
            None => Command::new(program),
            Some(line) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", line, "sh", program]);
                shell
            }
        };
        // The developer's own settings must not leak in.
        command.env_clear().current_dir(&self.folder).stdin(Stdio::null()).args(&self.arguments);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HTTP_PORT", self.port.to_string());
        command.env("DATA_DIR", self.folder.join("data"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it.
    pub(crate) fn start(&self) -> Program {
        let file = |name: &str| {
            let unique = uuid::Uuid::now_v7();
            let path = self.folder.join(format!("{unique}.{name}"));
            (File::create(&path).unwrap(), path)
        };
        let (stdout, out) = file("stdout");
        let (stderr, err) = file("stderr");
        let mut command = self.command();
        let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        Program::new(child, self.port, out, err)
    }

    /// Starts a platform, and waits until all of its services are ready.
    pub(crate) async fn ready(&self) -> Program {
        self.ready_at(0..4).await
    }

    /// Starts it, and waits until the services at these ports, counted from its first, are ready.
    pub(crate) async fn ready_at(&self, services: Range<u16>) -> Program {
        let mut up = self.start();
        for service in services {
            let http = Http::new("a service", self.port + service);
            eventually(&format!("port {} is ready", self.port + service), async || {
                let ended = up.has_ended();
                assert!(ended.is_none(), "it ended: {ended:?}\n{}", up.stderr());
                let path = if service == 3 { "/health" } else { "/ready" };
                let answer = http.try_send(http.request("GET", path)).await?;
                (answer.status == 200).then_some(())
            })
            .await;
        }
        up
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self) -> Ended {
        self.start().ended().await
    }
}
