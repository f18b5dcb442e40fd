#!/usr/bin/env bash
# Builds the broker and shows one alert of each class on its way: broker, mailslot, registration,
# raise, read, dump. Leaves nothing running.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages

# Not optimised, which takes the compiler less than half the time; the preset release is for use.
cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DALERT_TESTS=OFF >/dev/null
cmake --build build/quickstart --target brokerd alertctl
PATH="$PWD/build/quickstart/bin:$PATH"

run=$(mktemp -d)
export ALERTBROKER_SOCKET="$run/socket"
brokerd --socket "$run/socket" --journal "$run/journal" 2>"$run/log" &
broker=$!
trap 'kill $broker 2>/dev/null || true; wait $broker 2>/dev/null || true; rm -rf "$run"' EXIT
until grep -q 'listening at' "$run/log"; do
  kill -0 $broker 2>/dev/null || { cat "$run/log" >&2; exit 5; }
  sleep 0.05
done

show() {
  echo "\$ $*"
  "$@"
}
show alertctl make jobs
for event in ADMIN USER PRINTING ERRORLOG MESSAGE COFFEE; do show alertctl start $event jobs; done
show alertctl raise admin 2377 "disk full" /var
show alertctl raise user 3003 "quota reached" --user jdoe --computer WKSTA01
show alertctl raise print --job 12 --status 4 --user jdoe --queue laser --destination LPT1
show alertctl raise errlog 3113 --offset 1024
show alertctl raise message "Message from KRISCA: hello"
show alertctl raise custom COFFEE --payload-hex cafe
show alertctl mailslots
show alertctl read jobs
alertctl raise admin 2377 "one more" --json >/dev/null
alertctl read jobs --raw >"$run/captured.bin"
show alertctl dump "$run/captured.bin" --profile lm20 --explain
