# `tandem restart`. Sourced by tandem(1); uses $sv, $names, $rolling, $timeout_ms and the supervisor's
# functions.
# shellcheck shell=bash disable=SC2154

# Nothing has to be done here where a signal comes: the supervisor goes on with what it was told.
interruptible() { "$@"; }

# A service whose work outlives it is killed in a rolling restart: told to stop, it would stop that.
stop_service() { # NAME
  if [ "$rolling" = yes ] && [ -x "$sv/$1/rolling" ]; then sup_kill "$1"; else sup_down "$1"; fi
}

restart_service() { # NAME
  local script why
  stop_service "$1" || {
    say "$1 does not stop"
    return 69
  }
  sup_up "$1" "$timeout_ms" || {
    why=$(sup_why "$1")
    say "$1 $why; the end of its log:"
    tail -n 15 "$TANDEM_DIR/run/log/$1/current" 2>/dev/null | sed 's/^/  /' >&2
    return 69
  }
  if [ "$rolling" = yes ]; then
    for script in "$sv/$1/settled" "$sv/$1/rolling"; do
      [ ! -x "$script" ] || "$script" >&2 || return 69
    done
  fi
  say "$1 is ready again"
}

# Nothing is stopped that would not start again for its configuration.
check_services() {
  local name said code bad=0
  for name in "${names[@]}"; do
    [ -x "$sv/$name/check" ] || continue
    said=$("$sv/$name/check" 2>&1)
    code=$?
    [ $code -ne 0 ] || continue
    bad=1
    say "the configuration of $name is wrong, so that nothing was stopped:"
    printf '%s\n' "${said:-it gives no reason}" | sed 's/^/  /' >&2
  done
  return $bad
}

rolling_ones() {
  local name
  while read -r name; do [ -e "$sv/$name/stays" ] || echo "$name"; done <"$sv/.order"
}

restart_services() {
  local name
  exec 7<"$sv/.order"
  flock 7 # one at a time
  [ "$rolling" = no ] || mapfile -t names < <(rolling_ones)
  for name in "${names[@]}"; do
    grep -qxF -e "$name" "$sv/.order" ||
      die 64 "no service '$name' runs here; there are: $(paste -sd ' ' "$sv/.order")"
  done
  # What the scripts of the services got at the start.
  # shellcheck source=/dev/null
  . "$sv/.environment"
  export TANDEM_TIMEOUT=${timeout_ms}ms
  check_services || return 78
  for name in "${names[@]}"; do restart_service "$name" || return; done
}
