# A database with several replicas, as the suites need it that kill and move them. Loaded after
# test_helper.

# A database with $1 slaves, all of them in sync, and the options that follow.
database() { # SLAVES [OPTION]…
  local slaves=$1
  shift
  database_up "$BATS_TEST_TMPDIR/db" --set scaling.min_slaves="$slaves" "$@"
  await_event in_sync "$(members $((slaves + 1)))"
}

members() { echo "(.in_sync | split(\",\") | length) == $1"; } # NUMBER

# Waits until $1 workers run, all of them in sync. A worker that dies and is back before anybody has
# found it missing leaves no event of the set behind.
await_whole() { # NUMBER
  until
    http GET "$db/worker/status"
    [ "$status" = 200 ] &&
      jq -e "length == $1 and all(.[]; .state == \"in sync\")" <<<"$output" >/dev/null
  do :; done
}

# Waits until $1 workers are in the set. Its events may be older than what was waited for before.
await_in_sync() { # NUMBER
  until
    http GET "$db/worker/status"
    [ "$status" = 200 ] && jq -e "[.[] | select(.in_sync)] | length == $1" <<<"$output" >/dev/null
  do :; done
}

insert() { echo "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$1\",\"password\":\"p\"}}"; }

add_user() { # NAME
  http POST "$db/db/write" "$(insert "$1")"
  assert_equal "$status" 200
}

# Starts the database again where it cannot become ready; returns once it has told $trouble_text.
database_in_trouble() { # [OPTION]…
  local line='' fd
  rm -f "$BATS_TEST_TMPDIR/log"
  mkfifo "$BATS_TEST_TMPDIR/log"
  homes_of "$database"
  env -C "$database" "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" \
    --port "$port_base" "$@" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  started=$!
  exec {fd}<"$BATS_TEST_TMPDIR/log"
  until [[ $line == *"$trouble_text"* ]]; do read -r -t 60 line <&"$fd"; done
  # What follows is kept, and ends with the last process that writes there.
  cat <&"$fd" >"$database/log.trouble" 3>&- &
  exec {fd}<&-
  last_event=0
}
