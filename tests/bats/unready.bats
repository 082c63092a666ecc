#!/usr/bin/env bats
# ctest: timeout=600
# tandem-unready(7): a system is broken in each of the ways that the page shows, for real; its answers
# are compared with those of the page, whose commands then mend it. The workers have small disks of
# their own in a mount namespace, which ends with the system.

load test_helper
load howto

setup() {
  page_setup
  [ "$(id -u)" = 0 ] || skip 'cannot mount: not root'
  unshare --mount mount -t tmpfs none "$home" || skip 'cannot mount'
}

teardown() { page_teardown; }

# What the functions below share. They are run by the script of the page, in the directory of the
# system.
says() { # PORT TEXT
  until curl -s "http://127.0.0.1:$1/readyz" | grep -q "$2"; do :; done
}
stop_service() { s6-svc -wD -d "run/sv/$1"; } # NAME

before_begin() {
  for id in 1 2; do
    mkdir -p run/state/rides-db/$id
    mount -t tmpfs -o mode=700,size=64m small run/state/rides-db/$id
  done
  tandem --supervisor s6 --coord consul --tables postgres --port-base "$port_base" up >up.log 2>&1 &
  until tandem status >/dev/null 2>&1; do kill -0 $!; done
  all_in_sync
}
before_orch_down() {
  stop_service rs-orch
  says "$port_base" 'cannot be reached'
}
before_users_down() {
  # The balancer looks once a second.
  says $((port_base + 3)) '"ok"'
  stop_service rs-users
  says $((port_base + 3)) 'rs-users is not ready'
}
before_orders_down() {
  stop_service ts-order-1
  stop_service ts-order-2
  says $((port_base + 4)) 'is not running'
}
before_catalog_down() {
  stop_service ts-catalog
  says $((port_base + 4)) 'is not running'
}
before_stopped() {
  all_in_sync
  # shellcheck disable=SC2046  # a list of pids
  kill -STOP $(rs-client workers ls)
  says $((port_base + 2)) 'kill -CONT'
}
before_postgres_down() {
  all_in_sync
  stop_service postgres
  says $((port_base + 2)) 'can neither apply nor read'
  until [ "$(rs-client workers status 2>&1 | grep -c 'cannot connect to PostgreSQL')" = 2 ]; do :; done
}
before_consul_down() {
  all_in_sync
  stop_service consul
  says $((port_base + 2)) 'warning.*elections and changes of sets wait'
  rs-client workers crash master >/dev/null
  says $((port_base + 2)) 'error.*elections and changes of sets wait'
}
before_disks_full() {
  all_in_sync
  for id in 1 2; do
    mkdir -p run/state/rides-db/$id/set-aside-1
    dd if=/dev/zero of=run/state/rides-db/$id/set-aside-1/large bs=64k 2>/dev/null || true
  done
  seq 1000000 | jq -c '{username: "user\(.)", password: "secret"}' | rs-client users add - >/dev/null 2>&1 && return 1
  until [ "$(rs-client workers status 2>&1 | grep -c 'is full')" = 2 ]; do
    rs-client users add another secret >/dev/null 2>&1 || true
  done
}
before_worker_config() {
  all_in_sync
  sed -i 's/^segment = .*/segment = "1MiB"/' etc/worker.toml
  # shellcheck disable=SC2046  # a list of pids
  kill -KILL $(rs-client workers ls)
  says $((port_base + 2)) 'refuse their configuration'
}
before_tables_refused() {
  all_in_sync
  sed -i 's/name = "source", type = "integer"/name = "source", type = "text"/' etc/orch.toml
  s6-svc -r run/sv/rs-orch
  says $((port_base + 2)) 'tables are refused'
}

@test 'what the page says about each cause is so, and its commands mend it' {
  tour=$TANDEM_SOURCE/man/tandem-unready.7
  own_etc
  sed -i 's|^# config = .*|config = "etc/worker.toml"|' "$TANDEM_ETC/orch.toml"
  sed -i 's/^# segment = .*/segment = "9MiB"/' "$TANDEM_ETC/worker.toml"
  TANDEM_CONSUL=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  export TANDEM_CONSUL port_base
  {
    declare -f says stop_service
    all_blocks
    echo 'tandem down'
  } >"$BATS_TEST_TMPDIR/script"
  run_script unshare --mount
  compare_all
}

# Root has put files in the place of those of the user whose system it is.
@test 'files of another user: readyz says no, the log why, and the command of the page mends it' {
  local as_other=(setpriv --reuid=nobody --regid=nogroup --clear-groups) path
  tour=$TANDEM_SOURCE/man/tandem-unready.7
  own_etc
  mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/tree/bin" "$BATS_TEST_TMPDIR/tree/share"
  cp "$TANDEM_BIN"/rs-* "$BATS_TEST_TMPDIR/bin"
  cp -r "$TANDEM_SOURCE/bin/tandem" "$BATS_TEST_TMPDIR/tree/bin"
  cp -r "$TANDEM_SOURCE/share/scripts" "$BATS_TEST_TMPDIR/tree/share"
  chmod -R go+rX "$BATS_TEST_TMPDIR"/{bin,tree,etc}
  # What mktemp has made is for one user alone.
  path=$home
  until [ "$path" = / ]; do
    [ "$path" = /tmp ] || chmod go+x "$path"
    path=$(dirname "$path")
  done
  chown nobody:nogroup "$home"
  export TANDEM_BIN=$BATS_TEST_TMPDIR/bin
  tandem=$BATS_TEST_TMPDIR/tree/bin/tandem/tandem
  start_ready "$BATS_TEST_TMPDIR/up" "${as_other[@]}" "$tandem" --dir "$home" --only rideshare up
  cd "$home"
  all_in_sync
  chown -R root:root run/state/rides-db
  chmod -R go= run/state/rides-db
  # shellcheck disable=SC2046  # a list of pids
  kill -KILL $(rs-client workers ls)
  says $((port_base + 2)) 'ends each time that it is started (exit 77)'
  until "$tandem" --dir "$home" logs rs-orch | grep -q 'Permission denied'; do :; done
  bash -e <<<"$(block_named owner root)"
  rs-client wait rideshare --ready
  all_in_sync
}
