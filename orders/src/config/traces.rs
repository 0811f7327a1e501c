//! Where traces go: OpenTelemetry's own variables.
//!
//! Source of names, units and defaults: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use super::Secret;
use super::values::{milliseconds, not_empty, pairs, probability, receiver_address};

/// Where traces go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Traces")]
pub struct Traces {
    /// Address of the receiver of traces (OTLP over HTTP), such as http://127.0.0.1:4318; /v1/traces is added. No traces
    /// without it.
    #[arg(long)]
    pub otel_exporter_otlp_endpoint: Option<Secret>,
    /// Headers for the receiver: name=value, with commas, values percent-encoded.
    #[arg(long)]
    pub otel_exporter_otlp_headers: Option<Secret>,
    /// Longest time for one export, in milliseconds.
    #[arg(long, default_value = "10000", value_parser = milliseconds)]
    pub otel_exporter_otlp_timeout: Duration,
    /// Protocol towards the receiver.
    #[arg(long, default_value = "http/protobuf")]
    pub otel_exporter_otlp_protocol: OtlpProtocol,
    /// Name of the service in traces; SERVICE_NAME, or each service's own name, without it.
    #[arg(long, value_parser = not_empty)]
    pub otel_service_name: Option<String>,
    /// What else is said about the service: name=value, with commas, values percent-encoded.
    #[arg(long, value_parser = pairs)]
    pub otel_resource_attributes: Option<Pairs>,
    /// Which traces are exported, failures aside: those are exported always, unless it is always_off.
    #[arg(long, default_value = "parentbased_always_on")]
    pub otel_traces_sampler: TracesSampler,
    /// Share of the traces that ..traceidratio exports: from 0 to 1.
    #[arg(long, default_value_t = 1.0, value_parser = probability)]
    pub otel_traces_sampler_arg: f64,
    /// Switches traces off.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, default_value_t = false, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub otel_sdk_disabled: bool,
    /// Longest time between two exports, in milliseconds.
    #[arg(long, default_value = "5000", value_parser = milliseconds)]
    pub otel_bsp_schedule_delay: Duration,
    /// Most spans that wait for their export; what is more is lost.
    #[arg(long, default_value_t = 2_048, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub otel_bsp_max_queue_size: u32,
    /// Most spans in one export.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub otel_bsp_max_export_batch_size: u32,
}

/// Names and values.
pub type Pairs = BTreeMap<String, String>;

/// How traces are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum OtlpProtocol {
    /// Protobuf over HTTP.
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

/// Which traces are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TracesSampler {
    /// All.
    AlwaysOn,
    /// None, failures neither.
    AlwaysOff,
    /// A share of them.
    #[value(name = "traceidratio")]
    TraceIdRatio,
    /// As the caller says; without one, all.
    #[value(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// As the caller says; without one, none but failures.
    #[value(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// As the caller says; without one, a share of them.
    #[value(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

impl Traces {
    /// Where traces are sent, if they are: an address that holds no secret.
    ///
    /// # Errors
    /// What is wrong with it; without the address itself, as a password may be in it.
    pub fn receiver(&self) -> Result<Option<String>, String> {
        let Some(given) = &self.otel_exporter_otlp_endpoint else { return Ok(None) };
        let base = receiver_address(given.expose())
            .map_err(|why| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {why}"))?;
        if self.otel_sdk_disabled || self.otel_traces_sampler == TracesSampler::AlwaysOff {
            return Ok(None);
        }
        Ok(Some(format!("{}/v1/traces", base.as_str().trim_end_matches('/'))))
    }

    /// The headers for the receiver.
    ///
    /// # Errors
    /// What is wrong with them; without their values, which are secret.
    pub fn headers(&self) -> Result<Pairs, String> {
        let Some(headers) = &self.otel_exporter_otlp_headers else { return Ok(Pairs::new()) };
        let all = pairs(headers.expose()).ok().filter(|all| all.iter().all(is_header));
        all.ok_or_else(|| {
            "OTEL_EXPORTER_OTLP_HEADERS: must be name=value, with commas between, in letters that HTTP takes".into()
        })
    }

    /// What must fit together.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.otel_bsp_max_export_batch_size > self.otel_bsp_max_queue_size {
            return Err(
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE: must not be more than OTEL_BSP_MAX_QUEUE_SIZE"
                    .into(),
            );
        }
        self.receiver()?;
        self.headers().map(drop)
    }
}

fn is_header((name, value): (&String, &String)) -> bool {
    use reqwest::header::{HeaderName, HeaderValue};
    name.parse::<HeaderName>().is_ok() && value.parse::<HeaderValue>().is_ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        traces: Traces,
    }

    fn parse(args: &[&str]) -> Traces {
        Program::parse_from([&["orders"], args].concat()).traces
    }

    const ENDPOINT: &str = "--otel-exporter-otlp-endpoint=http://h:4318/";

    #[test]
    fn traces_are_sent_only_where_a_receiver_is_named_and_nothing_switches_them_off() {
        let receiver = |args: &[&str]| parse(args).receiver().unwrap();
        assert_eq!(receiver(&[]), None);
        assert_eq!(receiver(&[ENDPOINT]).as_deref(), Some("http://h:4318/v1/traces"));
        let below = receiver(&["--otel-exporter-otlp-endpoint=http://h/otel"]);
        assert_eq!(below.as_deref(), Some("http://h/otel/v1/traces"));
        assert_eq!(receiver(&[ENDPOINT, "--otel-sdk-disabled"]), None);
        assert_eq!(receiver(&[ENDPOINT, "--otel-sdk-disabled=true"]), None);
        assert_eq!(receiver(&[ENDPOINT, "--otel-traces-sampler=always_off"]), None);
    }

    #[test]
    fn headers_are_read_checked_and_never_shown() {
        let given = parse(&["--otel-exporter-otlp-headers", "authorization=Bearer%20hunter2, x=1"]);
        let headers = given.headers().unwrap();
        assert_eq!(headers["authorization"], "Bearer hunter2");
        assert_eq!(headers["x"], "1");
        assert!(!format!("{given:?}").contains("hunter2"));
        for wrong in ["hunter2", "a b=hunter2", "=hunter2", "x=hunter2%0a"] {
            let told = parse(&["--otel-exporter-otlp-headers", wrong]).check().unwrap_err();
            assert!(
                told.starts_with("OTEL_EXPORTER_OTLP_HEADERS: ") && !told.contains("hunter2"),
                "{told}"
            );
        }
    }

    #[test]
    fn an_address_is_checked_also_where_traces_are_switched_off() {
        let given = ["--otel-exporter-otlp-endpoint=http://u:hunter2@h", "--otel-sdk-disabled"];
        let told = parse(&given).check().unwrap_err();
        assert!(
            told.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: ") && !told.contains("hunter2"),
            "{told}"
        );
    }

    #[test]
    fn a_batch_fits_into_the_queue() {
        let told = parse(&["--otel-bsp-max-queue-size=10"]).check().unwrap_err();
        assert!(told.starts_with("OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "), "{told}");
    }

    #[test]
    fn samplers_have_the_standards_names() {
        for name in [
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ] {
            parse(&["--otel-traces-sampler", name]);
        }
        assert!(Program::try_parse_from(["orders", "--otel-exporter-otlp-protocol=grpc"]).is_err());
        assert!(Program::try_parse_from(["orders", "--otel-traces-sampler-arg=1.1"]).is_err());
    }
}
