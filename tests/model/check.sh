#!/usr/bin/env bash
# check.sh PROGRAM [JOBS]: runs the model within small bounds: with the rules, where nothing may be
# found, and without each of them, where a violation has to be found. About 25 s of processor time.
set -u
program=$1
jobs=${2:-2}

two='replicas=2 first_set=3 epochs=3 writes=1 crashes=0 messages=1 swaps=1 versions=4'
reads='reads replicas=2 first_set=3 epochs=2 writes=1 crashes=0 messages=1 swaps=1 versions=3'
# Acknowledged means on two disks; one of them goes back.
three='replicas=3 first_set=6 min_set=2 epochs=3 writes=1 crashes=0 messages=1 swaps=1 versions=3 rollbacks=1 images=0'

# run STATUS OPTION...: the status that has to come.
run() {
  local expected=$1 output status
  shift
  output=$("$program" quiet "$@" 2>&1)
  status=$?
  if [ "$status" -eq "$expected" ]; then
    printf 'ok      %s\n' "$(head -n 1 <<<"$output")"
  else
    printf 'FAILED  exit %s, not %s\n%s\n' "$status" "$expected" "$output"
    return 1
  fi
}
export -f run
export program

sound() { printf '0 %s\n' "$*"; }
planted() { printf '1 max=4 %s\n' "$*"; }

{
  # Processes that crash, without faults of the world outside.
  sound "$two" crashes=1
  sound "$two" versions=2 wipes=1 first_set=5 replicas=3 epochs=2
  sound "$reads" versions=2
  # Disks and records that go back, whoever answers.
  sound "$two" rollbacks=1 images=0
  sound "$two" go_backs=1 images=0 versions=3
  sound "$two" go_backs=1 images=0 versions=3 writes=0 swaps=2
  sound "$two" go_backs=1 restore=3 images=0 silent=0 versions=3 stop_at_loss
  sound rollbacks=1 images=0 rollers=4 epochs=3 writes=1 crashes=0 messages=1 swaps=1 versions=2 \
    max=2
  sound "$three"

  # The rules of the protocol proper.
  planted "$two" assume
  planted "$two" swaps=2 read_back
  planted "$two" swap_fail
  planted "$two" skip_union
  planted "$two" crashes=1 reuse session=0
  planted "$two" crashes=1 messages=2 epochs=2 no_promise
  planted "$two" crashes=1 ack_early
  planted "$two" messages=2 blind_cut
  planted "$two" replicas=3 first_set=5 wipes=1 crashes=1 messages=2 any_disk
  planted "$two" messages=2 versions=3 chunk no_cap
  planted "$two" first_set=1 outside
  planted "$two" replicas=3 asking=0 named=0 marks=0 chunk dup=0 fsync=0 grow_early
  # Leases.
  for bug in swap_first no_wait no_leave_wait receipt no_leader_lease serve_early check_before=2; do
    planted "$reads" "$bug"
  done
  # The past that comes back.
  planted "$two" rollbacks=1 images=0 session=0
  planted "$two" rollbacks=1 images=0 refuse_cut=0
  planted "$two" rollbacks=1 images=0 heed_mark=0
  planted "$two" rollbacks=1 images=0 heed_mark=1
  planted "$two" rollbacks=1 images=0 silent=0 heed_longest=0
  planted "$two" rollbacks=1 images=0 silent=0 heed_longest=1 crashes=1 chunk
  planted "$three" enough=0
  planted "$two" go_backs=1 images=0 unique=0
  planted "$two" go_backs=1 images=0 unique=1 epochs=2 versions=3 writes=0 swaps=2
  planted "$two" go_backs=1 images=0 believe_old
  planted "$two" go_backs=1 images=0 repair_all=0
  planted "$two" go_backs=1 images=0 silent=0 crashes=1 wait_named=0
  planted "$two" go_backs=1 images=0 silent=0 crashes=1 named=0
  planted "$two" go_backs=1 images=0 first_set=1 ask_all=0
  planted "$two" go_backs=1 epochs=2 versions=3 swap_text=0
  planted "$two" go_backs=1 images=0 gone first_version=3 silent=0 writes=0 crashes=1 versions=5 \
    known_order=0
} | xargs -P "$jobs" -L 1 bash -c 'run "$@"' run || {
  echo 'the model does not say what it should' >&2
  exit 1
}
