# Documents whose commands are run as they are written: the tour of the README, the how-to pages. The
# blocks of $tour that are marked are run one after the other in one shell, and what each prints is
# compared with the block that shows it. tour.awk tells the marks.
# shellcheck shell=bash disable=SC2154

block() { # NUMBER sh|root|text|name
  awk -v n="$1" -v kind="$2" -v tables="${TANDEM_TEST_TABLES-}" -f "$TANDEM_SOURCE/tests/bats/tour.awk" "$tour"
}

# The block of this name.
block_named() { # NAME sh|root
  local n count
  count=$(block 0 sh)
  for ((n = 1; n <= count; n++)); do
    [ "$(block "$n" name)" != "$1" ] || block "$n" "$2"
  done
}

# Prints a script of all blocks, with a line that no command prints after each. What a suite's
# before_block prints is run before, and own_ports may put other ports and paths in.
all_blocks() {
  local n count
  count=$(block 0 sh)
  for ((n = 1; n <= count; n++)); do
    before_block "$n"
    echo "echo '--- begin of block $n'"
    block "$n" sh | own_ports
    echo "echo '--- end of block $n'"
  done
}

# What was printed by the blocks, in $BATS_TEST_TMPDIR/printed, against what they show.
compare_all() {
  local n count
  count=$(block 0 sh)
  for ((n = 1; n <= count; n++)); do
    block "$n" text | own_ports >"$BATS_TEST_TMPDIR/expected"
    grep -qx -e "--- end of block $n" "$BATS_TEST_TMPDIR/printed" || fail "block $n did not end: $(block "$n" sh)"
    [ -s "$BATS_TEST_TMPDIR/expected" ] || continue
    sed -n "/^--- begin of block $n\$/,/^--- end of block $n\$/{/^--- /d;p}" "$BATS_TEST_TMPDIR/printed" \
      >"$BATS_TEST_TMPDIR/actual"
    compare "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/actual"
  done
}

# Line by line; … in the expected line stands for anything in a line, and by itself for any lines.
compare() { # EXPECTED ACTUAL
  local pattern=$'\n' line
  while IFS= read -r line || [ -n "$line" ]; do
    if [ "$line" = … ]; then
      pattern+=$'(.*\n)?'
    else
      line=$(sed 's/[][\\.*?+^$(){}|]/\\&/g; s/…/\x01/g' <<<"$line")
      pattern+=${line//$'\x01'/$'[^\n]*'}$'\n'
    fi
  done <"$1"
  [[ $'\n'$(cat "$2")$'\n' =~ ^$pattern$ ]] || fail "expected $(cat "$1"), got $(cat "$2")"
}
