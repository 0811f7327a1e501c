# syntax=docker/dockerfile:1
# The services in one image: `docker run orders:0.1.0 --help`. With TLS towards Kafka.

FROM rust:1.95-slim-trixie AS build
# librdkafka is built with make, OpenSSL with make and perl.
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ make perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY examples examples
COPY orders orders
COPY scripts/sample-data.json scripts/
# What cargo downloads and builds stays in caches between builds: a change of our code compiles our code only.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p orders --features tls \
    && cp target/release/orders /usr/local/bin/orders

FROM debian:13.1-slim
RUN useradd --system --uid 10001 --no-create-home orders \
    && install -d -o orders -g orders /data
COPY --from=build /usr/local/bin/orders /usr/local/bin/orders
COPY scripts/healthy /usr/local/bin/healthy
USER orders
WORKDIR /data
ENV DATA_DIR=/data
EXPOSE 8090 8091 8092 8093
# `docker stop` sends SIGTERM, which ends a service as Ctrl-C does.
STOPSIGNAL SIGTERM
ENTRYPOINT ["orders"]
CMD ["--help"]
