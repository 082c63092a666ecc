# `tandem restore`: puts a backup in the place of the data of a system that is stopped, or of one that
# is not there yet. Sourced by tandem(1) before there need be a directory; uses $dir, $etc, $bin, $only,
# $yes, $with_etc, $format, say(), die(), need_owner(), lock() and what coord.bash has.
#
# A backup is a directory with rides-db.ndjson, orders.ndjson and catalog.ndjson, or some of them, and
# manifest.json, which tandem backup writes; or one such file. The replica programs do the work, one
# group after the other: replica/restore.h says how, and why a crash leaves either state whole. Between
# two groups run/state/restoring keeps `tandem up` from beginning with one of each.
# shellcheck shell=bash disable=SC2154

restore_groups=() # those to be restored
declare -A restore_files=()

# The application of a group.
application_of() { # GROUP
  case $1 in rides-db) echo rideshare ;; *) echo toystore ;; esac
}

# Runs the program that restores a group, with its configuration below $1.
replica_program() { # ETC GROUP OPTION…
  local at=$1 group=$2
  shift 2
  case $group in
    rides-db) "$bin/rs-orch" --config "$at/orch.toml" "$@" ;;
    orders) "$bin/ts-order" --config "$at/order.toml" --id 1 "$@" ;;
    catalog) "$bin/ts-catalog" --config "$at/catalog.toml" --id 1 "$@" ;;
  esac
}

# What the manifest says of a group: its members are those of one object without another in it.
of_manifest() { # MANIFEST GROUP KEY
  tr -d '\n' <"$1" | grep -oE '\{[^{}]*"group" *: *"'"$2"'"[^{}]*\}' | head -n 1 |
    grep -oE '"'"$3"'" *: *("[^"]*"|[0-9]+)' | head -n 1 | sed 's/.*: *//; s/^"//; s/"$//'
}

check_sum() { # MANIFEST GROUP FILE
  local wanted found
  wanted=$(of_manifest "$1" "$2" sha256)
  [[ $wanted =~ ^[0-9a-f]{64}$ ]] || die 65 "'$1' has no checksum of the group '$2'; nothing was changed"
  found=$(sha256sum <"$3") || die 65 "cannot read '$3'; nothing was changed"
  [ "${found%% *}" = "$wanted" ] ||
    die 65 "'$3' is damaged: it is not the file that '$1' tells of; nothing was changed"
}

# The configuration is made of files as well.
check_etc() { # BACKUP
  local line name sum
  while IFS= read -r line; do
    name=${line#*\"file\":\"} name=${name%%\"*}
    sum=$(sha256sum 2>/dev/null <"$1/$name") || die 65 "'$1/$name' is missing; nothing was changed"
    [[ $line == *"\"sha256\":\"${sum%% *}\""* ]] ||
      die 65 "'$1/$name' is damaged: it is not the file that '$1/manifest.json' tells of; nothing was changed"
  done < <(grep -oE '\{"file":"etc/[^{}]*\}' "$1/manifest.json")
}

choose_file() { # GROUP FILE
  if [ -n "$only" ] && [ "$(application_of "$1")" != "$only" ]; then return 0; fi
  restore_groups+=("$1")
  restore_files[$1]=$2
}

choose_files() { # BACKUP
  local group manifest=$1/manifest.json
  if [ -e "$manifest" ]; then
    grep -qE '"format" *: *"tandem-backup-1"' "$manifest" || {
      ! grep -qE '"format" *: *"tandem-backup-[1-9]' "$manifest" ||
        die 78 "'$manifest' is of another format version; this tandem reads tandem-backup-1"
      die 65 "'$manifest' is damaged: it has no format tandem-backup-1; nothing was changed"
    }
  fi
  for group in orders catalog rides-db; do
    if [ -e "$1/$group.ndjson" ]; then
      choose_file $group "$1/$group.ndjson"
    elif [ -e "$manifest" ] && [ -n "$(of_manifest "$manifest" $group sha256)" ] &&
      [ "${only:-$(application_of $group)}" = "$(application_of $group)" ]; then
      die 65 "'$1/$group.ndjson' is missing, which '$manifest' tells of; nothing was changed"
    fi
  done
  [ ! -e "$manifest" ] || for group in "${restore_groups[@]}"; do
    check_sum "$manifest" "$group" "${restore_files[$group]}"
  done
}

# Before anything is made or changed.
prepare_restore() { # BACKUP
  local backup at group said
  [ -e "$1" ] || die 65 "there is no backup '$1'"
  backup=$(readlink -f -- "$1")
  bin=$(readlink -f -- "$bin") etc=$(readlink -f -- "$etc")
  case $only in '' | rideshare | toystore) ;; *) die 64 "'--only $only' is neither rideshare nor toystore" ;; esac
  if [ "$with_etc" = yes ]; then
    [ -r "$backup/etc/orch.toml" ] || die 65 "'--with-etc': there is no configuration in '$backup/etc'"
    [ ! -e "$backup/manifest.json" ] || check_etc "$backup"
  fi
  if [ -d "$backup" ]; then
    choose_files "$backup"
  else
    group=$(head -c 4096 -- "$backup" | head -n 1 | grep -aoE '"group":"[^"]*"' | cut -d '"' -f 4)
    case $group in
      rides-db | orders | catalog) choose_file "$group" "$backup" ;;
      *) die 65 "'$1' is no backup of rides-db, orders or catalog; nothing was changed" ;;
    esac
  fi
  [ ${#restore_groups[@]} -gt 0 ] ||
    die 65 "there is no backup of ${only:-rides-db, orders or catalog} in '$1'"
  restore_source=$backup
  at=$etc
  [ ! -r "$dir/etc/orch.toml" ] || at=$dir/etc
  [ "$with_etc" = no ] || at=$backup/etc
  [ -r "$at/orch.toml" ] || die 78 "no configuration directory '$at'"
  [ -x "$bin/rs-orch" ] || die 78 "no programs in '$bin': build first"
  for group in "${restore_groups[@]}"; do
    said=$(replica_program "$at" "$group" --check-backup "${restore_files[$group]}" 2>&1 >/dev/null) || {
      set -- $?
      say_program "$said"
      die "$1" "the backup of '$group' cannot be restored; nothing was changed"
    }
  done
  mkdir -p "$dir/run" 2>/dev/null || die 73 "cannot create the directory '$dir/run'"
  [ -w "$dir/run" ] || die 77 "permission denied: cannot write to the directory '$dir/run'"
}

say_program() { # OUTPUT
  [ -z "$1" ] || printf '%s\n' "$1" | sed 's/^/  /' >&2
}

has_data() { # GROUP
  case $1 in
    rides-db) compgen -G "${RS_ORCH_WORKERS_DIRECTORY:-run/state/rides-db}/*/identity" ;;
    orders) compgen -G 'run/state/order-*/identity' ;;
    catalog) compgen -G 'run/state/catalog-*/identity' ;;
  esac >/dev/null
}

# The name of the system is that of its directory.
ask_for_name() {
  local group name=${TANDEM_DIR##*/} having='' answer
  for group in "${restore_groups[@]}"; do
    ! has_data "$group" || having+="${having:+, }$group"
  done
  [ -n "$having" ] && [ "$yes" = no ] || return 0
  { [ -t 0 ] && [ -t 2 ]; } || die 64 "'tandem restore' puts a backup in the place of what \
$TANDEM_DIR has in $having, and there is nobody to ask: add --yes where that is meant"
  printf "'tandem restore' puts a backup in the place of what %s has in %s. Type the name of the \
system, %s, to go on: " "$TANDEM_DIR" "$having" "$name" >&2
  read -r answer || answer=''
  [ "$answer" = "$name" ] || die 1 "'$answer' is not '$name': nothing was done"
}

# What was there is kept beside it.
put_etc() {
  [ "$with_etc" = yes ] || return 0
  [ "$(cd etc 2>/dev/null && pwd -P)" != "$TANDEM_ETC" ] ||
    die 78 "'$TANDEM_ETC' is what all systems of this tree begin with: copy '$restore_source/etc' there by hand"
  { rm -rf etc.new && cp -R -- "$restore_source/etc" etc.new; } || die 73 "cannot write '$TANDEM_DIR/etc.new'"
  [ ! -e etc ] || mv -T etc "etc-set-aside-$(date +%s%N)" || die 73 "cannot rename '$TANDEM_DIR/etc'"
  mv -T etc.new etc || die 73 "cannot write '$TANDEM_DIR/etc'"
}

# The record of a new system is where it is meant to be from now on.
settle_home() {
  read_note
  [ -z "$home_prefix" ] || [ -n "$TANDEM_COORD" ] || TANDEM_COORD=consul
  [ "$TANDEM_COORD" != consul ] || prepare_consul
  settle_coord
  [ -z "${TANDEM_CONSUL_OWN:-}" ] || {
    trap end_of_coord EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    start_own_agent
  }
  [ -z "${TANDEM_COORD_NOTE:-}" ] || printf '%s\n' "$TANDEM_COORD_NOTE" >"$coord_note" ||
    die 73 "cannot write '$TANDEM_DIR/$coord_note'"
}

tell_restored() { # LINE
  local key found=()
  if [ "$format" = json ]; then
    printf '%s\n' "$1"
    return
  fi
  for key in group rows index bytes lineage; do
    found+=("$(grep -oE "\"$key\":(\"[^\"]*\"|[0-9]+)" <<<"$1" | sed 's/^[^:]*://; s/"//g')")
  done
  printf '%s: %s rows as of index %s, %s bytes, lineage %s\n' "${found[@]}"
}

restore_backup() {
  local group line rc begun=no
  need_owner
  lock 1 || die 75 "the system on $TANDEM_DIR runs; stop it with: tandem --dir $TANDEM_DIR down"
  # A system that is new has no etc yet, and so no data either.
  [ ! -r etc/orch.toml ] || settle_workers
  ask_for_name
  put_etc
  link_etc
  settle_workers
  mkdir -p run/state || die 73 "cannot create the directory '$TANDEM_DIR/run/state'"
  settle_home
  [ ! -e "$restore_note" ] || begun=yes # by one that was cut short
  { printf '%s\n' "$restore_source" >"$restore_note.new" && mv -f "$restore_note.new" "$restore_note"; } ||
    die 73 "cannot write '$TANDEM_DIR/$restore_note'"
  for group in "${restore_groups[@]}"; do
    line=$(replica_program etc "$group" --restore "${restore_files[$group]}") || {
      rc=$?
      # Of the first nothing was changed; of a later one an earlier has been restored by now.
      [ $begun = yes ] || [ $rc = 75 ] || rm -f "$restore_note"
      die $rc "'$group' is not restored; give the same command again where that is mended"
    }
    begun=yes
    tell_restored "$line"
  done
  rm -f "$restore_note"
  say "restored; start with: tandem --dir $TANDEM_DIR up"
}
