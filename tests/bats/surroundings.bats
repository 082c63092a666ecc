#!/usr/bin/env bats
# A whole ride-share in surroundings that are not the usual ones: other hosts, proxies, few
# descriptors.

load test_helper

setup() {
  PATH=$PATH:/usr/sbin
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
  take_ports 5
  home=$BATS_TEST_TMPDIR/home
  lb=http://127.0.0.1:$((port_base + 3))
  started='' network=''
}

teardown() {
  [ -z "$started" ] || [ "$started" = "$network" ] || stop_started "$started"
  [ -z "$network" ] || stop_started "$network" || true
}

up() { tandem_up "$home" --only rideshare --port-base "$port_base"; }

answers() {
  local path
  for path in readyz api/v1/users api/v1/rides/count; do run -0 curl -sSf "$lb/$path"; done
}

@test 'the balancer follows the hosts of the services' {
  RS_USERS_HTTP_HOST=127.0.0.2 RS_RIDES_HTTP_HOST=0.0.0.0 up
  answers
  run -0 "$tandem" -d "$home" status
  assert_line --regexp "^rs-users .* http://127\.0\.0\.2:$port_base\$"
  assert_line --regexp "^rs-rides .* http://127\.0\.0\.1:$((port_base + 1))\$"
  cd "$home"
  run -0 "$TANDEM_BIN/rs-client" users ls
}

# Starts a network of its own, with IPv6 on loopback whatever this host has; a command after
# "${inside[@]}" is in it.
own_network() {
  local user=() join=()
  [ "$(id -u)" = 0 ] || user=(--map-root-user) join=(--user --preserve-credentials)
  start_ready "$BATS_TEST_TMPDIR/network" unshare --net "${user[@]}" sh -ec '
    ip link set lo up
    echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6
    ip -6 address replace ::1/128 dev lo
    echo >&7
    exec tail -f /dev/null 7>&-'
  network=$started
  inside=(nsenter --target "$network" --net "${join[@]}")
}

@test 'IPv6: services and balancer' {
  not_on_consul 'its hosts are a network of their own, without that agent'
  own_network
  mkdir "$home"
  RS_USERS_HTTP_HOST=::1 TANDEM_LB_HOST=::1 start_ready "$home/up.out" "${inside[@]}" "$tandem" \
    --dir "$home" --only rideshare --port-base "$port_base" up
  local path
  for path in readyz api/v1/users api/v1/rides/count; do
    run -0 "${inside[@]}" curl -sSf "http://[::1]:$((port_base + 3))/$path"
  done
  run -0 "${inside[@]}" "$tandem" -d "$home" status
  assert_line --regexp "^rs-users .* http://\[::1\]:$port_base\$"
}

@test 'proxies in the environment and in ~/.curlrc are not meant for this host' {
  local name
  export HOME=$BATS_TEST_TMPDIR
  echo 'proxy = "http://127.0.0.1:1"' >"$HOME/.curlrc"
  unset no_proxy NO_PROXY
  for name in http_proxy all_proxy ALL_PROXY https_proxy; do export "$name=http://127.0.0.1:1"; done
  up
  cd "$home"
  run -0 "$TANDEM_BIN/rs-client" users ls
  run -0 "$tandem" status
  assert_line --regexp '^  worker 1 +master'
  run -0 "$tandem" restart haproxy
}

@test 'few descriptors: the balancer takes as many connections as there is room for' {
  (ulimit -n 4096 && up && echo "$started" >"$BATS_TEST_TMPDIR/pid")
  answers
  run -0 "$tandem" -d "$home" down
}

@test 'a port 0 is refused, for the balancer has to know it' {
  export RS_USERS_HTTP_PORT=0
  run -78 "$tandem" -d "$home" --only rideshare up
  assert_line --partial 'the port of rs-users is 0'
  assert_line 'tandem: nothing was started'
}

@test 'a wrong configuration of the balancer is found before anything starts' {
  mkdir -p "$home/etc"
  echo 'nonsense' >"$home/etc/haproxy.cfg"
  run -78 "$tandem" -d "$home" --only rideshare --port-base "$port_base" up
  assert_line 'tandem: the configuration of haproxy is wrong:'
  assert_not_exist "$home/run/sv"
}

@test 'a wrong configuration of the workers is found before anything starts' {
  mkdir -p "$home"
  echo 'nonsense = 1' >"$home/worker.toml"
  RS_ORCH_WORKERS_CONFIG=worker.toml run -78 "$tandem" -d "$home" --only rideshare --port-base "$port_base" up
  assert_line 'tandem: the configuration of rs-orch is wrong:'
  assert_line --partial "unknown key 'nonsense'"
}

@test 'a service that may have too few threads, files or memory says so: 69, and never hangs' {
  local as_user=() state=$BATS_TEST_TMPDIR/state path limit words program
  if [ "$(id -u)" = 0 ]; then as_user=(setpriv --reuid=54321 --regid=54321 --clear-groups); fi
  mkdir -p "$state/bin"
  chmod 777 "$BATS_TEST_TMPDIR" "$state"
  cp "$TANDEM_BIN/rs-users" "$TANDEM_BIN/ts-order" "$TANDEM_BIN/rs-client" "$state/bin"
  chmod -R a+rX "$state"
  mkdir -m 777 "$state/run" "$state/run/state" "$state/run/sock"
  path=$state
  until [ "$path" = / ]; do
    [ ! -O "$path" ] || chmod go+x "$path"
    path=$(dirname "$path")
  done
  while IFS=: read -r limit words; do
    for program in 'rs-users -p 0' 'ts-order -i 1'; do
      run -69 "${as_user[@]}" bash -c "cd '$state' && ulimit $limit && exec timeout -k 1 20 bin/$program"
      assert_output --regexp "^[a-z-]+\\[[0-9]+\\]: error: $words"
    done
  done <<'EOF'
-u 8:cannot start [0-9]+ threads: Resource temporarily unavailable at the [0-9]+\. one: see ulimit -u
-v 50000:cannot start [0-9]+ threads: Resource temporarily unavailable at the [0-9]+\. one: see ulimit -u
-v 110000:cannot start [0-9]+ threads: Resource temporarily unavailable at the [0-9]+\. one: see ulimit -u
-n 10:only 10 files may be open, 40 are needed: see ulimit -n
EOF
  for limit in '-u 2' '-n 15' '-v 90000'; do
    run -69 "${as_user[@]}" bash -c "ulimit $limit && exec timeout -k 1 20 '$state/bin/rs-client' users add -" \
      <<<'{"username":"ann","password":"p"}'
    assert_output --regexp '^rs-client: (cannot (start|reserve)|only 15 files)'
  done
}
