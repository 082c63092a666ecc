# What all bats suites share. CTest sets TANDEM_SOURCE (the source tree), TANDEM_BIN (the programs
# of the build) and TANDEM_TOOLS (what the build has brought); run by hand, a suite finds them
# itself. Nothing here waits by time: processes announce what they did on a descriptor.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

: "${TANDEM_SOURCE:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${TANDEM_BIN:=$TANDEM_SOURCE/build/bin}"
: "${TANDEM_TOOLS:=$TANDEM_SOURCE/build/tools}"
export TANDEM_SOURCE TANDEM_BIN TANDEM_TOOLS
# What is asked for here is on this host.
export no_proxy='*'
# Events that are waited for are those of this life of a process, unless a test is about others.
export RS_ORCH_EVENTS_DIRECTORY="" TS_FRONT_EVENTS_DIRECTORY=""
tandem=$TANDEM_SOURCE/bin/tandem/tandem
# Options of an outer tandem must not reach the ones under test.
unset TANDEM_DIR TANDEM_ETC TANDEM_ONLY TANDEM_SUPERVISOR TANDEM_TIMEOUT TANDEM_LB_PORT TANDEM_LB_HOST \
  TANDEM_TABLES TANDEM_COORD TANDEM_COORD_PREFIX
# Those of the suite itself do: this is read again for each of its tests.
if [ -z "${tandem_outer_urls_are_gone:-}" ]; then
  unset RS_CLIENT_USERS_URL RS_CLIENT_RIDES_URL RS_CLIENT_ORCH_URL RS_CLIENT_STORE_URL
  unset "${!CONSUL_@}" TANDEM_CONSUL TANDEM_CONSUL_DNS
  export tandem_outer_urls_are_gone=yes
fi
# A suite may be run on PostgreSQL (tests/backends.sh): tandem makes a cluster of its own for that,
# and what is started without it has a database in the cluster that TANDEM_TEST_POSTGRES names.
[ -z "${TANDEM_TEST_TABLES-}" ] || export TANDEM_TABLES=$TANDEM_TEST_TABLES
# Likewise on Consul, by the agent that TANDEM_TEST_CONSUL names; all that is started has a prefix of
# its own there, by its directory.
if [ -n "${TANDEM_TEST_COORD-}" ]; then
  export TANDEM_COORD=$TANDEM_TEST_COORD CONSUL_HTTP_ADDR=$TANDEM_TEST_CONSUL
fi

# Has what is started from now on without tandem keep its tables, and coordinate, where the suite is.
homes_of() { # DIR
  tables_of "$1"
  coord_of "$1"
}

coord_of() { # DIR
  local program
  [ -n "${TANDEM_TEST_COORD-}" ] || return 0
  for program in RS_ORCH RS_WORKER RS_USERS RS_RIDES TS_ORDER TS_CATALOG TS_FRONT; do
    export "${program}_COORD_BACKEND=$TANDEM_TEST_COORD" \
      "${program}_COORD_ADDRESSES=$TANDEM_TEST_CONSUL" \
      "${program}_COORD_PREFIX=test-$(cksum <<<"$1" | cut -d ' ' -f 1)"
  done
}

# Has the replicas that are started from now on keep their tables in databases that are those of
# directory $1, where the suite is on PostgreSQL.
tables_of() { # DIR
  local program prefix
  [ "${TANDEM_TEST_TABLES-}" = postgres ] || return 0
  for program in worker order catalog; do
    case $program in
      worker) prefix=RS_WORKER_TABLES ;;
      *) prefix=TS_${program^^}_TABLES ;;
    esac
    export "${prefix}_BACKEND=postgres"
    export "${prefix}_URL=host=$TANDEM_TEST_POSTGRES user=tester dbname=${program}_$(cksum <<<"$1" | cut -d ' ' -f 1)_{id}"
  done
}

# Leaves a test out where the suite is on Consul.
not_on_consul() { [ "${TANDEM_TEST_COORD-}" != consul ] || skip "on Consul: $1"; } # WHY

# Leaves a test out where the suite is on PostgreSQL.
not_on_postgres() { [ "${TANDEM_TEST_TABLES-}" != postgres ] || skip "on PostgreSQL: $1"; } # WHY

# The first of $1 ports that are free, in $port_base. They lie below the range from which the
# kernel takes ports of its own, and a lock that this shell holds until it ends keeps other suites
# off them.
take_ports() {
  local count=$1 block port fd busy
  local locks
  locks=${TMPDIR:-/tmp}/tandem-test-ports.$(id -u)
  mkdir -p "$locks"
  for ((block = 10000 + RANDOM % 1000 * 20; ; block = block < 30000 ? block + 20 : 10000)); do
    exec {fd}>"$locks/$block"
    if flock -n "$fd"; then
      busy=no
      for ((port = block; port < block + count; port++)); do
        if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then busy=yes; fi
      done
      if [ $busy = no ]; then
        port_base=$block
        return 0
      fi
    fi
    exec {fd}>&-
  done
}

# Starts a command in the background and waits until it announces readiness with a newline on the
# descriptor that RS_READY_FD names. Its process id is in $started; its output goes to the file $1.
# Fails, showing that output, where the command ends instead.
start_ready() {
  local output=$1 fifo
  shift
  fifo=$(mktemp -u "$BATS_TEST_TMPDIR/ready.XXXXXX")
  mkfifo "$fifo"
  RS_READY_FD=7 "$@" >"$output" 2>&1 3>&- 7>"$fifo" &
  started=$!
  # The writing end is with the command alone: its end is the end of the file.
  if read -r _ <"$fifo"; then
    rm "$fifo"
    return 0
  fi
  rm "$fifo"
  wait "$started" || true
  cat "$output" >&2
  return 1
}

# Starts a whole system below $1, with the options that follow.
tandem_up() {
  local dir=$1
  shift
  mkdir -p "$dir"
  start_ready "$dir/up.out" "$tandem" --dir "$dir" "$@" up
}

# Sends SIGNAL to one process. A number that a program printed may be -1 or 0, which kill takes for
# every process there is and for this group of them; so suites that get a process id from elsewhere
# than $! use this.
signal_process() { # SIGNAL PID
  # Not left to errexit, which is off in a command that `run` or a condition calls.
  if [[ ! ${2-} =~ ^[1-9][0-9]*$ ]] || [ "$2" -eq 1 ]; then
    fail "'${2-}' is no process to signal"
    return 1
  fi
  kill "-$1" "$2"
}

# Stops what start_ready has started; its exit code is this function's.
stop_started() {
  kill -TERM "$1" 2>/dev/null || true
  wait "$1"
}

# Kills everything that could stop the services of a system: $2, which is tandem itself, the guard, the
# supervisor and its helpers. The services are left to themselves.
kill_supervision() { # DIR PID
  local guard pid pids
  guard=$(cat "$1/run/pid")
  mapfile -t pids < <(printf '%s\n' "$2" "$guard" && pgrep -P "$guard" && processes_in "$1/run/sv/*")
  # Stopped from the top and killed from below, so that none can do anything about the end of another.
  for pid in "${pids[@]}"; do signal_process STOP "$pid"; done
  mapfile -t pids < <(printf '%s\n' "${pids[@]}" | tac)
  for pid in "${pids[@]}"; do signal_process KILL "$pid"; done
  wait "$2" || true
  wait_until_down "$1"
}

# Waits until the system of directory $1 is down, for one that this shell did not start or killed.
wait_until_down() { flock -w 60 "$1/run/lock" true; }

# True where the process is there and no zombie.
is_running() {
  local state
  state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) && [ "$state" != Z ]
}

# Waits for the end of a process that is no child of this shell.
wait_gone() { tail --pid="$1" -s 0.01 -f /dev/null; }

# Starts a database alone, rs-orch and its workers, in directory $1 on $port_base, with the options
# that follow. Its process id is in $started, its API at $db. May be called again on the directory.
database_up() { # DIR [OPTION]…
  local dir=$1
  shift
  mkdir -p "$dir"
  homes_of "$dir"
  database=$dir
  db=http://127.0.0.1:$port_base/api/v1
  last_event=0
  start_ready "$dir/log.$(find "$dir" -name 'log.*' | wc -l)" env -C "$dir" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port "$port_base" "$@"
}

# Stops what database_up has started. Fails where that did not end with 0 or left a process behind.
database_down() {
  local code=0 left
  stop_started "$started" || code=$?
  left=$(processes_in "$database")
  # shellcheck disable=SC2086  # a list of pids
  [ -z "$left" ] || kill -KILL $left
  if [ "$code" != 0 ] || [ -n "$left" ]; then
    echo "rs-orch ended with $code and left these processes: ${left:-none}" >&2
    tail -n 30 "$database"/log.* >&2
    return 1
  fi
}

# The ids of the processes that have directory $1 as their working directory.
processes_in() {
  find /proc -maxdepth 2 -path '/proc/[0-9]*/cwd' -lname "$1" 2>/dev/null | cut -d/ -f3
}

# Waits for an event of the database service: of this kind, and one for which the jq expression
# holds. It is then in $event, as JSON. Each event is seen once, those of the past first.
await_event() { # KIND[|KIND]… [CONDITION]
  local line fd reader kind=''
  exec {fd}< <(exec curl -sN -m 60 -H "Last-Event-ID: $last_event" "$db/events" 3>&-)
  reader=$!
  while read -r line <&$fd; do
    case $line in
      'id: '*) last_event=${line#id: } ;;
      'event: '*) kind=${line#event: } ;;
      'data: '*)
        event=${line#data: }
        if [[ $kind =~ ^($1)$ ]] && { [ $# = 1 ] || jq -e "$2" <<<"$event" >/dev/null; }; then
          kill "$reader"
          exec {fd}<&-
          return 0
        fi
        ;;
    esac
  done
  exec {fd}<&-
  echo "there was no event $1 ${2:-}" >&2
  return 1
}

# Calls URL with curl; sets $status to the HTTP status and $output to the body. Further arguments
# are curl's.
http() { # METHOD URL [BODY [ARGUMENT]…]
  local answer
  answer=$(curl -sS -m 30 -X "$1" -w '\n%{http_code}' ${3+-H 'Content-Type: application/json' -d "$3"} "${@:4}" "$2")
  status=${answer##*$'\n'}
  output=${answer%$'\n'*}
}

# Runs COMMAND at a terminal of its own and types ANSWER when it has asked something that ends with
# a colon. Sets $status, and $output to what the terminal has shown.
at_terminal() { # ANSWER COMMAND [ARGUMENT]…
  local answer=$1 question='' screen typed pid
  shift
  rm -f "$BATS_TEST_TMPDIR"/{screen,typed}
  mkfifo "$BATS_TEST_TMPDIR"/{screen,typed}
  # A command in the background has INT ignored, which it would pass on.
  timeout --foreground 60 env --default-signal=INT,QUIT script -qfe -E always -c "$(printf '%q ' "$@")" /dev/null \
    <"$BATS_TEST_TMPDIR/typed" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
  pid=$!
  exec {typed}>"$BATS_TEST_TMPDIR/typed"
  exec {screen}<"$BATS_TEST_TMPDIR/screen"
  IFS= read -r -d : question <&"$screen" || true
  printf '%b' "$answer" >&"$typed"
  output=$question:$(cat <&"$screen")
  exec {typed}>&- {screen}<&-
  status=0
  wait "$pid" || status=$?
}
