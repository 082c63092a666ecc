#!/usr/bin/env bats
# tests/tidy.sh: which files clang-tidy is given, in a repository of its own, by a clang-tidy that
# tells what it was given and finds something in each file that says so.

load test_helper

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
  mkdir -p tests lib/one lib/two build
  cp "$TANDEM_SOURCE/tests/tidy.sh" tests
  export CLANG_TIDY=$PWD/clang-tidy
  cat >clang-tidy <<'END'
#!/bin/sh
for file; do :; done
echo "$file" >>build/looked_at
grep -n fault "$file" >&2 && exit 1
exit 0
END
  chmod +x clang-tidy
  printf '/build/\n' >.gitignore
  echo 'int a;' >lib/one/a.cc
  echo '#include "one/a.h"' >lib/two/user.cc
  echo 'int b;' >lib/two/b.cc
  echo 'int c;' >lib/one/c.h
  printf '#include "one/c.h"\n' >lib/one/d.cc
  touch lib/one/a.h
  for file in lib/one/a.cc lib/one/d.cc lib/two/b.cc lib/two/user.cc; do
    printf '{\n  "file": "%s"\n},\n' "$PWD/$file"
  done >build/compile_commands.json
  git init -q -b main .
  git add .
  GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' git commit -q -m first
}

commit() { # DAY
  git add .
  GIT_COMMITTER_DATE="2026-01-$1T00:00:00Z" git commit -q -m "$1"
}

looked_at() {
  sort build/looked_at 2>/dev/null | tr '\n' ' '
}

@test 'all: every file that is compiled' {
  run -0 tests/tidy.sh build 2 all
  assert_equal "$(looked_at)" 'lib/one/a.cc lib/one/d.cc lib/two/b.cc lib/two/user.cc '
}

@test 'changed: what differs from the day before, committed or not' {
  echo 'int b2;' >>lib/two/b.cc
  commit 03
  echo '// more' >>lib/one/d.cc
  echo 'int new_one;' >lib/two/not_compiled.cc
  run -0 tests/tidy.sh build 2 changed
  assert_equal "$(looked_at)" 'lib/one/d.cc lib/two/b.cc '
}

@test 'changed: from where the branch left origin/main' {
  echo 'int b2;' >>lib/two/b.cc
  commit 03
  git update-ref refs/remotes/origin/main HEAD
  echo 'int a2;' >>lib/one/a.cc
  commit 03
  run -0 tests/tidy.sh build 2 changed
  assert_equal "$(looked_at)" 'lib/one/a.cc '
  rm build/looked_at
  TIDY_BASE=HEAD run -0 tests/tidy.sh build 2 changed
  assert_equal "$(looked_at)" ''
}

@test 'changed: a header is looked at in its own file, or in one that includes it' {
  echo 'int a3;' >>lib/one/a.h
  echo 'int c3;' >>lib/one/c.h
  TIDY_BASE=HEAD run -0 tests/tidy.sh build 2 changed
  assert_equal "$(looked_at)" 'lib/one/a.cc lib/one/d.cc '
}

@test 'changed: of many files those that changed the most, and that is told' {
  echo '// one' >>lib/one/a.cc
  printf '// one\n// two\n' >>lib/two/b.cc
  TIDY_BASE=HEAD TIDY_FILES=1 run -0 tests/tidy.sh build 2 changed
  assert_output --partial 'looks at the 1 of 2 files that have changed the most'
  assert_equal "$(looked_at)" 'lib/two/b.cc '
}

@test 'changed: no commit to compare with' {
  run -0 tests/tidy.sh build 2 changed
  assert_output --partial 'there is no commit to compare with'
  assert_equal "$(looked_at)" ''
}

@test 'what is found is shown, the other files are looked at all the same' {
  echo '// fault' >>lib/one/a.cc
  run -1 tests/tidy.sh build 1 all
  assert_output --partial '// fault'
  assert_equal "$(looked_at)" 'lib/one/a.cc lib/one/d.cc lib/two/b.cc lib/two/user.cc '
}

@test 'a commit that there is not, and a word that there is not' {
  TIDY_BASE=moon run ! tests/tidy.sh build 2 changed
  run -64 tests/tidy.sh build 2 some
}
