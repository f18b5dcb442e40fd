# The Debian 12 packages that building and testing need; sourced by quickstart.sh and tests/run.sh.

build_packages="g++ cmake ninja-build libboost-dev libcli11-dev libexpected-dev nlohmann-json3-dev libdeflate-dev
libtomlplusplus-dev"
test_packages="libgtest-dev python3 tshark tcpdump xxd bsdextrautils clang mingw-w64-common valgrind"
all_packages="libclang-rt-14-dev"
bench_packages="libbenchmark-dev libprotobuf-dev protobuf-compiler libflatbuffers-dev flatbuffers-compiler"

# Installs what is missing (root), or says exactly what to install (anybody else).
need_packages() {
  local missing="" package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ]; then
    echo "missing Debian packages; as root: apt-get install --no-remove$missing" >&2
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  apt-get install -y -q --no-remove --no-install-recommends $missing >/dev/null 2>&1 ||
    { apt-get update -q && apt-get install -y -q --no-remove --no-install-recommends $missing; }
}
