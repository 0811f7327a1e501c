//! A filled log in a folder of its own.

use tempfile::TempDir;
use tidegate::broker::Broker;

use crate::common::{Ran, fill, program, run};

pub(crate) struct Log(TempDir);

impl Log {
    /// With `common::fill` in it.
    pub(crate) fn filled() -> Self {
        let log = Self::empty();
        block_on(async {
            let broker = Broker::embedded(log.folder()).unwrap();
            fill(&broker).await;
            broker.close().await;
        });
        log
    }

    /// With nothing in it.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        drop(Broker::embedded(folder.path()).unwrap());
        Self(folder)
    }

    pub(crate) fn folder(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    /// Runs the program on it.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        run(&[args, &["--data-dir", self.folder()]].concat())
    }

    /// The bytes on stdout, of a run that went well.
    pub(crate) fn bytes(&self, args: &[&str]) -> Vec<u8> {
        let output = program(&[args, &["--data-dir", self.folder()]].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}
