#!/usr/bin/env bash
# Brings a real Consul for the tests and prints the path of the executable.
#
#   consul.sh DIRECTORY
#
# One on PATH is taken as it is. Debian 12 has no such package, Debian 11 had: the script takes it
# from the mirror that apt uses already, checks its signature with the keys of the Debian archive,
# and unpacks it below DIRECTORY. Nothing changes in apt itself, and it needs no root.
set -euo pipefail
unset CDPATH
export LC_ALL=C

say() { printf '%s\n' "consul: $*" >&2; }
[ $# -eq 1 ] || {
  say 'usage: consul.sh DIRECTORY'
  exit 64
}
if command -v consul; then exit 0; fi

mkdir -p "$1"
to=$(cd "$1" && pwd)
if [ -x "$to/usr/bin/consul" ]; then
  printf '%s\n' "$to/usr/bin/consul"
  exit 0
fi

suite=bullseye
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
for need in apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    say "no $need here: install Consul by hand so that it is on PATH"
    exit 69
  }
done
# shellcheck source=/dev/null
codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016  # apt expands REPO_URI, not the shell
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" \
  'Component: main' | head -n 1)
if [ -z "$mirror" ] || [ ! -r "$keyring" ]; then
  say "apt names no Debian mirror for '$codename': install Consul by hand so that it is on PATH"
  exit 69
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/empty" "$work/download"
printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$work/sources.list"
apt=(apt-get -q
  -o "Dir::Etc::SourceList=$work/sources.list" -o "Dir::Etc::SourceParts=$work/empty"
  -o "Dir::Etc::Preferences=/dev/null" -o "Dir::Etc::PreferencesParts=$work/empty"
  -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache"
  -o APT::Get::List-Cleanup=0 -o "APT::Sandbox::User=$(id -un)"
  -o Acquire::AllowInsecureRepositories=false -o Acquire::Languages=none
  -o APT::Update::Error-Mode=any)

say "downloading Consul from the Debian mirror of this system (suite $suite)"
if ! "${apt[@]}" update >"$work/log" 2>&1 ||
  ! (cd "$work/download" && "${apt[@]}" download consul) >>"$work/log" 2>&1; then
  cat "$work/log" >&2
  say 'cannot download it'
  exit 69
fi

# Unpacked beside its place and moved there, so that a killed run leaves no half of it.
fresh=$(mktemp -d "$to/new.XXXXXX")
trap 'rm -rf "$work" "$fresh"' EXIT
dpkg-deb -x "$work"/download/consul_*.deb "$fresh"
rm -rf "${to:?}/usr"
mv "$fresh/usr" "$to/usr"
printf '%s\n' "$to/usr/bin/consul"
