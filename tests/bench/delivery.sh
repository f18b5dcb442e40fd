#!/usr/bin/env bash
# How fast alerts move, beside bare rings and every other broker or queue that is installed here (ZeroMQ, nng, Redis,
# NATS, mosquitto, dbus-daemon, dbus-broker, POSIX mq, Boost's message_queue); it says who is missing. 40 minutes.
# Options: --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages $bench_packages python3

cmake --preset bench >/dev/null
cmake --build build/bench --target delivery >&2
PATH="$PWD/build/bench/bin:$PATH" exec python3 -B tests/bench/delivery "$@"
