# `tandem backup` and `tandem verify`. Sourced by tandem(1); uses $sv, $bin, $share, say(), die() and,
# of status.bash, json_text(). The manifest has one file a line, as rs-client tells of it, so that what
# is verified is compared line by line.
# shellcheck shell=bash disable=SC2154

manifest_format=tandem-backup-1

# What keeps a secret: named by the configuration, or found to be a private key. One path a line.
secret_files() {
  local program path file
  for program in rs-orch rs-worker rs-users rs-rides ts-front ts-order ts-catalog; do
    file=etc/${program#*-}.toml
    [ ! -r "$file" ] || "$TANDEM_BIN/$program" --config "$file" --print-config 2>/dev/null
  done | sed -nE 's/^(token|key|password)_file *= *"([^"]+)".*/\2/p' | sort -u
  for path in "${TANDEM_CONSUL_TOKEN_FILE:-}" "${TANDEM_CONSUL_KEY:-}"; do
    [ -z "$path" ] || printf '%s\n' "$path"
  done
  grep -rlE -e '-----BEGIN [A-Z ]*PRIVATE KEY-----' etc 2>/dev/null
}

# Prints the path of each secret that was left out.
copy_etc() { # TO
  local file secret left=() secrets=()
  mapfile -t secrets < <(secret_files | sort -u)
  while IFS= read -r -d '' file; do
    for secret in "${secrets[@]}"; do
      if [ "$file" -ef "$secret" ]; then continue 2; fi
    done
    mkdir -p "$1/${file%/*}" && cp -pL -- "$file" "$1/$file" || return
  done < <(find -L etc -type f -print0)
  for secret in "${secrets[@]}"; do
    [ ! -e "$secret" ] || left+=("$(readlink -f -- "$secret")")
  done
  [ ${#left[@]} -eq 0 ] || printf '%s\n' "${left[@]}" | sort -u
}

# An object of the manifest.
file_json() { # DIRECTORY FILE
  local sum
  sum=$(sha256sum <"$1/$2") || return
  printf '{"file":%s,"bytes":%d,"sha256":"%s"}\n' "$(json_text "$2")" \
    "$(stat -c %s -- "$1/$2")" "${sum%% *}"
}

# Lines as the elements of an array.
as_array() {
  local line separator=$'\n'
  printf '['
  while IFS= read -r line; do
    printf '%s%s' "$separator" "$line"
    separator=$',\n'
  done
  printf '\n]'
}

print_manifest() { # DIRECTORY OBJECTS SECRETS
  local version name
  version=$("$TANDEM_BIN/rs-orch" --version | head -n 1) || return
  printf '{"format":"%s",\n"tandem":%s,\n"host":%s,\n"taken":"%s",\n"files":' $manifest_format \
    "$(json_text "${version#* }")" "$(json_text "$(uname -n)")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  as_array <<<"$2"
  printf ',\n"etc":'
  (cd "$1" && find etc -type f -print0 2>/dev/null | sort -z) |
    while IFS= read -r -d '' name; do file_json "$1" "$name" || return; done | as_array
  printf ',\n"not_copied":'
  while IFS= read -r name; do
    [ -z "$name" ] || printf '%s\n' "$(json_text "$name")"
  done <<<"$3" | as_array
  printf '}\n'
}

tell_files() { # OBJECTS
  sed -E 's/.*"file":"([^"]*)".*"index":([0-9]+).*"rows":([0-9]+),"bytes":([0-9]+).*/\1: \3 rows, \4 bytes, as of index \2/' \
    <<<"$1" | while IFS= read -r line; do say "$line"; done
}

# As rs-client tells of it; several come as an array.
objects() { sed -e 's/^\[//' -e 's/\]$//' -e 's/},{/}\n{/g'; }

backup_tmp=''
forget_backup() { [ -z "$backup_tmp" ] || rm -rf -- "$backup_tmp"; }

back_up() { # TO
  local to=$1 name url objects='' found secrets
  case $to in /*) ;; *) to=$start_directory/$to ;; esac
  while [ "$to" != / ] && [ "${to%/}" != "$to" ]; do to=${to%/}; done
  if [ -e "$to" ] || [ -L "$to" ]; then
    die 73 "'$to' is there already: name a directory that is not there"
  fi
  # shellcheck source=/dev/null
  . "$sv/.environment"
  trap forget_backup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  backup_tmp=$(umask 077 && mktemp -d "$to.XXXXXXXX.tmp" 2>/dev/null) ||
    die 73 "cannot create a directory beside '$to'"
  while read -r name url; do
    case $name in
      rs-orch)
        found=$(cd "$backup_tmp" && "$TANDEM_BIN/rs-client" --set orch.url="$url" --format json \
          db backup rides-db.ndjson) || die $? "the database is not backed up: nothing was written"
        ;;
      ts-front)
        found=$("$TANDEM_BIN/rs-client" --set store.url="$url" --format json \
          toys backup "$backup_tmp/store") || die $? "the toy store is not backed up: nothing was written"
        mv "$backup_tmp"/store/* "$backup_tmp/" && rmdir "$backup_tmp/store" || exit 74
        ;;
      *) continue ;;
    esac
    objects+=${objects:+$'\n'}$(objects <<<"$found")
  done <"$sv/.urls"
  [ -n "$objects" ] || die 69 "nothing that could be backed up runs on $TANDEM_DIR"
  secrets=$(copy_etc "$backup_tmp") || die 74 "the configuration cannot be copied to '$backup_tmp'"
  if ! print_manifest "$backup_tmp" "$objects" "$secrets" >"$backup_tmp/manifest.json" ||
    ! find "$backup_tmp" -exec sync {} +; then
    die 74 "cannot write '$backup_tmp/manifest.json'"
  fi
  mv -T -- "$backup_tmp" "$to" || die 73 "cannot name the backup '$to'"
  backup_tmp=''
  sync "$(dirname -- "$to")"
  tell_files "$objects"
  [ -z "$secrets" ] || say "keys and tokens are not in it, keep them elsewhere: ${secrets//$'\n'/, }"
}

# --- verify ---

# The objects of that array of the manifest, one a line.
of_array() { # MANIFEST NAME
  awk -v begin="\"$2\":[" '$0 == begin { on = 1; next } /^\]/ { on = 0 } on { sub(/,$/, ""); print }' "$1"
}

verify_backup() { # DIRECTORY
  local at=$1 manifest=$1/manifest.json files name wanted found line rs_client bad=0
  [ -d "$at" ] || die 65 "there is no backup '$at'"
  [ -r "$manifest" ] || die 65 "'$at' is no backup, or not all of one: it has no manifest.json"
  if ! grep -qx "{\"format\":\"$manifest_format\"," "$manifest"; then
    ! grep -qE '"format" *: *"tandem-backup-[0-9]+"' "$manifest" || grep -q "\"$manifest_format\"" "$manifest" ||
      die 65 "'$manifest' is of another format version; this tandem reads $manifest_format"
    die 65 "'$manifest' is damaged: it does not begin with the format $manifest_format"
  fi
  [ "$(tail -n 1 "$manifest" | tail -c 3)" = ']}' ] || die 65 "'$manifest' is damaged: it is cut"
  files=$(of_array "$manifest" files)
  [ -n "$files" ] || die 65 "'$manifest' is damaged: it tells of no file"
  [ -x "$bin/rs-client" ] || die 78 "no programs in '$bin': build first"
  rs_client=$(readlink -f -- "$bin/rs-client")
  found=$(verified "$at" "$files") || bad=$?
  for name in rides-db.ndjson orders.ndjson catalog.ndjson; do
    wanted=$(grep -F "{\"file\":\"$name\"," <<<"$files") || {
      [ ! -e "$at/$name" ] || { say "'$at/$name' is none that '$manifest' tells of" && bad=65; }
      continue
    }
    # What is damaged was told.
    line=$(grep -F "{\"file\":\"$name\"," <<<"$found") || continue
    [ "$line" = "$wanted" ] || {
      say "'$at/$name' is another file than '$manifest' tells of: $wanted"
      bad=65
    }
  done
  while IFS= read -r wanted; do
    name=${wanted#'{"file":"'} name=${name%%'","bytes"'*}
    found=$(file_json "$at" "$name" 2>/dev/null) || found=''
    [ "$found" = "$wanted" ] || {
      say "'$at/$name' is missing, or another file than '$manifest' tells of"
      bad=65
    }
  done < <(of_array "$manifest" etc)
  [ $bad = 0 ] || return "$bad"
  tell_files "$files"
  say "the backup is whole"
}

# What rs-client tells of the files, all of which it reads.
verified() { # DIRECTORY OBJECTS
  local bad=0 out
  if [[ $2 == *'"file":"rides-db.ndjson"'* ]]; then
    (cd "$1" && exec "$rs_client" --format json db verify rides-db.ndjson) || bad=$?
  fi
  if [[ $2 == *'"file":"orders.ndjson"'* ]]; then
    out=$("$rs_client" --format json toys verify "$1") || bad=$?
    objects <<<"$out"
  fi
  return $bad
}
