//! A Prometheus that asks a platform every two seconds, and watches the rules of this tree.

use serde_json::{Value, json};
use test_servers::LocalPrometheus;

use crate::boards::known::SERVICES;
use crate::boards::rules;
use crate::harness::{Http, Program};
use crate::tree::root;

/// See the module.
#[derive(Debug)]
pub(crate) struct Scraped {
    http: Http,
    _server: LocalPrometheus,
}

/// `deploy/prometheus.yml` for a platform on this machine, and every two seconds: nobody waits for a minute in a
/// test. Not quicker: a scrape may wait a second for lag and stores.
fn config(up: &Program) -> Value {
    let mut config = rules::yaml("deploy/prometheus.yml");
    config["global"] =
        json!({"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"});
    let rules = config["rule_files"][0].as_str().unwrap();
    config["rule_files"] = json!([root().canonicalize().unwrap().join("deploy").join(rules)]);
    let jobs = config["scrape_configs"].as_array_mut().unwrap();
    jobs.retain(|job| SERVICES.iter().any(|service| job["job_name"] == *service));
    for (job, port) in jobs.iter_mut().zip(up.port..) {
        job["static_configs"][0]["targets"] = json!([format!("127.0.0.1:{port}")]);
    }
    config
}

/// Everything but letters and digits as `%XX`.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

impl Scraped {
    pub(crate) fn start(up: &Program) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prometheus.yml");
        // JSON is YAML.
        std::fs::write(&file, config(up).to_string()).unwrap();
        let server = LocalPrometheus::with_config(&file);
        let port = server.url().rsplit(':').next().unwrap().parse().unwrap();
        Self { http: Http::new("Prometheus", port), _server: server }
    }

    async fn data(&self, path: &str) -> Value {
        let answer = self.http.get(path).await.expect(200);
        answer.body["data"].clone()
    }

    /// The numbers that a query gives now: none where it gives nothing, or nothing that is a number.
    pub(crate) async fn ask(&self, query: &str) -> Vec<f64> {
        let data = self.data(&format!("/api/v1/query?query={}", encoded(query))).await;
        let series = data["result"].as_array().unwrap().iter();
        let numbers = series.map(|one| one["value"][1].as_str().unwrap().parse::<f64>().unwrap());
        numbers.filter(|number| !number.is_nan()).collect()
    }

    /// All rules, as they were evaluated last.
    pub(crate) async fn rules(&self) -> Vec<Value> {
        let data = self.data("/api/v1/rules").await;
        let groups = data["groups"].as_array().unwrap().iter();
        groups.flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
    }

    /// The services that are asked, each with what the last time ended with; empty: well.
    pub(crate) async fn targets(&self) -> Vec<(String, String)> {
        let data = self.data("/api/v1/targets").await;
        let targets = data["activeTargets"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        targets
            .map(|one| {
                (text(&one["labels"]["job"]), text(&one["health"]) + &text(&one["lastError"]))
            })
            .collect()
    }
}
