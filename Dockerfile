# One binary, and as little as it needs beside it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# A full release of the query engine takes long to build; --build-arg PROFILE=dev takes a fraction.
ARG PROFILE=release
RUN cargo build --locked --package foreshadow --profile "$PROFILE" --target-dir /build \
 && install -D /build/*/foreshadow /out/foreshadow

FROM debian:bookworm-slim
# The authorities by which certificates are checked, and the TLS of Kafka's client.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libssl3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home foreshadow \
 && install -d -o foreshadow -g foreshadow /data
COPY --from=build /out/foreshadow /usr/local/bin/foreshadow
USER foreshadow
ENV FORESHADOW_DATA=/data FORESHADOW_LOCAL=/data FORESHADOW_PIPELINE=/etc/foreshadow/pipeline.toml
VOLUME /data
EXPOSE 8080 8081
# Inside the container both listeners take every address; what is reachable from outside is what the
# ports say. The admin listener asks for no credential: publish it on loopback only.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8081; printf 'GET /readyz HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n' >&3; head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["foreshadow"]
CMD ["up", "--listen", "0.0.0.0:8080", "--admin", "0.0.0.0:8081"]
