#!/usr/bin/env bash
# Reads and writes through the whole of tandem, beside an nginx that only answers "return 200", on
# this host, in turns. Prints a table: requests a second (the median of the rounds), latency, and
# the part of nginx's rate. Any answer that is wrong ends it with exit code 1.
#
#   run.sh [ROUNDS [SECONDS [CONNECTIONS]]]
set -euo pipefail

rounds=${1:-3}
seconds=${2:-5}
connections=${3:-64}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${TANDEM_BIN:-$root/build/bin}
threads=2
PATH=$PATH:/usr/sbin

say() { printf 'bench: %s\n' "$*" >&2; }
for need in wrk nginx jq curl; do
  command -v $need >/dev/null || {
    say "no $need here; make bench installs it"
    exit 69
  }
done

home=$(mktemp -d)
pids=()
stop() {
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT TERM

# Ports: nginx on the first, tandem on the ones after it.
port=${BENCH_PORT:-18080}
cat >"$home/nginx.conf" <<EOF
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
    location / { return 200 '["ann"]'; }
  }
}
EOF
nginx -p "$home" -c "$home/nginx.conf" &
pids+=($!)
"$root/share/scripts/probe.sh" $! "http://127.0.0.1:$port/"

mkfifo "$home/ready"
RS_READY_FD=7 "$root/bin/tandem/tandem" --bin "$bin" --dir "$home" --port-base $((port + 1)) up \
  >"$home/out" 2>&1 7>"$home/ready" &
pids+=($!)
if ! read -r _ <"$home/ready"; then
  cat "$home/out" >&2
  exit 69
fi
users=http://127.0.0.1:$((port + 1))/api/v1/users
rides=http://127.0.0.1:$((port + 2))/api/v1/rides

call() { # EXPECTED-STATUS METHOD URL BODY
  local got
  got=$(curl -sS -o "$home/answer" -w '%{http_code}' -X "$2" -H 'Content-Type: application/json' \
    -d "$4" "$3")
  [ "$got" = "$1" ] || {
    say "$2 $3: $got instead of $1: $(cat "$home/answer")"
    exit 1
  }
}
call 201 PUT "$users" '{"username":"ann","password":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}'
call 201 POST "$rides" \
  '{"created_by":"ann","timestamp":"26-01-2099:53-17-09","source":22,"destination":23}'

# What is measured: name, kind of request, expected status and text, URL.
cases=(
  "nginx get 200 ann http://127.0.0.1:$port/"
  "read get 200 created_by $rides/1"
  "write user 201 {} $users"
)

run=0
load() { # SECONDS CHECK NAME KIND STATUS BODY URL: sets $line to what wrk.lua says
  run=$((run + 1))
  line=$(wrk -t $threads -c "$connections" -d "$1s" -s "$here/wrk.lua" "$7" -- \
    "$4" "$5" "$6" "$2" "$$-$run" | grep '^{')
  jq -e '.requests > 0 and .errors == 0 and .wrong == 0' >/dev/null <<<"$line" || {
    say "$3: not every answer is right: $line"
    exit 1
  }
}

for case in "${cases[@]}"; do
  # shellcheck disable=SC2086  # the words of the case
  load 1 check $case
done
: >"$home/results"
for ((round = 1; round <= rounds; round++)); do
  for case in "${cases[@]}"; do
    # shellcheck disable=SC2086
    load "$seconds" - $case
    jq -c --arg name "${case%% *}" '. + {name: $name}' <<<"$line" >>"$home/results"
  done
done

jq -rs '
  def median: sort | .[length / 2 | floor];
  group_by(.name) | map({name: .[0].name, rate: (map(.rate) | median), p50: (map(.p50_ms) | median),
                         p99: (map(.p99_ms) | median), max: (map(.max_ms) | max)})
  | (map(select(.name == "nginx"))[0].rate) as $nginx
  | ["name", "requests/s", "of nginx", "p50 ms", "p99 ms", "max ms"],
    (.[] | [.name, .rate, (.rate / $nginx * 100 | round / 100), .p50, .p99, .max])
  | @tsv' "$home/results" | column -t -s $'\t'
