# What the suites of tandem(1) share: systems of small services, each a shell script, below $dir,
# with the configuration $etc. The process id of a running tandem is in $front.
# shellcheck shell=bash

# Each service writes its process ids to NAME.pids.
services_setup() {
  dir=$BATS_TEST_TMPDIR/home
  etc=$BATS_TEST_TMPDIR/etc
  mkdir -p "$dir" "$etc/sv" "$BATS_TEST_TMPDIR/bin"
  cp "$TANDEM_SOURCE/etc/sv/finish" "$TANDEM_SOURCE/etc/sv/log" "$etc/sv/"
  : >"$etc/sv/order"
  suite_bin=$TANDEM_BIN # the real programs
  export TANDEM_ETC=$etc TANDEM_BIN=$BATS_TEST_TMPDIR/bin TANDEM_DIR=$dir
  front=''
}

services_teardown() {
  [ -z "$front" ] || kill -TERM "$front" 2>/dev/null || true
  [ ! -e "$dir/run/lock" ] || wait_until_down "$dir"
}

service() { # NAME [APPLICATION], its script on stdin
  mkdir -p "$etc/sv/$1"
  {
    echo '#!/bin/sh'
    echo 'exec 2>&1'
    echo 'cd "$TANDEM_DIR" || exit 78'
    echo "echo \$\$ >>$1.pids"
    cat
  } >"$etc/sv/$1/run"
  chmod +x "$etc/sv/$1/run"
  echo "$1${2:+ $2}" >>"$etc/sv/order"
}

# tail ends where nobody reads what it writes, and a killed log reads nothing any more.
steady_service() { # NAME [APPLICATION]
  service "$@" <<<'echo >&3
exec tail -f /dev/null >/dev/null 3>&-'
}

up() {
  tandem_up "$dir" "$@"
  front=$started
}

none_running() {
  local pid
  while read -r pid; do
    ! is_running "$pid" || fail "process $pid is left: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
  done < <(cat "$dir"/*.pids)
}
