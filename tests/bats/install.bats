#!/usr/bin/env bats
# A staged installation: everything is there, nothing of the build tree is in it, and what it
# describes passes the checks of the programs that will read it.

load test_helper

setup_file() {
  # shellcheck source=tests/bats/test_helper.bash
  load test_helper
  [ -n "${TANDEM_BUILD:-}" ] || export TANDEM_BUILD=$TANDEM_SOURCE/build
  export root=$BATS_FILE_TMPDIR/root
  prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$TANDEM_BUILD/CMakeCache.txt")
  export prefix
  DESTDIR=$root cmake --install "$TANDEM_BUILD" >"$BATS_FILE_TMPDIR/log"
}

@test "the programs are there and run" {
  for program in rs-orch rs-worker rs-users rs-rides rs-client ts-front ts-order ts-catalog \
    tandem; do
    assert_file_executable "$root$prefix/bin/$program"
    run "$root$prefix/bin/$program" --help
    assert_success
    run "$root$prefix/bin/$program" --version
    assert_success
  done
}

@test "each program has its manual page, and the overview is there" {
  local man=$root$prefix/share/man
  for page in man8/rs-orch.8 man8/rs-worker.8 man8/rs-users.8 man8/rs-rides.8 man8/ts-front.8 \
    man8/ts-order.8 man8/ts-catalog.8 man1/rs-client.1 man1/tandem.1 man7/tandem.7 man7/tandem-hacking.7 \
    man7/tandem-howto.7 man7/tandem-ports.7 man7/tandem-logs.7 man7/tandem-unready.7 man7/tandem-upgrade.7 \
    man7/tandem-tls.7 man7/tandem-metrics.7; do
    assert_file_exist "$man/$page"
  done
}

# The names that a script offers, from what the program says about itself.
@test "completions for bash, zsh and fish have each command and option" {
  local share=$root$prefix/share program shell file word dashes
  for program in rs-client tandem; do
    for shell in bash zsh fish; do
      case $shell in
        bash) file=$share/bash-completion/completions/$program dashes=-- ;;
        zsh) file=$share/zsh/site-functions/_$program dashes=-- ;;
        fish) file=$share/fish/vendor_completions.d/$program.fish dashes='-l ' ;;
      esac
      assert_file_exist "$file"
      ! command -v $shell >/dev/null || $shell -n "$file"
      "$root$prefix/bin/$program" --help >"$BATS_TEST_TMPDIR/help"
      while read -r word; do
        run -0 grep -qE -e "$dashes$word\b" "$file"
      done < <(grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' "$BATS_TEST_TMPDIR/help" | sed 's/.*--//')
      while read -r word; do
        run -0 grep -qwF -e "$word" "$file"
      done < <(grep -oE '^  [a-z]+( [a-z-]+)?' "$BATS_TEST_TMPDIR/help" | xargs -n 1)
    done
  done
}

@test "the configuration is there, and every daemon accepts its own" {
  local etc=$root$prefix/etc/tandem
  [ "$prefix" != /usr ] || etc=$root/etc/tandem
  assert_file_exist "$etc/areas.csv"
  cd "$BATS_TEST_TMPDIR"
  ln -s "$etc" etc
  assert_file_exist "$etc/catalog.csv"
  for name in rs-orch rs-users rs-rides ts-front ts-catalog 'ts-order --id 3'; do
    local file=${name#*-}
    # shellcheck disable=SC2086  # the words of the command
    run "$root$prefix/bin"/$name --config "etc/${file%% *}.toml" --check
    assert_success
  done
}

@test "what Prometheus and Grafana read is there" {
  run -0 promtool check config "$root$prefix/share/tandem/prometheus/prometheus.yml"
  assert_line --partial '1 rule files found'
  assert_file_exist "$root$prefix/share/tandem/prometheus/tandem.targets.yml"
  assert_file_exist "$root$prefix/share/tandem/grafana/tandem.json"
}

@test "no file names the source or the build tree" {
  run grep -rlIF -e "$TANDEM_SOURCE" -e "$TANDEM_BUILD" "$root"
  assert_output ''
}

@test "the installed tandem finds its parts wherever the tree is" {
  local etc=$BATS_TEST_TMPDIR/etc
  mkdir -p "$etc/sv/one"
  cp "$TANDEM_SOURCE/etc/sv/finish" "$TANDEM_SOURCE/etc/sv/log" "$etc/sv"
  echo one >"$etc/sv/order"
  printf '#!/bin/sh\necho >&3\nexec tail -f /dev/null\n' >"$etc/sv/one/run"
  chmod +x "$etc/sv/one/run"
  start_ready "$BATS_TEST_TMPDIR/out" "$root$prefix/bin/tandem" --etc "$etc" \
    --dir "$BATS_TEST_TMPDIR/home" up
  stop_started "$started"
}

@test "haproxy accepts haproxy.cfg, and haproxy-tls.cfg with a certificate and users" {
  local etc=$root$prefix/etc/tandem
  [ "$prefix" != /usr ] || etc=$root/etc/tandem
  PATH=$PATH:/usr/sbin
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
  run haproxy -c -f "$etc/haproxy.cfg"
  assert_success
  cd "$BATS_TEST_TMPDIR"
  openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=tandem -keyout key.pem -out cert.pem
  cat cert.pem key.pem >tandem.pem
  printf 'userlist tandem\n    user ann insecure-password secret\n' >users.cfg
  run haproxy -c -f "$etc/haproxy-tls.cfg" -f users.cfg
  assert_success
  refute_output --partial WARNING
}

@test "a worker that the kernel kills for its memory does not take rs-orch with it" {
  assert_file_contains "$root$prefix/lib/systemd/system/rs-orch.service" '^OOMPolicy=continue$'
}

@test "systemd accepts the units" {
  command -v systemd-analyze >/dev/null || skip 'systemd-analyze is not installed'
  local unit dir=$BATS_TEST_TMPDIR/units
  mkdir "$dir"
  for unit in "$root$prefix"/lib/systemd/system/*.service; do
    # The programs stand below the staging directory until the package is installed; the pages
    # are looked for in the system's own place.
    sed "s|=$prefix/bin/|=$root$prefix/bin/|; /^Documentation=/d" "$unit" >"$dir/$(basename "$unit")"
  done
  run systemd-analyze verify "$dir"/*.service
  assert_success
  refute_output --partial "$dir"
}
