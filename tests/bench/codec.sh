#!/usr/bin/env bash
# Builds the codec's benchmark and prints its table (two minutes). Arguments go to Google Benchmark.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages $bench_packages

cmake --preset bench >/dev/null
cmake --build build/bench --target codec_bench >&2
exec build/bench/bin/codec_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=11 \
  --benchmark_min_time=0.05 "$@"
