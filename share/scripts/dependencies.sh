#!/usr/bin/env bash
# Brings the Debian packages that tandem needs. Silent and fast where all of them are there.
#
#   dependencies.sh [--list] GROUP...        groups: build run postgres test tidy fuzz
#                                          bench ui
#
# Says what is missing before it installs anything. Without the right to install, it names the
# apt-get line to type and exits 69. Services that come with a package are not left running.
set -euo pipefail
export LC_ALL=C

packages_of() {
  case $1 in
    build)
      echo 'g++ cmake ninja-build pkg-config ccache make git libuv1-dev node-llhttp libpq-dev
        libnng-dev libtomlplusplus-dev libcurl4-openssl-dev libssl-dev libexpected-dev
        libfmt-dev libsimdjson-dev prometheus-cpp-dev'
      ;;
    run) echo 's6 runit haproxy curl util-linux' ;;
    postgres) echo 'postgresql-15' ;;
    test)
      echo 'libgtest-dev libgmock-dev bats bats-support bats-assert bats-file mandoc shellcheck
        shfmt clang-format jq xz-utils iproute2 gnuplot-nox util-linux openssl postgresql-15 tmux
        prometheus'
      ;;
    tidy) echo 'clang-tidy-16' ;;
    fuzz) echo 'clang-16 libclang-rt-16-dev' ;;
    ui) echo 'chromium fonts-dejavu-core nodejs npm' ;;
    bench) echo 'libbenchmark-dev wrk nginx-light gnuplot-nox jq' ;;
    *) return 1 ;;
  esac
}
# Packages that start a service by themselves when they are installed, each with that.
daemons='haproxy:haproxy nginx-light:nginx prometheus:prometheus'

say() { printf '%s\n' "dependencies: $*" >&2; }

wanted=()
list_only=no
for group; do
  case $group in
    --list) list_only=yes ;;
    *)
      names=$(packages_of "$group") || {
        say "unknown group '$group' (build, run, postgres, test, tidy, fuzz, bench, ui)"
        exit 64
      }
      read -r -d '' -a names <<<"$names" || true
      wanted+=("${names[@]}")
      ;;
  esac
done
if [ ${#wanted[@]} -eq 0 ]; then
  say 'usage: dependencies.sh [--list] build|run|postgres|test|tidy|fuzz|bench|ui...'
  exit 64
fi
if [ $list_only = yes ]; then
  printf '%s\n' "${wanted[@]}" | sort -u
  exit 0
fi

line="apt-get install -y --no-install-recommends"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  say "this is no Debian system; make sure that these are there, under your system's names, and"
  say "set TANDEM_NO_DEPS=1: $(printf '%s\n' "${wanted[@]}" | sort -u | tr '\n' ' ')"
  [ -n "${TANDEM_NO_DEPS:-}" ] && exit 0
  exit 69
fi

# Prints the wanted packages that are not installed, in one call of dpkg-query.
missing_packages() {
  { dpkg-query -W -f='${db:Status-Status} ${binary:Package}\n' "${wanted[@]}" 2>/dev/null || true; } |
    awk -v wanted="${wanted[*]}" '
      $1 == "installed" { sub(/:.*/, "", $2); have[$2] = 1 }
      END { n = split(wanted, w, " ")
            for (i = 1; i <= n; i++) if (!(w[i] in have) && !seen[w[i]]++) print w[i] }'
}
mapfile -t missing < <(missing_packages)
[ ${#missing[@]} -eq 0 ] && exit 0
[ -n "${TANDEM_NO_DEPS:-}" ] && exit 0

say "missing: ${missing[*]}"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    say "not root and no sudo here; as root, run:"
    printf '  %s\n' "$line ${missing[*]}" >&2
    exit 69
  fi
  as_root=(sudo)
  # Nobody is there to type a password where stdin is no terminal.
  [ -t 0 ] || as_root=(sudo -n)
  if ! "${as_root[@]}" true; then
    say "sudo refused; as root, run:"
    printf '  %s\n' "$line ${missing[*]}" >&2
    exit 69
  fi
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" \
    </dev/null >&2
}

# The lists are fetched only where they do not know a package, or where what they name is gone.
if ! apt-cache show --no-all-versions "${missing[@]}" >/dev/null 2>&1; then
  say 'refreshing the package lists: apt-get update'
  apt update || say 'apt-get update failed; going on with the lists that are there'
fi

systemd=no
[ -d /run/systemd/system ] && systemd=yes

# A service of that name which somebody has set up without the package stays as it is.
is_there() { # DAEMON
  [ $systemd = yes ] && systemctl --quiet cat "$1.service" >/dev/null 2>&1
}
brought=()
for daemon in $daemons; do
  for package in "${missing[@]}"; do
    [ "$package" != "${daemon%:*}" ] || is_there "${daemon#*:}" || brought+=("${daemon#*:}")
  done
done

# A runtime mask keeps a unit from starting while its package is set up, and is gone after a boot
# even if this script is killed half-way.
hold_services() {
  [ ${#brought[@]} -gt 0 ] && [ $systemd = yes ] || return 0
  "${as_root[@]}" systemctl --quiet mask --runtime "${brought[@]/%/.service}" || true
}
release_services() {
  local daemon
  for daemon in "${brought[@]}"; do
    if [ $systemd = yes ]; then
      "${as_root[@]}" systemctl --quiet unmask --runtime "$daemon.service" || true
      "${as_root[@]}" systemctl --quiet disable --now "$daemon.service" || true
    else
      "${as_root[@]}" service "$daemon" stop >/dev/null 2>&1 || true
    fi
  done
}

# Whoever installs a server of PostgreSQL for the first time gets a cluster that runs from then on,
# unless this says no. It is there for that moment only: what others install later is their business.
# Clusters that are there already are left alone.
no_cluster=/etc/postgresql-common/createcluster.d/tandem.conf
hold_cluster() {
  case " ${missing[*]}" in
    *' postgresql-'[0-9]*) ;;
    *) no_cluster='' ;;
  esac
  [ -z "$no_cluster" ] ||
    "${as_root[@]}" install -D -m 644 /dev/stdin "$no_cluster" <<<'create_main_cluster = false'
}
release_cluster() {
  [ -z "$no_cluster" ] || "${as_root[@]}" rm -f "$no_cluster"
}

say "installing: ${as_root[*]:+${as_root[*]} }$line ${missing[*]}"
trap 'release_services; release_cluster' EXIT
hold_cluster
hold_services
if ! apt install -y --no-install-recommends "${missing[@]}"; then
  say 'that failed; once more with fresh package lists'
  if ! apt update || ! apt install -y --no-install-recommends "${missing[@]}"; then
    say "cannot install; see above, or run as root:"
    printf '  %s\n' "$line ${missing[*]}" >&2
    exit 69
  fi
fi
