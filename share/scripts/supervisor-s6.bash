# How supervise.sh speaks to s6. Sourced by it; uses $sv (the scan directory) and interruptible().
# The same functions stand in supervisor-runit.bash. A service "is ready" when it has written
# a newline to its descriptor 3 (notification-fd).
# shellcheck shell=bash disable=SC2154

# Adds what s6 wants to a service directory that supervise.sh has laid out.
sup_prepare() {
  local service=$1
  echo 3 >"$service/notification-fd"
  # A daemon drains within 10 s by default; past this time it is killed.
  [ -e "$service/timeout-kill" ] || echo 20000 >"$service/timeout-kill"
  # Everything starts down: supervise.sh brings the services up one after the other.
  : >"$service/down"
}

# Starts the supervisor; sets $scan to its process id. Descriptor 9 is the lock of the whole system,
# which no service may inherit.
sup_start() {
  local service
  TANDEM_SYSTEM=$TANDEM_DIR setpriv --pdeathsig TERM s6-svscan -t 0 -c 100 "$sv" </dev/null >>"$dir/log/supervisor" 2>&1 9>&- &
  scan=$!
  for service in "$sv"/*; do
    until s6-svok "$service" 2>/dev/null; do
      kill -0 "$scan" 2>/dev/null || return 1
      sleep 0.01
    done
  done
}

# Starts a service and waits until it is ready, has died or $2 milliseconds are over. Subscribes to
# its events before it is started, so that none is missed. Its supervisor listens by now, but on a
# loaded machine s6-svc was seen not to reach it: an order that comes twice does no harm.
sup_up() {
  local service=$sv/$1
  # shellcheck disable=SC2016  # expanded by the shell that runs it
  interruptible s6-ftrig-listen1 -t "$2" "$service/event" '[UdO]' \
    sh -c 'for try in 1 2 3 4 5; do s6-svc -u "$1" && break; sleep 0.1; done' order "$service" >/dev/null 2>&1
  rm -f "$service/down"
  [ "$(s6-svstat -o ready "$service")" = true ]
}

sup_why() {
  local code signal
  read -r code signal <<<"$(s6-svstat -o exitcode,signum "$sv/$1" 2>/dev/null)"
  if [ -n "${code:-}" ] && { [ "$code" != -1 ] || [ "$signal" != -1 ]; }; then
    ending_in_words "$code" "$signal"
  else
    echo "was not ready in time"
  fi
}

sup_down() { s6-svc -wD -T 30000 -d "$sv/$1"; }

# With SIGKILL, and does not start it again.
sup_kill() { s6-svc -wD -T 30000 -Ok "$sv/$1"; }

# Ends the supervisor itself and what is still under it. One that was killed has left a process for
# each service, which ends with its service, and one for each log, which ends when it has all of it.
sup_stop() {
  local service
  # Our own by its process id: while it lives, what is ended below it comes back.
  if [ -n "$scan" ] && kill -TERM "$scan" 2>/dev/null; then return 0; fi
  ! s6-svscanctl -t "$sv" 2>/dev/null || return 0
  for service in "$sv"/*; do
    s6-svc -xd "$service" 2>/dev/null
    s6-svc -xO "$service/log" 2>/dev/null
  done
}

# True while anything supervises the service.
sup_alive() { s6-svok "$sv/$1" 2>/dev/null; }

# Prints the state (ready, starting, stopping, down), for how many seconds it is so, the process id
# (or -), and of what is down how it ended.
sup_state() {
  local up ready wanted pid seconds state
  read -r up ready wanted pid seconds <<<"$(s6-svstat -o up,ready,wantedup,pid,updownfor "$sv/$1" 2>/dev/null)"
  case ${up:-} in
    true)
      state=starting
      [ "$ready" != true ] || state=ready
      [ "$wanted" = true ] || state=stopping
      echo "$state $seconds $pid"
      ;;
    false) echo "down $seconds - $(sup_why "$1")" ;;
    *) echo 'down 0 - is not supervised' ;;
  esac
}
