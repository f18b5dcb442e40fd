#!/usr/bin/env bash
# Records the journals in this folder anew with real brokers: record.sh FOLDER-OF-PROGRAMS
# Needed when a journal that an older broker wrote is no longer to be read; `states` is what
# `brokerd --refold` says of each.
set -euo pipefail
bin=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
broker=
trap 'kill -9 $broker 2>/dev/null || true; rm -rf "$work"' EXIT
export ALERTBROKER_SOCKET=$work/socket XDG_CONFIG_HOME=$work
PATH=$bin:$PATH

begin() { # options
  brokerd --socket "$work/socket" --journal "$work/journal" "$@" 2>"$work/log" &
  broker=$!
  until grep -q listening "$work/log"; do kill -0 $broker; sleep 0.02; done
}
end() { # signal
  kill "-$1" $broker
  wait $broker || true
}
keep() { # name
  rm -rf "$1"
  mkdir "$1"
  mv "$work"/journal/*.pcapng "$1"
  rm -rf "$work/journal"
}
raise() { # text...
  for text in "$@"; do alertctl raise admin 7 "$text" >/dev/null; done
}
small() { printf '[journal]\nsegment_bytes = 1024\n%s\n' "$1" >"$work/toml"; }

small ''
begin --config "$work/toml" # table changes and refusals, through several segments and a clean end
alertctl make jobs
alertctl make little --max-message 50
alertctl start ADMIN jobs
alertctl start ADMIN little
alertctl start ADMIN missing
alertctl start PRINTING jobs --maxdata 40
raise one 'two, which is too long for the little one' three
alertctl stop ADMIN jobs
raise four
alertctl start ADMIN jobs
alertctl raise print --job 12 --queue laser >/dev/null
alertctl read jobs --count 2 >/dev/null
for _ in 1 2; do alertctl raise admin 7 again --id 00112233445566778899aabbccddeeff >/dev/null; done
end TERM
begin --config "$work/toml"
alertctl rm little
alertctl make little
raise five six seven
end TERM
keep table

small $'retain_bytes = 3072\nretain_unread = 1'
begin --config "$work/toml" # retention takes what nobody has read
alertctl make jobs
alertctl start ADMIN jobs
raise 1 2 3 4 5 6
alertctl read jobs --count 2 >/dev/null
raise 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
end TERM
keep retention

small $'retain_bytes = 3072\nretain_unread = 1'
begin --config "$work/toml" # a consumer is told what retention took, and comes to what is there
alertctl make jobs
alertctl start ADMIN jobs
raise 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18
alertctl read jobs --count 2 >/dev/null
raise 19 20
end TERM
keep told

small ''
begin --config "$work/toml" # semaphores come, are pulsed, go
alertctl start ADMIN '\sem\go'
alertctl start ADMIN '\sem\stay'
raise 1 2 3 4 5 6
alertctl stop ADMIN '\sem\go'
raise 7
alertctl start ADMIN '\sem\go'
raise 8 9
end TERM
keep semaphores

begin --config "$work/toml" # killed with a consumer and a session's mailslot
alertctl make jobs
alertctl start ADMIN jobs
raise 1 2
alertctl read jobs --follow --exec 'kill -9 $PPID' >/dev/null 2>&1 || true
alertctl listen ADMIN >"$work/heard" 2>"$work/listening" &
listener=$!
until grep -q listening "$work/listening"; do sleep 0.02; done
raise 3
end KILL
kill $listener
begin --config "$work/toml"
raise 4
end TERM
keep killed

begin # one byte of the third alert is another one, then numbering goes on behind a gap
alertctl make jobs
alertctl start ADMIN jobs
raise 1 2
third=$(stat -c %s "$work/journal/00000000000000000001.pcapng")
raise 3 4
end TERM
printf '\xff' | dd of="$work/journal/00000000000000000001.pcapng" bs=1 seek=$((third + 60)) conv=notrunc status=none
begin
raise 5
end TERM
keep damage

for journal in */; do
  echo "${journal%/} $(brokerd --refold "$journal" 2>/dev/null | tail -1)"
done >states
cat states
