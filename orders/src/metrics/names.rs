//! Every metric of the system's own, beside the framework's ([`tidegate::metrics::names`]): name, kind, labels and
//! meaning, in one place. `docs/metrics.md` is made from both.
//!
//! Labels take values of a closed set: words that stand in this program, routes as they are declared, statuses that it
//! answers with, its topics. Never an id, a key or a text.

use tidegate::metrics::names::{Described, Kind};

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Described =
                Described::new($name, Kind::$kind, &[$($label),*], $help);
        )*
        /// All of them, in the order of the documentation.
        pub const ALL: &[Described] = &[$($constant),*];
    };
}

metrics! {
    // --- HTTP
    HTTP_DURATION = Histogram "http_server_request_duration_seconds" ["service", "method", "route", "status"] "From a request's head to its answer's. The route as it is declared, or unmatched; the status, or none when the client went away before the answer. Without /metrics itself.";
    HTTP_ACTIVE = Gauge "http_server_active_requests" ["service"] "Requests that are being answered, without /metrics itself.";

    // --- orders
    ACCEPTED = Counter "orders_accepted_total" [] "Orders that were answered with 202: the broker has acknowledged them. Those of a batch count one by one.";
    REFUSED = Counter "orders_refused_total" ["reason"] "Orders that were not: malformed (the request, of unknown content), invalid (the order), too_large, unavailable (certainly not in the log), unconfirmed (it may be).";
    CHARGES = Counter "orders_charges_total" ["kind"] "Charges that were requested of the gateway, and that it performed, since its start.";

    // --- the process
    BUILD_INFO = Gauge "orders_build_info" ["version"] "1; which version runs.";
    CPU = Counter "process_cpu_seconds_total" [] "Time on processors, the process's own and the system's for it.";
    MEMORY = Gauge "process_resident_memory_bytes" [] "Memory that is in use.";
    STARTED = Gauge "process_start_time_seconds" [] "When the process was started, in seconds since 1970.";
    OPEN_FILES = Gauge "process_open_fds" [] "Files and sockets that are open.";
}
