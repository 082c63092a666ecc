# What the benchmarks share: a whole tandem system and an nginx of its own, on free ports and in a
# temporary directory; both are stopped, by their process ids, when the script ends. To be sourced.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${TANDEM_BIN:-$root/build/bin}
PATH=$PATH:/usr/sbin
# Options of an outer tandem must not reach this one.
unset TANDEM_DIR TANDEM_ETC TANDEM_ONLY TANDEM_SUPERVISOR TANDEM_TIMEOUT TANDEM_LB_PORT TANDEM_LB_HOST \
  TANDEM_TABLES
# Where the workers have their tables, file or postgres.
tables=${TABLES:-file}
# What is asked for here is on this host.
export no_proxy='*'

say() { printf 'bench: %s\n' "$*" >&2; }
die() {
  local status=$1
  shift
  say "$@"
  exit "$status"
}

need() { # PROGRAM...
  local program
  for program; do
    command -v "$program" >/dev/null || die 69 "no $program here; make bench installs it"
  done
}

home=$(mktemp -d)
tandem_pid=''
nginx_pid=''
stop_process() { # PID
  [ -n "$1" ] || return 0
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
clean_up() {
  stop_process "$tandem_pid"
  stop_process "$nginx_pid"
  [ -z "${KEEP:-}" ] || cp -r "$home" "$KEEP"
  rm -rf "$home"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The first of six free ports, below the range from which the kernel takes ports of its own.
free_ports() {
  local base port busy
  for ((base = 10000 + RANDOM % 2000 * 10; ; base += 10)); do
    busy=no
    for ((port = base; port < base + 6; port++)); do
      if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then busy=yes; fi
    done
    [ $busy = yes ] || break
  done
  printf '%s\n' "$base"
}
port=$(free_ports)
nginx_url=http://127.0.0.1:$port
users=http://127.0.0.1:$((port + 1))
rides=http://127.0.0.1:$((port + 2))
orch=http://127.0.0.1:$((port + 3))
shop=http://127.0.0.1:$((port + 5))

# One worker that answers 200 bytes from memory: the most that a server can do here.
start_nginx() {
  local body
  body=$(printf 'nginx%0195d' 0)
  cat >"$home/nginx.conf" <<EOT
daemon off;
master_process off;
pid $home/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $home/body;
  proxy_temp_path $home/proxy;
  fastcgi_temp_path $home/fastcgi;
  uwsgi_temp_path $home/uwsgi;
  scgi_temp_path $home/scgi;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:$port;
    default_type application/json;
    location / { return 200 '$body'; }
  }
}
EOT
  nginx -p "$home" -c "$home/nginx.conf" &
  nginx_pid=$!
  "$root/share/scripts/probe.sh" $nginx_pid "$nginx_url/"
}

# Of RideShare, a master and one slave, whatever the load: the autoscaler would change what is
# measured.
start_tandem() { # rideshare or toystore
  local ready=$home/ready
  application=$1
  mkfifo "$ready"
  RS_READY_FD=7 RS_ORCH_SCALING_MAX_SLAVES=1 "$root/bin/tandem/tandem" --bin "$bin" --dir "$home" \
    --only "$application" --tables "$tables" --port-base $((port + 1)) up >"$home/out" 2>&1 7>"$ready" &
  tandem_pid=$!
  read -r _ <"$ready" || {
    cat "$home/out" >&2
    die 69 'the system does not start'
  }
  rm "$ready"
}

stop_tandem() {
  stop_process "$tandem_pid"
  tandem_pid=''
}

# Calls a URL; ends everything where the status is not the expected one. The body is in $answer.
call() { # EXPECTED-STATUS METHOD URL [BODY]
  local got
  got=$(curl -sS -m 60 -o "$home/answer" -w '%{http_code}' -X "$2" \
    ${4+-H 'Content-Type: application/json' -d "$4"} "$3") || die 1 "$2 $3: no answer"
  answer=$(<"$home/answer")
  [ "$got" = "$1" ] || die 1 "$2 $3: $got instead of $1: ${answer:0:300}"
}

# Process ids and start times of everything that answers: the same text means that none has died.
who_runs() {
  local url urls=("$shop")
  if [ "$application" = rideshare ]; then
    urls=("$users" "$rides" "$orch")
    call 200 GET "$orch/api/v1/worker/list"
    printf '%s\n' "$answer"
  else
    # Only the end of a process lets its supervisor write another number there.
    cat "$home"/run/state/{catalog-1,order-[123]}/lock
  fi
  for url in "${urls[@]}"; do
    call 200 GET "$url/metrics"
    grep '^process_start_time_seconds' <<<"$answer"
  done
  [ -z "$nginx_pid" ] || kill -0 "$nginx_pid" 2>/dev/null || die 1 'nginx has died'
}

# Until master and slave are in sync.
wait_in_sync() {
  local i
  for ((i = 0; i < 400; i++)); do
    call 200 GET "$orch/api/v1/worker/status"
    if jq -e '[.[] | select(.in_sync)] | length == 2' >/dev/null <<<"$answer"; then return; fi
    sleep 0.05
  done
  die 1 "master and slave are not in sync: $answer"
}

# Until all three replicas of the orders are in sync and the last one leads.
wait_for_leader() {
  local i
  for ((i = 0; i < 400; i++)); do
    call 200 GET "$shop/replicas"
    if jq -e '(.data | map(select(.in_sync)) | length == 3) and .data[2].role == "leader"' \
      >/dev/null <<<"$answer"; then return; fi
    sleep 0.05
  done
  die 1 "the orders are not whole: $answer"
}

# What is left of START toys Tux, and one for each order, are all there were.
check_stock() { # START
  local left last
  call 200 GET "$shop/products/Tux"
  left=$(jq .data.quantity <<<"$answer")
  call 200 GET "$shop/replicas"
  last=$(jq '.data[2].last_order' <<<"$answer")
  [ $((left + last + 1)) -eq "$1" ] ||
    die 1 "of $1 toys $left are left, and order $last is the last one"
}
