#!/usr/bin/env bash
# Messages published faster than a receiver that stands still reads them: to our broker and to every other one that
# is installed here (mosquitto, dbus-daemon, redis-server, nats-server), and who was told what. Options: --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages python3

cmake --preset release -DALERT_TESTS=OFF >/dev/null
cmake --build build/release --target brokerd alertctl >&2
exec python3 tests/bench/overload.py build/release/bin "$@"
