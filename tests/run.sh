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
build() {
  cmake --preset "$1" >/dev/null
  cmake --build "build/$1" -j "$jobs"
}

build dev
if [ $all = yes ]; then
  build clang
  build tsan
  ctest --test-dir build/clang -j "$jobs" --output-on-failure
  ctest --test-dir build/tsan --output-on-failure
fi
ctest --test-dir build/dev -j "$jobs" --output-on-failure
