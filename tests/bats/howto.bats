#!/usr/bin/env bats
# ctest: timeout=600
# The how-to pages: the commands of each are run as a reader copies them, in a system of its own with
# its configured ports, and what they print is compared with what the page shows.

load test_helper
load tour

setup() {
  not_on_consul 'the pages are about local files'
  not_on_postgres 'the pages are about local files'
  PATH=$TANDEM_SOURCE/bin/tandem:$TANDEM_BIN:$PATH:/usr/sbin
  home=$BATS_TEST_TMPDIR/home
  mkdir "$home"
}

# Whatever a page has left running.
teardown() {
  local dir pid
  pid=$(cat "$home/haproxy.pid" 2>/dev/null || true)
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  for dir in "$home" "$BATS_TEST_TMPDIR/two"; do
    [ ! -d "$dir" ] || "$tandem" --dir "$dir" down
  done
}

# The configuration of etc with ports of this run in the place of the usual ones.
own_etc() {
  local etc=$BATS_TEST_TMPDIR/etc name
  take_ports 20
  cp -a "$TANDEM_SOURCE/etc" "$etc"
  for name in users.toml rides.toml orch.toml front.toml haproxy-tls.cfg; do
    sed -E 's/^# (port = [0-9]+)$/\1/' "$TANDEM_SOURCE/etc/$name" | own_ports >"$etc/$name"
  done
  export TANDEM_ETC=$etc TANDEM_LB_PORT=$((port_base + 3))
}

# What a page says about the usual ports and directories, as it is in this run.
own_ports() {
  local of_usual
  of_usual="s/\b8080\b/$port_base/g; s/\b8000\b/$((port_base + 1))/g; s/\b8090\b/$((port_base + 2))/g
    s/\b8088\b/$((port_base + 3))/g; s/\b8001\b/$((port_base + 4))/g; s/\b8095\b/$((port_base + 5))/g
    s/\b8443\b/$((port_base + 6))/g"
  sed -E "$of_usual; s/\b900([0-9])\b/$((port_base / 10 + 1))\1/g; s|/srv/two\b|$BATS_TEST_TMPDIR/two|g"
}

# What has to happen before a block that has a name: the function before_NAME.
before_block() { # NUMBER
  local name
  name=$(block "$1" name)
  [ -z "$name" ] || { declare -f "before_$name" && echo "before_$name"; }
}

# The page, against a system of these options.
run_page() { # PAGE [OPTION]…
  tour=$TANDEM_SOURCE/man/$1.7
  own_etc
  tandem_up "$home" "${@:2}"
  all_blocks >"$BATS_TEST_TMPDIR/script"
  (cd "$home" && timeout 120 bash -e "$BATS_TEST_TMPDIR/script") >"$BATS_TEST_TMPDIR/printed" 2>"$BATS_TEST_TMPDIR/errors" 3>&- ||
    { cat "$BATS_TEST_TMPDIR"/{printed,errors} && tail -n 30 "$home"/*.log && fail "a command of $1 failed"; }
  compare_all
}

@test 'tandem-ports' {
  mkdir "$BATS_TEST_TMPDIR/two"
  run_page tandem-ports
}

@test 'tandem-logs' { run_page tandem-logs; }

@test 'tandem-tls' {
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
  run_page tandem-tls
}

# The programs are files of their own here, so that new ones can take their place.
before_installed() {
  for program in "$TANDEM_BIN"/*; do
    cp "$program" "$program.new"
    mv "$program.new" "$program"
  done
}

@test 'tandem-upgrade' {
  mkdir "$BATS_TEST_TMPDIR/bin"
  cp "$TANDEM_BIN"/{rs-orch,rs-worker,rs-users,rs-rides,rs-client,ts-catalog,ts-order,ts-front} "$BATS_TEST_TMPDIR/bin"
  export TANDEM_BIN=$BATS_TEST_TMPDIR/bin
  PATH=$TANDEM_BIN:$PATH
  run_page tandem-upgrade
}
