//! Runs the scripts of this repository.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A script by its name, without a terminal to read from.
fn command(name: &str, args: &[String]) -> Command {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts");
    let mut command = Command::new(scripts.join(name));
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs a script to its end, and gives its standard output.
///
/// # Panics
/// When it fails, with what it wrote.
pub(crate) fn run(name: &str, args: &[String]) -> String {
    let output = command(name, args).output().expect("scripts/ lies beside crates/");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/{name} {}:\n{errors}", args.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A script that keeps a server running for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Attached {
    script: Child,
    /// Kept open: what the script writes late must not end it.
    _output: BufReader<ChildStdout>,
}

impl Attached {
    /// Starts it, and gives the first line that it prints: the server's address, once the server answers.
    ///
    /// # Panics
    /// When the server cannot be started, with what the script wrote.
    pub(crate) fn start(name: &str, args: &[String]) -> (Self, String) {
        let mut errors = tempfile::tempfile().expect("a folder for temporary files");
        let mut script = command(name, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().expect("a second handle of a file"))
            .spawn()
            .expect("scripts/ lies beside crates/");
        let mut output = BufReader::new(script.stdout.take().expect("it was asked for"));
        let mut address = String::new();
        output.read_line(&mut address).expect("text from the script");
        if !address.ends_with('\n') {
            let status = script.wait().expect("the script is our child");
            panic!("scripts/{name} {} ({status}):\n{}", args.join(" "), text(&mut errors));
        }
        (Self { script, _output: output }, address.trim_end().to_owned())
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        // It cannot be said in a drop if this fails; the script has its own last word on standard error.
        let _ended = self.script.wait();
    }
}

fn text(file: &mut File) -> String {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).expect("text from the script");
    text
}
