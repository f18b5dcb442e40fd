#!/usr/bin/env bash
# Builds and runs every test: GCC with ASan and UBSan; --all adds clang, and TSan for the concurrent parts.
# --gate is what a change has to pass: of --all's part under clang only the programs, the C libraries, every header
# alone and the stored journals, and of TSan's only the memory that processes share.
# What became of each point of the documents is left in tests/POINTS.md.
# --fuzz runs each libFuzzer target for a minute instead; what it finds is left where the tests replay it.
# --long changes every byte of the small journals and kills brokers and readers 10,000 times instead, each
# thousand with another seed; then opens 10,000 ports, and has everything happen at once for a minute under ASan
# and one under TSan.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

all=no gate=no fuzz=no long=no
case "${1-}" in
  "") ;;
  --all) all=yes ;;
  --gate) gate=yes ;;
  --fuzz) fuzz=yes ;;
  --long) long=yes ;;
  *) echo "usage: tests/run.sh [--all | --gate | --fuzz | --long]" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086
if [ $all = yes ] || [ $gate = yes ] || [ $fuzz = yes ]; then
  need_packages $build_packages $test_packages $all_packages
else
  need_packages $build_packages $test_packages
fi

jobs=$(nproc)
build() { # preset, targets
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" -j "$jobs" --target "$@"
}

if [ $fuzz = yes ]; then
  targets=$(basename -s _fuzz.cpp tests/fuzz/*_fuzz.cpp)
  # shellcheck disable=SC2046,SC2086
  build fuzz write_seeds $(printf '%s_fuzz ' $targets)
  for target in $targets; do
    corpus=build/fuzz/corpus/$target findings=tests/fuzz/findings/$target
    mkdir -p "$corpus" "$findings"
    build/fuzz/tests/fuzz/write_seeds "$target" "$corpus"
    "build/fuzz/tests/fuzz/${target}_fuzz" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=1024 \
      -artifact_prefix="$findings/" "$corpus" "$findings"
  done
  exit
fi

if [ $long = yes ]; then
  build dev brokerd alertctl fault_test damage_test imitation_test mixed_load_test port_crowd_test
  build tsan brokerd mixed_load_test
  ALERT_EVERY_BYTE=yes build/dev/tests/damage_test --gtest_fail_fast
  ALERT_EVERY_BYTE=yes build/dev/tests/imitation_test --gtest_fail_fast
  build/dev/tests/fault_test --gtest_repeat=10 --gtest_fail_fast
  ALERT_PORTS=10000 build/dev/tests/port_crowd_test
  for preset in dev tsan; do
    ALERT_LOAD_SECONDS=${LOAD_SECONDS:-60} "build/$preset/tests/mixed_load_test"
  done
  exit
fi

shared_memory="mailbox_concurrency_test lane_concurrency_test semaphore_page_test"
build dev all
if [ $gate = yes ]; then
  build clang brokerd alertctl netalert clusnotify refold_test all_verify_interface_header_sets
  build/clang/tests/refold_test
  # shellcheck disable=SC2086
  build tsan $shared_memory
  for test in $shared_memory; do "build/tsan/tests/$test"; done
fi
if [ $all = yes ]; then
  build clang all all_verify_interface_header_sets # each header of libalert compiles alone
  # shellcheck disable=SC2086
  build tsan brokerd mixed_load_test $shared_memory
  ctest --test-dir build/clang -j "$jobs" --output-on-failure
  ctest --test-dir build/tsan --output-on-failure
fi
status=0
ctest --test-dir build/dev -j "$((jobs + 1))" --output-on-failure --output-junit junit.xml || status=$?
awk -f tests/points.awk tests/points.txt build/dev/junit.xml >tests/POINTS.md || status=1
exit $status
