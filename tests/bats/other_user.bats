#!/usr/bin/env bats
# tandem(1) asked by somebody else than the user who ran up: nothing is touched, and what cannot be
# seen is not told of. Root asks as nobody; an ordinary user has a system whose lock is root's.

load test_helper
load small_services

setup() {
  services_setup
  # Where the source lies others may not look.
  mkdir -p "$BATS_TEST_TMPDIR/programs/bin" "$BATS_TEST_TMPDIR/programs/share"
  cp -r "$TANDEM_SOURCE/bin/tandem" "$BATS_TEST_TMPDIR/programs/bin/"
  cp -r "$TANDEM_SOURCE/share/scripts" "$BATS_TEST_TMPDIR/programs/share/"
  chmod -R go+rX "$BATS_TEST_TMPDIR/programs"
  tandem=$BATS_TEST_TMPDIR/programs/bin/tandem/tandem
  local path=$dir
  # mktemp has made it for one user alone.
  until [ "$path" = / ]; do
    [ ! -O "$path" ] || chmod go+x "$path"
    path=$(dirname "$path")
  done
  is_root=no
  [ "$(id -u)" -ne 0 ] || is_root=yes
  exec {held}</dev/null
}

teardown() {
  exec {held}<&-
  chmod -R u+rwx "$dir"
  services_teardown
}

as_other() {
  if [ "$is_root" = yes ]; then
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@" {held}<&-
  else
    "$@" {held}<&-
  fi
}

# Lines of bash itself, such as "tandem: line 187: run/lock: Permission denied", are no answer.
refused() { # EXIT-CODE [COMMAND]…, and a part of what is said
  local code=$1 words=${*: -1}
  run "-$code" as_other "${@:2:$#-2}"
  assert_output --partial "$words"
  refute_output --partial ': line '
}

@test "status, down, restart of another user's system are 77; env and logs may be read" {
  local command before
  if [ "$is_root" = yes ]; then
    steady_service first
    up
  else
    mkdir -p "$dir/run/sv" "$dir/run/log/first"
    echo s6 >"$dir/run/sv/.supervisor"
    echo first >"$dir/run/sv/.order"
    : >"$dir/run/sv/.urls"
    : >"$dir/run/log/first/current"
    ln -s /etc/passwd "$dir/run/lock"
    exec {held}</etc/passwd
    flock -n "$held"
  fi
  before=$(ls -lR "$dir")
  for command in status down 'restart first' 'restart --rolling'; do
    # shellcheck disable=SC2086  # words
    refused 77 "$tandem" $command "permission denied: the system on $dir is that of user root"
    assert_output --regexp "'tandem ${command%% *}[^']*' is for root$"
  done
  run -0 as_other "$tandem" env
  # There may be none, which is 1.
  run as_other "$tandem" logs
  assert [ "$status" -le 1 ]
  refute_output --partial 'permission denied'
  if [ "$is_root" = yes ]; then
    run -0 "$tandem" status
    refused 73 "$tandem" up 'cannot write to the directory'
    chmod 700 "$dir/run/log/first"
    refused 77 "$tandem" logs "permission denied: '$dir/run/log/first' is the directory of user root"
    chmod 755 "$dir/run/log/first"
  else
    refused 77 "$tandem" up "permission denied: the system on $dir is that of user root"
  fi
  assert_equal "$(ls -lR "$dir")" "$before"
}

@test "a stopped system of another user: nothing runs, and it is left as it is" {
  [ "$is_root" = yes ] || return 0 # an own one is started in other suites
  steady_service first
  up
  stop_started "$front"
  front=''
  refused 1 "$tandem" status "nothing is running on $dir"
  refused 0 "$tandem" down "nothing is running on $dir"
  refused 69 "$tandem" restart first "nothing is running on $dir"
  chown 65534 "$dir/run"
  refused 77 "$tandem" up "permission denied: the system on $dir is that of user root ('$dir/run/lock')"
}

@test "root runs nothing that another user can change" {
  [ "$is_root" = yes ] || return 0
  local file
  steady_service first
  up
  printf ': >%q\n' "$dir/was-run" >>"$dir/run/sv/.environment"
  for file in run/sv run/pid run/lock run; do
    chown 65534 "$dir/$file"
    run -77 "$tandem" restart first
    assert_output --partial "the system on $dir is that of user nobody ('$dir/$file'), and"
    assert_output --partial 'runuser -u nobody -- '
    chown 0 "$dir/$file"
  done
  [ ! -e "$dir/was-run" ]
  chown 65534 "$dir/run"
  run -0 "$tandem" status
  stop_started "$front"
  front=''
  run -77 "$tandem" up
  assert_output --partial "'tandem up' would run as root what nobody can change"
}

@test "directories that may not be searched are 77, not empty" {
  local command
  mkdir -p "$dir/run/log/first" "$dir/below"
  : >"$dir/run/log/first/current"
  chmod 000 "$dir/run"
  for command in status down 'restart first' env logs; do
    # shellcheck disable=SC2086
    refused 77 "$tandem" $command "permission denied: '$dir/run'"
  done
  chmod 755 "$dir/run"
  chmod 000 "$dir/run/log"
  refused 77 "$tandem" logs "permission denied: '$dir/run/log'"
  chmod 755 "$dir/run/log"
  chmod 000 "$dir/run/log/first/current"
  refused 77 "$tandem" logs 'permission denied: the log of first'
  chmod 000 "$dir"
  for command in status down 'restart first' env logs; do
    # shellcheck disable=SC2086
    refused 77 "$tandem" $command "permission denied: '$dir' is the directory"
    # shellcheck disable=SC2086
    refused 77 "$tandem" --dir "$dir/below" $command "permission denied: '$dir/below' cannot be reached"
  done
}
