//! Real servers for tests: Apache Kafka, PostgreSQL, Redis.
