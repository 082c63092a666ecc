#!/usr/bin/env bats
# ctest: serial timeout=600
# share/prometheus, share/grafana and tandem-metrics(7): by promtool, and by a Prometheus that scrapes
# a whole system. It is started here, on a port and in a directory of the suite; one that runs on this
# host as a service is left alone.

load test_helper

share=$TANDEM_SOURCE/share
page=$TANDEM_SOURCE/man/tandem-metrics.7

setup_file() {
  take_ports 6
  export port_base home=$BATS_FILE_TMPDIR/home conf=$BATS_FILE_TMPDIR/conf
  export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base
  export RS_CLIENT_RIDES_URL=http://127.0.0.1:$((port_base + 1))
  export RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2))
  export RS_CLIENT_STORE_URL=http://127.0.0.1:$((port_base + 4))
  export prometheus=http://127.0.0.1:$((port_base + 5))
  export client=$TANDEM_BIN/rs-client
  # With tables in PostgreSQL and with snapshots there is a value for every metric.
  export RS_WORKER_SNAPSHOT_LOG_SIZE=1KiB TS_ORDER_SNAPSHOT_LOG_SIZE=1KiB TS_CATALOG_SNAPSHOT_LOG_SIZE=1KiB
  tandem_up "$home" --tables postgres --port-base "$port_base"
  export front=$started
  prometheus_up
}

# The shipped files, with the ports of the system here and a shorter interval.
prometheus_up() {
  mkdir "$conf"
  cp "$TANDEM_SOURCE"/share/prometheus/*.yml "$conf"
  sed -i "s/:8080\]/:$port_base]/; s/:8000\]/:$((port_base + 1))]/; s/:8090\]/:$((port_base + 2))]/
    s/:8001\]/:$((port_base + 4))]/" "$conf/tandem.targets.yml"
  sed -i 's/_interval: 5s$/_interval: 2s/; s/scrape_timeout: 4s$/scrape_timeout: 2s/' "$conf/prometheus.yml"
  prometheus --config.file="$conf/prometheus.yml" --storage.tsdb.path="$BATS_FILE_TMPDIR/data" \
    --web.listen-address="${prometheus#http://}" --log.level=warn >"$BATS_FILE_TMPDIR/prometheus.log" 2>&1 3>&- &
  export prometheus_pid=$!
  until curl -sf -m 30 "$prometheus/-/ready" >/dev/null 2>&1; do is_running "$prometheus_pid"; done
}

teardown_file() {
  local pid
  while read -r pid; do kill -CONT "$pid" 2>/dev/null; done < <(cat "$BATS_FILE_TMPDIR/stopped" 2>/dev/null) || true
  [ -z "${prometheus_pid-}" ] || stop_started "$prometheus_pid" || true
  [ -z "${front-}" ] || stop_started "$front"
}

# The result of a query, as JSON; fails where Prometheus refuses it.
query() { # EXPRESSION
  curl -sS -m 30 "$prometheus/api/v1/query" --data-urlencode "query=$1" |
    jq -ec 'if .status == "success" then .data.result else error(.error) end'
}

# Asks until the expression has a value.
until_value() { # EXPRESSION
  local answer try
  for ((try = 0; try < 3000; try++)); do
    answer=$(query "$1") || return
    [ "$answer" = '[]' ] || return 0
  done
  fail "there is no value of $1"
}

# The names of the alarms that fire now, or have in the last ten minutes.
firing() { query 'ALERTS{alertstate="firing"}' | jq -r '[.[].metric.alertname] | unique | join(" ")'; }
fired() {
  query 'max_over_time(ALERTS{alertstate="firing"}[10m])' |
    jq -r '[.[].metric.alertname] | unique | join(" ")'
}

# "kind name" of all that the system exports.
exported() {
  local port
  for port in 0 1 2 4; do curl -sS -m 30 "http://127.0.0.1:$((port_base + port))/metrics"; done |
    sed -n 's/^# TYPE \([^ ]*\) \(.*\)/\2 \1/p' | sort -u
}

# "kind name" of all that the page tells of: .It Li NAME , NAME Pq KIND; LABEL
told() {
  sed -n 's/^\.It Li \(.*\) Pq \([a-z]*\).*/\2 \1/p' "$page" |
    awk '$1 ~ /gauge|counter|histogram/ { for (i = 2; i <= NF; i++) if ($i != ",") print $1, $i }' | sort -u
}

# What the dashboard asks for, a line each, with values in the place of its variables.
dashboard_queries() {
  jq -r '[.. | objects | .expr? // empty] | .[]' "$share/grafana/tandem.json" |
    sed 's/\$__rate_interval/1m/g; s/\$__interval/1m/g; s/\$\(system\|group\|instance\)\>/.*/g'
}

@test 'promtool accepts the configuration, and what the variant for Consul makes of a service' {
  run -0 promtool check config "$share/prometheus/prometheus.yml"
  assert_line --partial '1 rule files found'
  cp "$share"/prometheus/*.yml "$BATS_TEST_TMPDIR"
  cd "$BATS_TEST_TMPDIR"
  # As the file says: the lines after that comment, instead of the entry above. Debian's Prometheus
  # has no part that asks Consul, so what Consul would tell is written there.
  sed -i '/^  - job_name: tandem/,/files:/d; /^  # - job_name/,$s/^  # /  /' prometheus.yml
  run -0 sed -n '/consul_sd_configs:/,/relabel_configs:/s/^ *-* \([a-z_]*\):.*/\1/p' prometheus.yml
  assert_output "consul_sd_configs
server
services
relabel_configs"
  sed -i '/consul_sd_configs:/,/relabel_configs:/d' prometheus.yml
  cat >>prometheus.yml <<'END'
    static_configs:
      - targets: [127.0.0.1:18090]
        labels:
          __meta_consul_service: rs-orch
          __meta_consul_service_id: two:rs-orch:rides-db:db1:127.0.0.1:18090
          __meta_consul_service_metadata_host: db1
END
  sed -i 's/^      - source_labels: \[__meta_consul_service\]/    relabel_configs:\n&/' prometheus.yml
  run -0 promtool check config prometheus.yml
  run -0 --separate-stderr promtool check service-discovery prometheus.yml tandem
  assert_equal "$(jq -c '.[0].labels | del(.__address__, .__metrics_path__, .__scheme__,
    .__scrape_interval__, .__scrape_timeout__)' <<<"$output")" \
    '{"host":"db1","instance":"127.0.0.1:18090","job":"rs-orch","system":"two"}'
}

@test 'each alarm comes when it is to, and not before' {
  run -0 promtool test rules "$TANDEM_SOURCE"/tests/prometheus/*_test.yml
  assert_equal "$(sed -n 's/^ *- alert: //p' "$share/prometheus/tandem.rules.yml" | sort)" \
    "$(cat "$TANDEM_SOURCE"/tests/prometheus/*_test.yml | grep -oE 'alertname="[A-Za-z]+"' | cut -d '"' -f 2 | sort -u)"
}

@test 'each alarm says how grave it is, and a command that there is; the page tells of all' {
  local alarms word command line
  alarms=$(curl -sS -m 30 "$prometheus/api/v1/rules?type=alert" | jq -c '[.data.groups[].rules[]]')
  assert [ "$(jq length <<<"$alarms")" -gt 15 ]
  run jq -r '.[] | select((.labels.severity | IN("critical", "warning", "info") | not)
    or .annotations.summary == null or (.annotations.description | test("\u0027[a-z]") | not)) | .name' <<<"$alarms"
  assert_output ''
  "$client" --help >"$BATS_TEST_TMPDIR/rs-client"
  "$tandem" --help >"$BATS_TEST_TMPDIR/tandem"
  while read -r command word line; do
    grep -qE "^  ([a-z|]+ )?$word\b" "$BATS_TEST_TMPDIR/$command" || fail "there is no $command $word"
  done < <(jq -r '.[].annotations.description' <<<"$alarms" | grep -oE "(rs-client|tandem) [a-z-]+( [a-z-]+)?" | sort -u)
  assert_equal "$(jq -r '.[] | "\(.name) \(.labels.severity)"' <<<"$alarms" | sort)" \
    "$(sed -n 's/^\.It \([A-Za-z]*\) Pq \(critical\|warning\|info\).*/\1 \2/p' "$page" | sort)"
}

@test 'a drill that kills the master fires nothing' {
  local id
  until_value 'count(up == 1) == 4'
  "$client" users add ann sesame
  "$client" users ls
  "$client" rides count
  "$client" toys show Tux
  "$client" toys show Tux
  "$client" toys buy Tux 1
  "$client" wait --ready
  run -0 --separate-stderr "$client" drill kill-master -f json
  assert_equal "$(jq -c '[.lost, .doubled]' <<<"$output")" '[0,0]'
  "$client" wait --ready
  # Prometheus has seen it, and has looked at all rules since then.
  until_value 'system_group:tandem_elections:increase15m{group="rides-db"} >= 1'
  until_value 'tandem_replica_deaths_total{cause="SIGKILL"} >= 1'
  assert_equal "$(fired)" ''
}

@test 'the page tells of each metric that there is, and of no other' {
  # The first snapshots are taken.
  until_value 'count by (group) (tandem_replica_snapshot_age_seconds)'
  exported >"$BATS_TEST_TMPDIR/exported"
  told >"$BATS_TEST_TMPDIR/told"
  run -0 diff "$BATS_TEST_TMPDIR/exported" "$BATS_TEST_TMPDIR/told"
}

# Grafana takes a panel without an id of its own, or one that lies on another, and shows it wrong.
@test 'the dashboard: ids, places, and the data source that is chosen' {
  local file=$share/grafana/tandem.json
  assert_equal "$(jq -c '[.panels[].id] | length == (unique | length)' "$file")" true
  assert_equal "$(jq -c '[.panels[].gridPos | . as $at | range(.w) as $x | range(.h) as $y | [$at.x + $x, $at.y + $y]]
    | length == (unique | length) and all(.[0] < 24)' "$file")" true
  assert_equal "$(jq -c '[.. | objects | .datasource? // empty | .uid] | unique' "$file")" '["${datasource}"]'
  assert_equal "$(jq -c '[.templating.list[].name]' "$file")" '["datasource","system","group","instance"]'
  assert_equal "$(jq -r '.panels[] | select(.type == "row") | .title' "$file" | paste -sd ,)" \
    'State,Reads and writes,Latency,Replication,Disks,Processes,Toy store'
}

@test 'the dashboard and the rules ask for what there is alone, and have a value for each' {
  local expression word
  exported | awk '$1 == "histogram" { print $2 "_bucket"; print $2 "_sum"; print $2 "_count" }
    { print $2 }' >"$BATS_TEST_TMPDIR/names"
  printf '%s\n' up ALERTS >>"$BATS_TEST_TMPDIR/names"
  sed -n 's/^ *- record: //p' "$share/prometheus/tandem.rules.yml" >>"$BATS_TEST_TMPDIR/names"
  dashboard_queries >"$BATS_TEST_TMPDIR/queries"
  assert [ "$(wc -l <"$BATS_TEST_TMPDIR/queries")" -gt 60 ]
  while read -r word; do
    grep -qxF "$word" "$BATS_TEST_TMPDIR/names" || fail "nothing exports $word"
  done < <({
    cat "$BATS_TEST_TMPDIR/queries"
    jq -r '.templating.list[].query | .query? // empty' "$share/grafana/tandem.json"
    sed '/description:/,/^ *- alert/d; /summary:/d; /^ *#/d' "$share/prometheus/tandem.rules.yml"
  } | grep -oE '([a-z_]+:)?\b(tandem|process)_[a-z_0-9]+(:[a-z0-9_]+)?' | sort -u)
  # What is not there in an ordinary hour: alarms, a lag, answers that are not 2xx, other outcomes.
  while read -r expression; do
    case $expression in
      ALERTS* | *tandem_replica_lag_seconds* | *status!=* | *outcome!=*) query "$expression" >/dev/null ;;
      *) until_value "$expression" ;;
    esac
  done <"$BATS_TEST_TMPDIR/queries"
  # And each rule is evaluated.
  run jq -r '.data.groups[].rules[] | select(.health != "ok") | "\(.name) \(.lastError)"' \
    <(curl -sS -m 30 "$prometheus/api/v1/rules")
  assert_output ''
  assert_equal "$(firing)" ''
}

@test 'workers that are all stopped: NoLeader fires, and nothing does once they go on' {
  local pid
  assert_equal "$(fired)" ''
  "$client" workers ls >"$BATS_FILE_TMPDIR/stopped"
  for pid in $(<"$BATS_FILE_TMPDIR/stopped"); do signal_process STOP "$pid"; done
  until_value 'ALERTS{alertname="NoLeader",alertstate="firing",group="rides-db",severity="critical"}'
  # That the services are not ready follows, sooner or later.
  assert_equal "$(firing | sed 's/ NotReady$//')" NoLeader
  for pid in $(<"$BATS_FILE_TMPDIR/stopped"); do signal_process CONT "$pid"; done
  until_value 'absent(ALERTS{alertname="NoLeader"})'
  until_value 'absent(ALERTS{alertstate="firing"})'
  "$client" wait --ready
}
