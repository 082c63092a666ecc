# `tandem logs`. Sourced by tandem(1); uses $names, $follow, $lines and $since. Each service has a
# directory below run/log with the file `current`, which is written now, and older ones, @TIME.
# Lines begin with the time, "2026-01-31 12:00:00.123456789  " where s6-log wrote them, in the zone
# of the host, "2026-01-31_12:00:00.12345 " where svlogd did, in UTC.
# shellcheck shell=bash disable=SC2154

# Prints seconds since 1970; nothing where it is no time.
since_seconds() {
  local unit digits=${since%[smhd]} seconds
  case $since in
    *[!0-9smhd]* | [smhd]* | *[smhd]?* | *[0-9]) seconds=$(date -d "$since" +%s 2>/dev/null) ;;
    *)
      case $since in *m) unit=60 ;; *h) unit=3600 ;; *d) unit=86400 ;; *) unit=1 ;; esac
      [ ${#digits} -gt 9 ] || seconds=$(($(date +%s) - 10#$digits * unit))
      ;;
  esac
  # Before 1970 nothing was logged, and where a year has more than four digits date gives up.
  [ "${seconds:--1}" -lt 0 ] || [ "$seconds" -ge 253370764800 ] || echo "$seconds"
}

# Lines in the form in which they are shown, "DATE TIME NAME | TEXT", each at once. A service may
# write any bytes.
told() { # NAME WIDTH
  local name
  printf -v name '%-*s' "$2" "$1"
  LC_ALL=C sed -uE -e 's/^(.{10})[ _](.{8})\.?([0-9]*) */\1 \2.\3000000 /' \
    -e "s/^(.{26})[0-9]* /\\1 $name | /"
}

# Leaves out lines that are older.
not_before() { # TIME TIME-IN-UTC
  LC_ALL=C awk -v after="$1" -v after_utc="$2" '
    { time = substr($0, 1, 19) }
    time >= (substr(time, 11, 1) == "_" ? after_utc : after)'
}

# What was written until now; of current, so many bytes.
past() { # WIDTH AFTER AFTER-IN-UTC
  local name file
  for name in "${names[@]}"; do
    {
      for file in "run/log/$name"/@*; do [ ! -f "$file" ] || cat "$file"; done
      head -c "${written[$name]}" "run/log/$name/current"
    } 2>/dev/null | not_before "$2" "$3" | told "$name" "$1"
  done | LC_ALL=C sort -s -k 1,2
}

# Each file by a process of its own, which ends with this one. A pipe takes a line whole.
follow_all() { # WIDTH
  local name
  for name in "${names[@]}"; do
    tail --pid=$$ -s 0.2 -c "+$((written[$name] + 1))" -F "run/log/$name/current" 2>/dev/null |
      told "$name" "$1" &
  done
  wait -n # nobody reads what is told here
}

# The services that have a log.
logged() {
  local file
  for file in run/log/*/current; do
    [ ! -f "$file" ] || basename "${file%/current}"
  done
}

show_logs() {
  local name seconds='' after='' after_utc='' width=0 shown=yes
  local -A written=()
  if [ -n "$since" ]; then
    case $since in
      *[!0-9]* | ????????*) ;;
      *) die 64 "'--since $since': say the unit: ${since}s, ${since}m, ${since}h" ;;
    esac
    seconds=$(since_seconds)
    [ -n "$seconds" ] || die 64 "'--since $since' is no time (such as 90s, 10m, 2h, 1d, 12:30)"
    after=$(date -d "@$seconds" '+%F %T')
    after_utc=$(date -u -d "@$seconds" '+%F_%T')
  fi
  for name in "$TANDEM_DIR/run/log" "$TANDEM_DIR/run/log"/*; do need_search "$name"; done
  [ -d run/log ] || {
    say "nothing has run on $TANDEM_DIR: there are no logs"
    return 1
  }
  for name in "${names[@]}"; do
    [ -f "run/log/$name/current" ] ||
      die 64 "no service '$name' has a log here; there are: $(logged | paste -sd ' ')"
  done
  [ ${#names[@]} -gt 0 ] || mapfile -t names < <(logged)
  for name in "${names[@]}"; do
    [ ${#name} -le "$width" ] || width=${#name}
    [ -r "run/log/$name/current" ] ||
      die 77 "permission denied: the log of $name is that of user $(owner_of "run/log/$name/current")"
    written[$name]=$(stat -c %s "run/log/$name/current")
  done
  [ "$follow$since" != yes ] || lines=${lines:-10}
  # grep fails where there is no line.
  past "$width" "$after" "$after_utc" |
    if [ -n "$lines" ]; then tail -n "$lines"; else cat; fi | LC_ALL=C grep -a ''
  [ $? -ne 1 ] || shown=no
  [ "$follow" = no ] || follow_all "$width"
  [ "$shown$follow" != nono ] || { say "nothing was logged${since:+ since $since}" && return 1; }
}
