#!/usr/bin/env bash
# options.sh SOURCE BIN: what each program says about itself agrees with its manual page and its
# file in etc/. Every long option and every setting stands in the page, every setting in the file
# (as a comment where the default is meant), and the file passes the program's own check.
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
  if settings=$("$program" "${given[@]}" --print-config | keys); then
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
