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

insert() { echo "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$1\",\"password\":\"p\"}}"; }

add_user() { # NAME
  http POST "$db/db/write" "$(insert "$1")"
  assert_equal "$status" 200
}
