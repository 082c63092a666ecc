# How supervise.sh speaks to runit, where s6 is missing. Sourced by it; the same functions as in
# supervisor-s6.bash. runit knows no readiness, so a FIFO named "news" in the service directory
# stands for s6's events: while the file "starting" is there, the service's descriptor 3 leads to
# it, and finish writes why the service ended.
# shellcheck shell=bash disable=SC2154

sup_prepare() {
  local service=$1
  : >"$service/down"
  mkfifo "$service/news"
  mv "$service/run" "$service/daemon"
  cat >"$service/run" <<'RUN'
#!/bin/sh
rm -f ready
if [ -e starting ]; then exec ./daemon 3<>news; fi
exec ./daemon 3>ready
RUN
  mv "$service/finish" "$service/ended"
  cat >"$service/finish" <<'FINISH'
#!/bin/sh
echo "$1 $2" >last-exit
if [ -e starting ]; then echo died 1<>news; fi
exec ./ended "$@"
FINISH
  chmod +x "$service/run" "$service/finish"
  [ ! -e "$service/down-signal" ] || use_down_signal "$service"
}

# In the place of TERM the signal of that file, which is s6's.
use_down_signal() { # SERVICE-DIRECTORY
  mkdir -p "$1/control"
  cat >"$1/control/t" <<'CONTROL' && chmod +x "$1/control/t"
#!/bin/sh
read -r signal <down-signal && read -r pid <supervise/pid && exec kill -s "${signal#SIG}" "$pid"
CONTROL
}

# runsvdir leaves everything running on TERM and stops it on HUP.
sup_start() {
  local service
  TANDEM_SYSTEM=$TANDEM_DIR setpriv --pdeathsig HUP runsvdir "$sv" </dev/null >>"$dir/log/supervisor" 2>&1 9>&- &
  scan=$!
  for service in "$sv"/*; do
    until sv status "$service" >/dev/null 2>&1; do
      kill -0 "$scan" 2>/dev/null || return 1
      sleep 0.01
    done
  done
}

sup_up() {
  local service=$sv/$1 news='' timed_out=no seconds
  : >"$service/starting"
  exec 8<>"$service/news"
  sv up "$service" >/dev/null
  printf -v seconds '%d.%03d' $(($2 / 1000)) $(($2 % 1000))
  interruptible timeout "$seconds" head -n 1 <&8 >"$service/first-news" || timed_out=yes
  news=$(cat "$service/first-news")
  rm -f "$service/starting" "$service/down"
  exec 8<&-
  [ $timed_out = no ] && [ -z "$news" ] || return 1
  echo >"$service/ready"
}

sup_why() {
  local code signal
  if [ ! -e "$sv/$1/last-exit" ]; then
    echo "was not ready in time"
    return
  fi
  read -r code signal <"$sv/$1/last-exit"
  ending_in_words "$code" "$signal"
}

sup_down() { sv -w 20 force-stop "$sv/$1" >/dev/null; }

# With SIGKILL, and does not start it again.
sup_kill() {
  sv once "$sv/$1" >/dev/null
  sv kill "$sv/$1" >/dev/null
  until sv status "$sv/$1" | grep -q '^down'; do sleep 0.02; done
}

sup_stop() {
  local service
  for service in "$sv"/*; do sv -w 20 force-shutdown "$service" >/dev/null 2>&1; done
  kill -HUP "${scan:-}" 2>/dev/null
}

sup_alive() { sv status "$sv/$1" 2>/dev/null | grep -q -v '^fail:'; }

# As in supervisor-s6.bash, out of lines such as "run: DIR: (pid 12) 3s, normally down; run: log…".
sup_state() {
  local line state=down pid=- seconds
  line=$(sv status "$sv/$1" 2>/dev/null)
  line=${line%%; *}
  seconds=$(sed -n 's/.*[ )] *\([0-9][0-9]*\)s.*/\1/p' <<<"$line")
  case $line in
    run:*)
      pid=${line#*(pid }
      pid=${pid%%)*}
      state=starting
      [ ! -s "$sv/$1/ready" ] || state=ready
      case $line in *'want down'*) state=stopping ;; esac
      echo "$state ${seconds:-0} $pid"
      ;;
    *) echo "down ${seconds:-0} - $(sup_why "$1")" ;;
  esac
}
