#!/usr/bin/env bash
# options.sh SOURCE BIN: what each program says about itself agrees with its manual page and its
# file in etc/. Every long option and every setting stands in the page, every setting in the file,
# as a comment with its default, and the file passes the program's own check.
set -eu
unset CDPATH
source=$(cd "${1:-"$(dirname "$0")/../.."}" && pwd)
bin=$(cd "${2:-"$source/build/bin"}" 2>/dev/null && pwd) || {
  echo 'options: nothing is built yet, so there is nothing to compare'
  exit 0
}
cd "$source"
status=0
bad() {
  printf '%s\n' "$*"
  status=1
}

# The settings of a TOML text on stdin, one "section.key" a line, those in comments too.
keys() {
  awk '/^#? *\[[a-z_.]+\]/ { section = $0; gsub(/^#? *\[|\].*/, "", section); section = section "."; next }
       /^(# ?)?[a-z_]+ *= / { key = $0; sub(/^# ?/, "", key); sub(/ *=.*/, "", key); print section key }' |
    sort -u
}

# Prints each setting whose value in a comment of the file $1 is not the default in the output of
# --print-config, on stdin, or that the file sets. One whose default is empty may have an example
# there; the tables have no default.
other_defaults() {
  awk -v file="$1" '
    function at(line) { gsub(/^(# ?)?\[|\].*/, "", line); return line "." }
    BEGIN {
      while ((getline line <file) > 0) {
        if (line ~ /^(# ?)?\[[a-z_.]+\]/) section = at(line)
        else if (line ~ /^# [a-z_]+ = /) {
          key = value = substr(line, 3)
          sub(/ = .*/, "", key)
          sub(/^[a-z_]+ = /, "", value)
          shown[section key] = value
        }
      }
      section = ""
    }
    /^\[/ { section = at($0) }
    /^[a-z_]+ = .*  # etc\// && !/^tables = / { print "setting " section $1 " is no comment" }
    /^[a-z_]+ = .*  # default$/ {
      key = value = $0
      sub(/ = .*/, "", key)
      sub(/^[a-z_]+ = /, "", value)
      sub(/  # default$/, "", value)
      key = section key
      if (value == "\"\"" || value == shown[key]) next
      print "setting " key " is shown as " (key in shown ? shown[key] : "no comment") ", not " value
    }'
}

for program in "$bin"/[rt]s-*; do
  if [ ! -f "$program" ] || [ ! -x "$program" ]; then continue; fi
  name=$(basename "$program")
  page=$(ls "man/$name".[18] 2>/dev/null) || {
    bad "man: no page for $name"
    continue
  }
  # Plain text of the page; mandoc writes bold as overstrikes.
  text=$(MANWIDTH=200 mandoc -T ascii "$page" | sed 's/.\x08//g')
  for option in $("$program" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
    grep -qE -e "$option([^a-z-]|\$)" <<<"$text" || bad "$page: option $option is missing"
  done

  file=etc/${name#*-}.toml
  [ -r "$file" ] || continue
  given=(--config "$file")
  # One file for all replicas leaves open which of them it is.
  ! "$program" --help | grep -q -e '--id ' || given+=(--id 1)
  # What rs-orch gives to each worker.
  [ "$name" != rs-worker ] ||
    given+=(--set worker.id=1 --set worker.directory=run/state --set rpc.url=ipc://run/sock/worker.sock)
  if printed=$("$program" "${given[@]}" --print-config); then
    settings=$(keys <<<"$printed")
    wrong=$(other_defaults "$file" <<<"$printed")
    [ -z "$wrong" ] || bad "$file: $wrong"
    for key in $settings; do
      grep -qE -e "(^|[^a-z_.])${key//./\\.}([^a-z_.]|\.?\$|\.[^a-z])" <<<"$text" ||
        bad "$page: setting $key is missing"
      # A setting that is a whole subtree, such as tables, is there where anything below it is.
      keys <"$file" | grep -qxE "${key//./\\.}(\..*)?" || bad "$file: setting $key is missing"
    done
  else
    bad "$file: $name --print-config fails on it"
  fi
  said=$("$program" "${given[@]}" --check 2>&1) || bad "$file: $name --check: $said"
done
exit $status
