#!/usr/bin/env bash
# The process that holds a running tandem system together; started by tandem(1), not by hand.
#
#   supervise.sh run PARENT    lay out the services, start them in order, wait for TERM, stop them
#   supervise.sh sweep         stop what a killed supervisor has left behind
#
# Reads TANDEM_DIR, TANDEM_ONLY (the application to start; empty: all), TANDEM_SUPERVISOR (s6 or
# runit) and TANDEM_TIMEOUT from the environment; the services get TANDEM_BIN and TANDEM_SHARE too.
# Descriptor 9 holds the lock, TANDEM_DIR/run/lock.
#
# TANDEM_DIR/etc/sv holds a directory for each service with
#   run       starts it in the foreground
#   wanted    optional: exits non-zero, with the reason on stdout, where it is to be left out; with
#             none where nobody asked for it
#   check     optional: says what is wrong with the configuration, and exits non-zero
#   listens   optional: prints the TCP addresses where it will listen, HOST PORT a line
#   url       optional: prints the URL to show
#   settled   optional: waits until a service that was started again is what it was before
#   rolling   optional: what it runs outlives it. A rolling restart kills it, so that that goes on,
#             starts it again and runs this script, which restarts that
#   stays     optional: a rolling restart leaves it alone, for the others cannot do without it
#   down-signal  optional: what stops it, such as SIGINT; else SIGTERM
#   stopped   optional: runs when everything is down, and stops what the service left on purpose
#             when it was killed
# beside `order` (their names in the order in which they start, each with the application that it is
# part of, where it is part of one), `finish` and `log`, the scripts that all services have in
# common.
#
# TANDEM_DIR/run/sv has, beside the services, .order (their names), .supervisor, .urls (NAME URL a
# line) and .environment (what the scripts above get, for whoever runs them later).
set -u
unset CDPATH
# Who reads what is told here may stop reading: then it is told to nobody. And files may be limited
# in size. Handlers, for what is ignored would be so in the services, too.
trap : PIPE XFSZ

dir=$TANDEM_DIR/run
sv=$dir/sv
templates=$TANDEM_DIR/etc/sv
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scan=''
watcher=''    # tells when run is removed
got=''        # the signal that came
waited_for='' # the process that interruptible() waits for
up=no         # everything has been started
status=0
chosen=() # the services that are to run, in the order in which they start
failed='' # the service that did not start, and why
why=''
say() { printf 'tandem: %s\n' "$*" >&2 2>/dev/null; }
# shellcheck source=share/scripts/ending.bash
. "$here/ending.bash"
# shellcheck source=share/scripts/preflight.bash
. "$here/preflight.bash"

use_supervisor() { # s6 or runit
  # shellcheck source=share/scripts/supervisor-s6.bash
  . "$here/supervisor-$1.bash"
}

# A signal may come between any two commands: one that looks whether there was one and then waits
# for a process would miss it. So the trap itself does what is to follow: it ends what the start
# waits for, and stops everything once all is up.
# shellcheck disable=SC2317  # called by the traps
on_signal() { # NAME
  got=$1
  [ "$1" != USR1 ] || status=69 # nobody asked for it
  [ -z "$waited_for" ] || kill "$waited_for" 2>/dev/null
  [ "$up" = no ] || finish
}

# Runs a command that a signal ends: bash runs no trap while it waits for a command in the
# foreground.
interruptible() {
  local rc
  "$@" 9>&- <&0 &
  waited_for=$!
  [ -z "$got" ] || kill "$waited_for" 2>/dev/null
  wait "$waited_for"
  rc=$?
  while kill -0 "$waited_for" 2>/dev/null; do # the wait was ended by a trap
    wait "$waited_for"
    rc=$?
  done
  waited_for=''
  return $rc
}

# --- where TANDEM_DIR/run was removed ---
# Nothing that is kept there tells any more what runs. What does is the environment: everything
# under the supervisor has TANDEM_SYSTEM, with the directory.

run_is_gone() { ! [ "$dir/lock" -ef /proc/$$/fd/9 ]; }

marked() { # [NAME]…: of these programs; without: all
  local environ pid
  for environ in /proc/[0-9]*/environ; do
    pid=${environ#/proc/}
    pid=${pid%/environ}
    grep -qzxF -e "TANDEM_SYSTEM=$TANDEM_DIR" "$environ" 2>/dev/null || continue
    [ $# = 0 ] || [[ " $* " == *" $(cat "/proc/$pid/comm" 2>/dev/null) "* ]] || continue
    echo "$pid"
  done
}

# Supervisors first, which would start again what ends and wait for their directories for ever.
end_marked() {
  local signal pids rounds
  mapfile -t pids < <(marked s6-svscan s6-supervise runsvdir runsv)
  [ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null
  [ -z "$scan" ] || wait "$scan" 2>/dev/null # else bash tells of it
  for signal in TERM KILL; do
    rounds=$((${TANDEM_GRACE:-15} * 10))
    mapfile -t pids < <(marked)
    while [ ${#pids[@]} -gt 0 ] && [ $rounds -gt 0 ]; do
      [ $((rounds % 10)) -ne 0 ] || kill -$signal "${pids[@]}" 2>/dev/null
      sleep 0.1
      rounds=$((rounds - 1))
      mapfile -t pids < <(marked)
    done
  done
}

# The guards of this directory, of which there is one at most while run/lock is what it was.
guards() {
  local cmdline pid
  for cmdline in /proc/[0-9]*/cmdline; do
    pid=${cmdline#/proc/}
    pid=${pid%/cmdline}
    [ "$pid" != $$ ] || continue
    [[ "$(tr '\0' ' ' 2>/dev/null <"$cmdline")" == *"supervise.sh run "* ]] || continue
    grep -qzxF -e "TANDEM_DIR=$TANDEM_DIR" "/proc/$pid/environ" 2>/dev/null && echo "$pid"
  done
}

# One whose run was removed holds a lock that nobody sees.
end_blind_guards() {
  local pid
  for pid in $(guards); do
    kill -TERM "$pid" 2>/dev/null
    timeout 60 tail --pid="$pid" -s 0.05 -f /dev/null
  done
}

# Tells the guard, by USR1, when run was removed.
watch_run() {
  local guard=$$ never
  exec 9>&-
  exec {never}<> <(:)
  while kill -0 "$guard" 2>/dev/null; do
    read -r -t 1 -u "$never" _ # a pause without a process, which would be left behind
    [ "$dir/lock" -ef "/proc/$guard/fd/9" ] || {
      kill -USR1 "$guard" 2>/dev/null
      return
    }
  done
}

services() { [ ! -r "$sv/.order" ] || cat "$sv/.order"; }

# Ends the supervisor and what is still under it, which takes as long as the services drain.
end_supervisor() {
  local name
  [ -d "$sv" ] || return 0
  sup_stop
  for name in $(services); do
    while sup_alive "$name" || sup_alive "$name/log"; do sleep 0.02; done
  done
}

# Whoever ran here last and was killed: its services have got TERM or get it here.
end_former() {
  use_supervisor "$(cat "$sv/.supervisor" 2>/dev/null || echo "$TANDEM_SUPERVISOR")"
  end_supervisor
}

# The services of the application that is to run.
selected() {
  local name application
  while read -r name application; do
    case $name in '' | '#'*) continue ;; esac
    case $application in '' | "${TANDEM_ONLY:-$application}") echo "$name" ;; esac
  done <"$templates/order"
}

choose() {
  local name reason
  for name in $(selected); do
    if [ -x "$templates/$name/wanted" ] && ! reason=$("$templates/$name/wanted"); then
      [ -z "$reason" ] || say "$name is left out: $reason"
    else
      chosen+=("$name")
    fi
  done
}

# The scripts that stop what services leave running on purpose.
run_stopped() {
  local name
  for name in $(services); do
    [ -x "$sv/$name/stopped" ] || continue
    (cd "$TANDEM_DIR" && exec "$sv/$name/stopped" 9>&-) || say "cannot stop what $name has left running"
  done
}

# Ends what of the system is left where all who could have stopped it were killed.
end_rest() {
  local name
  for name in $(services | tac); do
    "$here/end-former.sh" "$sv/$name/process" 9>&- || say "$name does not stop"
  done
  run_stopped
}

# Gives a service a script to start with that counts the starts, notes its process, for
# end-former.sh, and ends the last one where that has not ended by itself: its supervisor was
# killed.
note_process() { # SERVICE-DIRECTORY
  mv "$1/run" "$1/command" &&
    cat >"$1/run" <<'RUN' && chmod +x "$1/run"
#!/bin/sh
if read -r pid _ 2>/dev/null <process && [ -e "/proc/$pid" ]; then
  "$TANDEM_SHARE/end-former.sh" process 3>&-
fi
read -r starts 2>/dev/null <starts || starts=0
echo $((starts + 1)) >starts
read -r stat <"/proc/$$/stat"
read -r boot </proc/sys/kernel/random/boot_id
set -- ${stat##*) }
echo "$$ ${20} $boot $(readlink /proc/self/ns/pid)" >process
exec ./command
RUN
}

lay_out() {
  local name service
  rm -rf "$sv"
  mkdir -p "$sv" "$dir/log" "$dir/state" "$dir/sock" || return 1
  : >"$dir/order"
  for name in "${chosen[@]}"; do
    service=$sv/$name
    mkdir -p "$service/log" "$dir/log/$name" &&
      cp -R "$templates/$name/." "$service" &&
      cp "$templates/finish" "$service/finish" &&
      cp "$templates/log" "$service/log/run" &&
      note_process "$service" &&
      sup_prepare "$service" || return 1
    echo "$name" >>"$dir/order"
    [ ! -x "$service/url" ] || printf '%s %s\n' "$name" "$("$service/url")" >>"$sv/.urls"
  done
  # An agent that somebody else runs.
  [ -z "${TANDEM_CONSUL_ADDRESS:-}" ] ||
    printf 'consul %s\n' "${TANDEM_CONSUL_UI:-$TANDEM_CONSUL_ADDRESS}" >>"$sv/.urls"
  touch "$sv/.urls"
  export -p | sed -nE 's/^declare -x ((TANDEM_|RS_ORCH_WORKERS_).*)/export \1/p' >"$sv/.environment"
  echo "$TANDEM_SUPERVISOR" >"$sv/.supervisor"
  # Where the record will be, from now on.
  [ -z "${TANDEM_COORD_NOTE:-}" ] || echo "$TANDEM_COORD_NOTE" >"$dir/state/coordination" || return 1
  client_file >"$dir/client.toml.new" && mv -f "$dir/client.toml.new" "$dir/client.toml" || return 1
  # Its presence says that the layout is complete.
  mv "$dir/order" "$sv/.order"
}

# Where rs-client finds what runs here. It stays: a client in this directory must not speak to
# another system while this one is down.
client_file() {
  local name url
  echo '# Written by tandem(1) at each start: where rs-client(1) finds what runs here.'
  while read -r name url; do
    case $name in
      rs-users) name=users ;;
      rs-rides) name=rides ;;
      rs-orch) name=orch ;;
      ts-front) name=store ;;
      *) continue ;;
    esac
    printf '\n[%s]\nurl = "%s"\n' "$name" "$url"
  done <"$sv/.urls"
}

# Whole microseconds. A locale may write the point otherwise.
now() { echo "${EPOCHREALTIME/[.,]/}"; }
seconds_since() { # MICROSECONDS
  local passed=$((($(now) - $1) / 10000))
  printf '%d.%02d s' $((passed / 100)) $((passed % 100))
}

# What a service says it waits for, of those that have a /readyz; of what its log tells alone, the end
# of that. From then on that its start takes longer than usual, whenever it is something else.
tell_waits() { # NAME
  local guard=$$ url body why said='' never
  url=$(awk -v name="$1" '$1 == name && $2 ~ /^http:/ { print $2 }' "$sv/.urls")
  [ -n "$url" ] || return 0
  exec 9>&-
  exec {never}<> <(:)
  read -r -t 3 -u "$never" _ # pauses without a process, which would be left behind
  while kill -0 "$guard" 2>/dev/null; do
    body=$(curl -qs --noproxy '*' -m 2 "$url/readyz")
    why=$(sed -n 's/^{"error":{"code":503,"message":"\(.*\)"}}$/\1/p' <<<"$body")
    if [ -n "$why" ] && [ "$why" != "$said" ]; then
      said=$why
      say "$1 is not ready yet: $why"
      [[ $why != *'the log tells why' ]] || say "  $(last_words "$1")"
    fi
    read -r -t 1 -u "$never" _
  done
}

# Starts one and waits until it is ready.
start_one() { # NAME
  local teller rc
  tell_waits "$1" </dev/null >/dev/null &
  teller=$!
  sup_up "$1" "${TANDEM_TIMEOUT%ms}"
  rc=$?
  kill "$teller" 2>/dev/null
  wait "$teller" 2>/dev/null
  return $rc
}

start_all() {
  local name begun
  for name in $(services); do
    [ -z "$got" ] || return 0
    begun=$(now)
    if start_one "$name"; then
      say "$name is ready ($(seconds_since "$begun"))"
      continue
    fi
    [ -z "$got" ] || return 0
    failed=$name
    why=$(sup_why "$name")
    return 1
  done
}

stop_all() {
  local name
  if run_is_gone; then
    say "$dir was removed: stopping everything"
    end_marked
    return
  fi
  for name in $(services | tac); do
    sup_down "$name" || say "$name does not stop"
  done
  end_rest
  end_supervisor
  while kill -0 "$scan" 2>/dev/null; do
    if run_is_gone; then end_marked; fi # while it stopped
    sleep 0.05
  done
}

# Stops everything and ends this process.
finish() {
  trap '' INT TERM HUP USR1
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null
  if [ -n "$failed" ]; then
    say "$failed $why; stopping"
    status=69
  fi
  stop_all
  rm -f "$dir/pid"
  if [ -n "$failed" ]; then
    # Taken by somebody since it was looked at: what the service's log may not tell.
    chosen=("$failed")
    check_ports
    say "the end of $dir/log/$failed/current:"
    tail -n 15 "$dir/log/$failed/current" 2>/dev/null | sed 's/^/  /' >&2
  fi
  exit $status
}

show_urls() {
  local name url
  while read -r name url; do printf '%-10s %s\n' "$name" "$url"; done <"$sv/.urls"
}

case $1 in
  sweep)
    end_blind_guards
    end_former
    end_rest
    end_marked
    exit 0
    ;;
  run) parent=$2 ;;
esac

trap 'on_signal INT' INT
trap 'on_signal TERM' TERM
trap 'on_signal HUP' HUP
trap 'on_signal USR1' USR1
# Whoever announces readiness for the whole system must not announce it for each service.
ready_fd=${RS_READY_FD:-}
unset RS_READY_FD RS_READY_WORDS NOTIFY_SOCKET

# The signal for the parent's death does not come where it had died before it was asked for.
[ "$PPID" = "$parent" ] || exit 75
killed=no
[ ! -e "$dir/pid" ] || killed=yes # the one before has not come to removing it
rm -f "$dir/pid"                  # whatever it was, it belongs to this process now
echo $$ >"$dir/pid"
end_former
[ $killed = no ] || end_rest
choose
if ! preflight || [ -n "$got" ]; then
  rm -f "$dir/pid"
  exit $status
fi
use_supervisor "$TANDEM_SUPERVISOR"
if ! lay_out; then
  say "cannot lay out the services below $sv"
  exit 73
fi
if ! sup_start; then
  say "the supervisor does not start; see $dir/log/supervisor"
  exit 69
fi

watch_run </dev/null >/dev/null 2>&1 &
watcher=$!

begun_at=$(now)
if start_all && [ -z "$got" ]; then
  say "everything is ready ($(seconds_since "$begun_at")); Ctrl-C stops it"
  (show_urls) # a shell of its own, which a reader that has gone may end
  [ -z "$ready_fd" ] || { echo >&"$ready_fd"; } 2>/dev/null
  [ -z "$ready_fd" ] || eval "exec $ready_fd>&-" 2>/dev/null
  up=yes
  if [ -z "$got" ]; then
    while kill -0 "$scan" 2>/dev/null; do wait "$scan"; done
    say "the supervisor has ended; stopping"
    status=70
  fi
fi
finish
