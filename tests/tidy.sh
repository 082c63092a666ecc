#!/usr/bin/env bash
# tidy.sh BUILD JOBS changed|all: runs clang-tidy, with the list in .clang-tidy, over C++ files that
# BUILD compiles, and exits 1 where it finds something. `make check` runs it over what has changed,
# `make tidy` over all.
#
# What has changed is what differs from TIDY_BASE; where that is not set, from where this branch left
# origin/main; where nothing lies between, as in a fresh clone, from what was there a day before
# HEAD. A header is looked at in its own .cc, or in one that includes it. Of many files the
# TIDY_FILES (24) that changed the most are looked at: two cores take three minutes for them.
set -euo pipefail
unset CDPATH
build=$1 jobs=$2 which=$3
cd "$(dirname "$0")/.."
source=$PWD
tidy=${CLANG_TIDY:-clang-tidy-16}

# The commit that is compared with; nothing where there is none.
base() {
  local base head day
  git rev-parse --verify --quiet HEAD >/dev/null || return 0
  if [ -n "${TIDY_BASE-}" ]; then
    git rev-parse --verify "$TIDY_BASE^{commit}"
    return
  fi
  head=$(git rev-parse HEAD)
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$head" ]; then
    day=$(($(git log -1 --format=%ct) - 86400))
    base=$(git rev-list -1 --before="$day" HEAD)
  fi
  printf '%s\n' "$base"
}

# C++ files that have changed since $1, those with the most changes first.
changed() {
  {
    git diff --numstat --no-renames --diff-filter=d "$1" -- '*.cc' '*.h'
    git ls-files --others --exclude-standard -- '*.cc' '*.h' | sed 's/^/1\t0\t/'
  } | awk -F '\t' '{ print $1 + $2 "\t" $3 }' | sort -rn | cut -f 2
}

# Instead of each header on stdin a file that is compiled and includes it, its own first.
compiled() {
  local file name where
  while read -r file; do
    if [ "${file%.h}" != "$file" ]; then
      name=${file#*/}
      [ "${file%%/*}" = tests ] || [ "${file%%/*}" = lib ] || name=$(basename "$file")
      if [ -e "${file%.h}.cc" ]; then
        file=${file%.h}.cc
      else
        for where in "$(dirname "$file")" .; do
          file=$(git grep -lF "#include \"$name\"" -- "$where/*.cc" | head -n 1 || true)
          [ -z "$file" ] || break
        done
      fi
    fi
    if grep -qxF "$file" <<<"$built"; then printf '%s\n' "$file"; fi
  done | awk '!seen[$0]++'
}

# A file that is compiled for two libraries would be looked at twice.
mkdir -p "$build/tidy"
awk '
  $0 == "{" { entry = file = "" }
  $1 == "\"file\":" { file = $0 }
  { entry = entry (entry == "" ? "" : "\n") $0 }
  /^},?$/ && !seen[file]++ { sub(/,$/, "", entry); list = list (list == "" ? "" : ",\n") entry }
  END { printf "[\n%s\n]\n", list }
' "$build/compile_commands.json" >"$build/tidy/compile_commands.json"

built=$(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" |
  sed "s|^$source/||" | grep '\.cc$' | sort -u)
case $which in
  all) files=$built ;;
  changed)
    since=$(base)
    if [ -z "$since" ]; then
      echo 'tidy: there is no commit to compare with; make tidy looks at all files'
      exit 0
    fi
    files=$(changed "$since" | compiled)
    count=$(grep -c . <<<"$files" || true)
    if [ "$count" -gt "${TIDY_FILES:=24}" ]; then
      echo "tidy: looks at the $TIDY_FILES of $count files that have changed the most since" \
        "${since:0:12}; make tidy looks at all"
      files=$(head -n "$TIDY_FILES" <<<"$files")
    fi
    ;;
  *)
    echo 'usage: tidy.sh BUILD JOBS changed|all' >&2
    exit 64
    ;;
esac
[ -n "$files" ] || exit 0

# What it counts and suppresses in headers of others goes to its standard error.
check() {
  local output
  output=$("$1" --quiet -p "$2" "$3" 2>&1) && return
  grep -vE '^[0-9]+ warnings? (and [0-9]+ errors? )?generated|^Suppressed |^Use -header-filter' \
    <<<"$output"
  return 1
}
export -f check
# shellcheck disable=SC2016  # the words are the inner shell's
xargs -P "$jobs" -n 1 bash -c 'check "$@"' check "$tidy" "$build/tidy" <<<"$files" || {
  echo 'tidy: see .clang-tidy for what it looks for' >&2
  exit 1
}
