# shellcheck shell=bash disable=SC2034 # read by the scripts
# What is built for tests, lints and documentation: everything but `tls`, which builds OpenSSL; scripts/tls.sh has it.
features=tidegate/testing,tidegate/kafka,tidegate/embedded,tidegate/json,tidegate/sqlite,tidegate/postgres,tidegate/otel,tidegate/metrics
