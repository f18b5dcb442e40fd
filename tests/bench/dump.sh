#!/usr/bin/env bash
# A journal of a million alerts to JSON with alertctl, beside `tshark -T json` on its first 200,000.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages $bench_packages tshark time

cmake --preset bench >/dev/null
cmake --build build/bench --target make_journal alertctl >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
count=1000000 part=200000

measure() { # label, alerts, command...: the median of five runs, by wall clock
  local label=$1 alerts=$2 run
  shift 2
  for run in 1 2 3 4 5; do
    /usr/bin/time -f '%e %M' -o "$folder/time.$run" "$@" >/dev/null 2>&1
  done
  cat "$folder"/time.* | sort -n | sed -n 3p |
    awk -v l="$label" -v n="$alerts" '{printf "| %s | %d | %.0f | %.1f |\n", l, n, n / $1 / 1000, $2 / 1024}'
}

echo "| to JSON | alerts | thousand alerts/s | peak MB |"
echo "|---|--:|--:|--:|"
for profile in lm20 nt; do
  build/bench/bin/make_journal $count $profile >"$folder/$profile.pcapng"
  build/bench/bin/make_journal $part $profile >"$folder/part.pcapng"
  measure "alertctl dump --json, $profile" $count build/bench/bin/alertctl dump --json "$folder/$profile.pcapng"
  measure "the same, a fifth of it" $part build/bench/bin/alertctl dump --json "$folder/part.pcapng"
  measure "tshark -T json, $profile" $part tshark -T json -r "$folder/part.pcapng"
done
