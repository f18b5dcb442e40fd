#!/usr/bin/env bash
# Builds and runs every test: GCC with ASan and UBSan; --all adds clang, and TSan for the concurrent parts.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

all=no
case "${1-}" in
  "") ;;
  --all) all=yes ;;
  *) echo "usage: tests/run.sh [--all]" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086
if [ $all = yes ]; then
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

build dev all
if [ $all = yes ]; then
  build clang all all_verify_interface_header_sets # each header of libalert compiles alone
  build tsan mailbox_concurrency_test
  ctest --test-dir build/clang -j "$jobs" --output-on-failure
  ctest --test-dir build/tsan --output-on-failure
fi
ctest --test-dir build/dev -j "$jobs" --output-on-failure
