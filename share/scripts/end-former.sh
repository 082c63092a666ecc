#!/bin/sh
# end-former.sh FILE: ends the process that is noted in the file, where it is still there; TERM
# first, or what the file down-signal beside it says, KILL when TANDEM_GRACE seconds (15) have passed. A process is noted as its id and its start
# time (field 22 of /proc/ID/stat), since ids are used again, and, where they are noted as well, the
# boot and the namespace of the id, since start times count from the boot.
read -r pid ticks boot namespace 2>/dev/null <"$1" || exit 0
# kill takes 0 and negative numbers for groups of processes, -1 for all there are.
case $pid in '' | *[!0-9]* | 0* | 1) exit 0 ;; esac
if [ -n "$boot" ]; then
  read -r now </proc/sys/kernel/random/boot_id
  [ "$boot $namespace" = "$now $(readlink /proc/self/ns/pid)" ] || exit 0
fi
is_there() {
  read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
  # shellcheck disable=SC2086  # the fields from the third one on: the second may hold anything
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "${20}" = "$ticks" ]
}

signal=TERM
case $1 in */*) beside=${1%/*} ;; *) beside=. ;; esac
! read -r said 2>/dev/null <"$beside/down-signal" || signal=${said#SIG}
for rounds in $((${TANDEM_GRACE:-15} * 20)) 300; do
  is_there || exit 0
  kill -s "$signal" "$pid" 2>/dev/null
  while [ "$rounds" -gt 0 ] && is_there; do
    sleep 0.05
    rounds=$((rounds - 1))
  done
  signal=KILL
done
is_there && exit 1
exit 0
