# syntax=docker/dockerfile:1
# docker build --tag holdfast . && docker run --rm holdfast demo --seconds 20 --seed 1

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libhiredis-dev libcurl4-openssl-dev zlib1g-dev libsqlite3-dev \
        libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
COPY Benchmarks Benchmarks
COPY Tests Tests
RUN swift build --configuration release --product holdfast \
    && install -D .build/release/holdfast /out/holdfast

FROM swift:6.3-bookworm-slim
# redis-server is for `holdfast demo` and `holdfast cluster` inside the container; no service of it is started.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libhiredis0.14 libcurl4 libssl3 zlib1g ca-certificates \
        redis-server \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 holdfast
COPY --from=build /out/holdfast /usr/local/bin/holdfast
USER holdfast
WORKDIR /home/holdfast
ENTRYPOINT ["holdfast"]
CMD ["--help"]
