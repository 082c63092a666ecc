#!/usr/bin/env bash
# all.sh [SOURCE [BIN]]: runs every lint and says which ones fail. `make check` is this.
set -u
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd)
source=${1:-$here/../..}
failed=()
for lint in "$here"/*.sh; do
  name=$(basename "$lint" .sh)
  [ "$name" = all ] && continue
  if output=$("$lint" "$source" "${@:2}" 2>&1); then
    printf 'ok      %s\n' "$name"
  else
    printf 'FAILED  %s\n%s\n' "$name" "$output"
    failed+=("$name")
  fi
done
[ ${#failed[@]} -eq 0 ] || {
  echo "failed: ${failed[*]}" >&2
  exit 1
}
