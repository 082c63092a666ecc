# How-to pages whose commands are run: a system for each, with the ports of this run in its
# configuration. To be loaded after test_helper.
# shellcheck shell=bash disable=SC2154

load tour

page_setup() {
  not_on_consul 'the pages are about local files'
  not_on_postgres 'the pages are about local files'
  PATH=$TANDEM_SOURCE/bin/tandem:$TANDEM_BIN:$PATH:/usr/sbin
  home=$BATS_TEST_TMPDIR/home
  mkdir "$home"
}

# Whatever a page has left running.
page_teardown() {
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

# Waits until both workers are. Run by the script of a page, in the directory of the system.
all_in_sync() {
  until [ "$(rs-client workers status -f json | jq -c '[.[].state]')" = '["in sync","in sync"]' ]; do :; done
}

# What has to happen before a block that has a name: the function before_NAME.
before_block() { # NUMBER
  local name
  [ "$1" != 1 ] || declare -f all_in_sync
  name=$(block "$1" name)
  [ -z "$name" ] || [ -z "$(block "$1" sh)" ] || { declare -f "before_$name" && echo "before_$name"; }
}

# The page, against a system of these options.
run_page() { # PAGE [OPTION]…
  tour=$TANDEM_SOURCE/man/$1.7
  own_etc
  tandem_up "$home" "${@:2}"
  all_blocks >"$BATS_TEST_TMPDIR/script"
  run_script env
  compare_all
}

# Runs the script of a page by COMMAND, in the directory of the system.
run_script() { # COMMAND…
  if ! (cd "$home" && timeout 240 "$@" bash -e "$BATS_TEST_TMPDIR/script") >"$BATS_TEST_TMPDIR/printed" 2>"$BATS_TEST_TMPDIR/errors" 3>&-; then
    cat "$BATS_TEST_TMPDIR"/{printed,errors}
    tail -n 30 "$home"/*.log
    fail "a command of ${tour##*/} failed"
  fi
}
