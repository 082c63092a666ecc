#!/usr/bin/env bats
# share/scripts/dependencies.sh, with a package system of its own.

load test_helper

deps=$TANDEM_SOURCE/share/scripts/dependencies.sh

# A program on PATH in the place of the real one: NAME, its script on stdin.
fake() {
  {
    echo '#!/bin/sh'
    cat
  } >"$bin/$1"
  chmod +x "$bin/$1"
}

setup() {
  bin=$BATS_TEST_TMPDIR/bin
  mkdir "$bin"
  export BATS_TEST_TMPDIR
  fake dpkg-query <<'EOF'
[ -e "$BATS_TEST_TMPDIR/installed" ] && without=nothing || without=${MISSING:-curl}
shift 2
for package; do [ "$package" = "$without" ] || echo "installed $package"; done
EOF
  fake apt-cache <<'EOF'
EOF
  fake apt-get <<'EOF'
echo "apt-get $*" >>"$BATS_TEST_TMPDIR/calls"
case $* in *install*) [ ! -e "$BATS_TEST_TMPDIR/broken" ] ;; esac
EOF
  for program in systemctl service; do
    fake $program <<<"echo $program \"\$*\" >>\"\$BATS_TEST_TMPDIR/calls\""
  done
  fake id <<'EOF'
echo 0
EOF
  PATH=$bin:$PATH
}

@test "silent where everything is there" {
  touch "$BATS_TEST_TMPDIR/installed"
  run "$deps" build run test
  assert_success
  assert_output ''
}

@test "names what is missing and what it does, and installs just that" {
  run "$deps" run
  assert_success
  assert_line 'dependencies: missing: curl'
  assert_line 'dependencies: installing: apt-get install -y --no-install-recommends curl'
  run cat "$BATS_TEST_TMPDIR/calls"
  assert_line --regexp 'install -y --no-install-recommends curl$'
  refute_output --partial 'update'
}

@test "a service that comes with a package is not left running" {
  MISSING=haproxy run "$deps" run
  assert_success
  run cat "$BATS_TEST_TMPDIR/calls"
  assert_line --index $((${#lines[@]} - 1)) --regexp \
    '^service haproxy stop$|^systemctl .*disable --now haproxy.service$'
}

@test "a server is not left running, and one that is there already is not stopped for a library" {
  MISSING=prometheus run "$deps" test
  assert_success
  run cat "$BATS_TEST_TMPDIR/calls"
  assert_line --index $((${#lines[@]} - 1)) --regexp \
    '^service prometheus stop$|^systemctl .*disable --now prometheus.service$'
  rm "$BATS_TEST_TMPDIR/calls"
  MISSING=prometheus-cpp-dev run "$deps" build
  assert_success
  run cat "$BATS_TEST_TMPDIR/calls"
  refute_line --regexp '^service|^systemctl'
}

@test "PostgreSQL is installed without a cluster that runs, and nothing of that stays" {
  for program in install rm; do
    fake $program <<<"echo $program \"\$*\" \"\$([ $program = rm ] || cat)\" >>\"\$BATS_TEST_TMPDIR/calls\""
  done
  conf=/etc/postgresql-common/createcluster.d/tandem.conf
  MISSING=postgresql-15 run "$deps" test
  assert_success
  run cat "$BATS_TEST_TMPDIR/calls"
  assert_line --index 0 "install -D -m 644 /dev/stdin $conf create_main_cluster = false"
  assert_line --index 1 --regexp 'install -y --no-install-recommends postgresql-15$'
  assert_line --index 2 --partial "rm -f $conf"
  refute_line --regexp 'service|systemctl'
  rm -f "$BATS_TEST_TMPDIR/calls"
}

@test "where no server of PostgreSQL is installed nothing is said of clusters" {
  fake install <<<"echo install \"\$*\" >>\"\$BATS_TEST_TMPDIR/calls\""
  MISSING=bats run "$deps" test
  assert_success
  run cat "$BATS_TEST_TMPDIR/calls"
  refute_output --partial createcluster
}

@test "refreshes the lists where they do not know a package" {
  fake apt-cache <<<'exit 100'
  run "$deps" run
  assert_success
  run cat "$BATS_TEST_TMPDIR/calls"
  assert_line --index 0 --regexp 'update$'
}

@test "without the right to install it names the line to type and exits 69" {
  fake id <<<'echo 1000'
  fake sudo <<<'exit 1'
  run "$deps" run
  assert_failure 69
  assert_line '  apt-get install -y --no-install-recommends curl'
  refute [ -e "$BATS_TEST_TMPDIR/calls" ]
}

@test "an installation that fails exits 69 with the line to type" {
  touch "$BATS_TEST_TMPDIR/broken"
  run "$deps" run
  assert_failure 69
  assert_line '  apt-get install -y --no-install-recommends curl'
}

@test "an unknown group is a usage error" {
  run "$deps" everything
  assert_failure 64
}

@test "every package of every group is one that this system knows" {
  PATH=${PATH#"$bin:"}
  command -v apt-cache >/dev/null || skip 'no Debian'
  mapfile -t packages < <("$deps" --list build run postgres test tidy fuzz bench)
  if ! apt-cache show --no-all-versions bash >/dev/null 2>&1; then skip 'no package lists'; fi
  # apt-cache passes over a name that it does not know, as long as it knows another one.
  apt-cache show --no-all-versions "${packages[@]}" 2>/dev/null |
    sed -n 's/^Package: //p' | sort -u >"$BATS_TEST_TMPDIR/known"
  run diff <(printf '%s\n' "${packages[@]}" | sort -u) "$BATS_TEST_TMPDIR/known"
  assert_success
}
