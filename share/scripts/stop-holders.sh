#!/bin/sh
# stop-holders.sh LOCK...: ends the processes that hold these lock files, each of which has the
# process id of its holder as text. TERM first; KILL for what still holds its lock
# TANDEM_GRACE seconds later (15). Returns when no lock is held. Files that nobody holds, or that
# are not there, are left alone; so are processes that do not have the file open: the holder lives
# in another namespace of process ids, where the number means another one.
has_open() { # PID FILE
  for open in "/proc/$1/fd"/*; do
    # shellcheck disable=SC3013  # every sh that Debian has knows it
    [ ! "$open" -ef "$2" ] || return 0
  done
  return 1
}

status=0
for sig in TERM KILL; do
  wait=15
  [ $sig = KILL ] || wait=${TANDEM_GRACE:-15}
  for lock; do
    [ -s "$lock" ] || continue
    flock -n "$lock" true && continue
    pid=$(head -n 1 "$lock")
    # kill takes 0 and negative numbers for groups of processes, -1 for all there are.
    case $pid in '' | *[!0-9]* | 0* | 1) continue ;; esac
    has_open "$pid" "$lock" || continue
    kill -s "$sig" "$pid" 2>/dev/null
  done
  status=0
  for lock; do
    [ ! -e "$lock" ] || flock -w "$wait" "$lock" true || status=1
  done
  [ $status -ne 0 ] || break
done
exit $status
