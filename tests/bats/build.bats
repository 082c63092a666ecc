#!/usr/bin/env bats
# How make builds: what it shows, and that it compiles nothing twice. cmake, ninja and a compiler
# cache are scripts that note what they are asked for.

load test_helper

setup() {
  unset MAKEFLAGS MFLAGS MAKELEVEL # of the make that runs the tests
  export JOBS=2                    # whatever the machine has: how long a build takes depends on it
  tree=$BATS_TEST_TMPDIR/tree
  path=$BATS_TEST_TMPDIR/path
  mkdir -p "$tree/share/scripts" "$tree/bin/tandem" "$path"
  cp "$TANDEM_SOURCE/Makefile" "$tree"
  cp "$TANDEM_SOURCE/share/scripts/configure.sh" "$TANDEM_SOURCE/share/scripts/build.sh" \
    "$tree/share/scripts"
  printf '#!/bin/sh\necho started\n' >"$tree/bin/tandem/tandem"
  # Of the first run, it brings ccache.
  cat >"$tree/share/scripts/dependencies.sh" <<END
#!/bin/sh
[ ! -e '$BATS_TEST_TMPDIR/brings' ] || ln -sf /bin/true '$path/ccache'
END
  # It keeps the launcher that it is told in its cache, as the real one does.
  cat >"$path/cmake" <<'END'
#!/bin/bash
while [ $# -gt 0 ]; do
  case $1 in
    -B) shift && mkdir -p "$1" && cache=$1/CMakeCache.txt ;;
    -DCMAKE_CXX_COMPILER_LAUNCHER=*) launcher=${1#*=} given=yes ;;
  esac
  shift
done
[ -e "$cache" ] && [ -z "$given" ] || echo "CMAKE_CXX_COMPILER_LAUNCHER:STRING=$launcher" >"$cache"
END
  # It compiles every file whose command has changed: all, where the launcher has.
  cat >"$path/ninja" <<'END'
#!/bin/bash
while [ $# -gt 0 ]; do
  case $1 in
    -C) shift && cd "$1" ;;
    -n) dry=yes ;;
  esac
  shift
done
steps=${STEPS:-100}
if cmp -s CMakeCache.txt built; then
  echo 'ninja: no work to do.'
  exit
fi
for ((i = 1; i <= steps; ++i)); do
  echo "[$i/$steps] Building CXX object a$i.o"
  [ -n "$dry" ] || echo "a$i.o" >>compiled
  if [ -z "$dry" ] && [ "$i" = "$FAILS" ]; then
    printf 'FAILED: a%s.o\na%s.cc:1: error: why\nninja: build stopped: subcommand failed.\n' $i $i
    exit 1
  fi
done
[ -n "$dry" ] || cp CMakeCache.txt built
END
  chmod +x "$path"/* "$tree"/share/scripts/* "$tree/bin/tandem/tandem"
  local tool
  for tool in bash sh sed awk grep cp cmp ln mkdir nproc env cat rm make script; do
    ln -sf "$(command -v $tool)" "$path/$tool"
  done
  cd "$tree" || return
}

make_run() { env -u CI PATH="$path" make run; }

compiled() { grep -c . build/compiled; }

@test 'the second run compiles nothing, also where the first one has brought ccache' {
  touch "$BATS_TEST_TMPDIR/brings"
  run -0 make_run
  assert_equal "$(compiled)" 100
  assert_file_contains build/CMakeCache.txt '=ccache$'
  run -0 make_run
  assert_equal "$(compiled)" 100
  assert_output started
}

@test 'a build that began without ccache goes on without it, and one whose ccache is gone too' {
  run -0 make_run
  ln -s /bin/true "$path/ccache"
  run -0 make_run
  assert_equal "$(compiled)" 100
  rm -rf build
  run -0 make_run
  assert_file_contains build/CMakeCache.txt '=ccache$'
  rm "$path/ccache"
  run -0 make_run
  assert_file_contains build/CMakeCache.txt '=$'
}

@test 'a build says how long it takes, and each tenth off a terminal' {
  run -0 make_run
  assert_line --index 0 --regexp '^building: 100 steps, about [0-9]+ (seconds|minutes) with [0-9]+ jobs'
  assert_line --index 1 'building: 10 % (10 of 100)'
  assert_line --index 10 'building: 100 % (100 of 100)'
  assert_equal "${#lines[@]}" 12
}

@test 'a build on a terminal is left to ninja, which has one line there' {
  run -0 env -u CI PATH="$path" TERM=xterm script -qec 'make run' /dev/null
  assert_output --partial 'about'
  assert_output --partial '[57/100] Building CXX object a57.o'
  refute_output --partial 'building: 50 %'
}

@test 'what a compiler says is shown, and its failure is that of make' {
  FAILS=15 run make_run
  assert_failure
  assert_line 'a15.cc:1: error: why'
  refute_line started
}

@test 'bare make is help' {
  run -0 env PATH="$path" make
  assert_line --partial 'make run '
  assert_not_exist build
}
