#!/usr/bin/env bats
# ctest: timeout=900
# A backup in the place of what a system has: the whole of it, a new lineage, and at each moment either
# the old state or the restored one.

load test_helper
load toy_store
load replicated_database

setup() {
  take_ports 9
  unset RS_ORCH_EVENTS_DIRECTORY TS_FRONT_EVENTS_DIRECTORY # events are kept
  home=$BATS_TEST_TMPDIR/home backup=$BATS_TEST_TMPDIR/backup
  shop=http://127.0.0.1:$((port_base + 4)) db=http://127.0.0.1:$((port_base + 2))/api/v1
  users=http://127.0.0.1:$port_base/api/v1/users
  export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base RS_CLIENT_ORCH_URL=${db%/api/v1} \
    RS_CLIENT_STORE_URL=$shop
  # A backup is a snapshot: there are many.
  export RS_WORKER_SNAPSHOT_LOG_SIZE=1KiB TS_ORDER_SNAPSHOT_LOG_SIZE=1KiB TS_CATALOG_SNAPSHOT_LOG_SIZE=1KiB
}

teardown() { "$tandem" --dir "$home" down; }

up() { tandem_up "$home" --port-base "$port_base" "$@"; } # [OPTION]…
down() { run -0 "$tandem" --dir "$home" down; }
restore() { run "$tandem" --dir "$home" restore "$@"; } # [OPTION]… BACKUP

password() { printf 'p' | sha1sum | tr '[:lower:]' '[:upper:]' | cut -c 1-40; }

put_user() { # NAME [KEY]
  local key=()
  [ $# -lt 2 ] || key=(-H "Idempotency-Key: $2")
  http PUT "$users" "{\"username\":\"$1\",\"password\":\"$(password)\"}" "${key[@]}"
}

put_users() { # PREFIX NUMBER
  local i
  for ((i = 0; i < $2; i++)); do
    put_user "$1$i" "key-$1$i"
    assert_equal "$status" 201
  done
}

all_users() {
  http GET "$users"
  jq -r 'sort | .[]' <<<"$output"
}

buy_with_key() { http POST "$shop/orders" "{\"name\":\"Tux\",\"quantity\":1}" -H "Idempotency-Key: $1"; }

buy_some() { # PREFIX NUMBER
  local i
  for ((i = 0; i < $2; i++)); do
    buy_with_key "$1$i"
    assert_equal "$status" 200
  done
}

# The newest snapshots, of a system that is stopped.
take_backup() { # [GROUP]…
  local group directory
  mkdir -p "$backup"
  [ $# -gt 0 ] || set -- rides-db orders catalog
  for group; do
    case $group in
      rides-db) directory=rides-db/1 ;;
      orders) directory=order-1 ;;
      catalog) directory=catalog-1 ;;
    esac
    cp "$(find "$home/run/state/$directory" -maxdepth 1 -name 'snap-*.ndjson' | sort | tail -n 1)" \
      "$backup/$group.ndjson"
  done
}

add_manifest() {
  local file
  {
    echo '{"format":"tandem-backup-1","version":"test","files":['
    for file in "$backup"/*.ndjson; do
      printf ' {"group":"%s","sha256":"%s"}\n' "$(basename "$file" .ndjson)" \
        "$(sha256sum <"$file" | cut -d ' ' -f 1)"
    done
    echo ']}'
  } >"$backup/manifest.json"
}

users_of_backup() { jq -r 'select(.row != null) | .row.username // empty' "$backup/rides-db.ndjson" | sort; }
lineage_of() { sed 's/^{"format":"tandem-identity-1","lineage":"//; s/".*//; q' "$1/identity"; } # DIR
# What of the directory there is, by name and content, without what is made by looking.
tree() { (cd "$home" && find . -type f ! -name '*.lock' ! -name lock ! -path './run/state/coord/*/locks/*' \
  ! -name up.out ! -path './run/state/coord/*/spare/*' -exec sha256sum {} + | sort); }

rideshare() { # a system with some users, stopped; its backup, of a moment before the last of them
  up --only rideshare "$@"
  put_users a 30
  down
  take_backup rides-db
  run -0 users_of_backup
  old_users=$output
  up --only rideshare "$@"
  put_users b 5
  all_users >"$BATS_TEST_TMPDIR/before"
  down
}

has_the_old_state() {
  up --only rideshare
  all_users | diff - "$BATS_TEST_TMPDIR/before"
  down
}

@test 'a system is again what its backup says, and goes on from there' {
  local worker lineage
  up
  put_users a 30
  buy_some a 30
  down
  take_backup
  add_manifest
  lineage=$(lineage_of "$home/run/state/rides-db/1")
  up
  put_users b 5
  buy_some b 5
  down

  restore --yes "$backup"
  assert_success
  assert_line --regexp "^rides-db: $(($(wc -l <"$backup/rides-db.ndjson") - 2)) rows as of index [0-9]+, [0-9]+ bytes, lineage [0-9a-f]{16}$"
  assert_line --regexp '^orders: '
  assert_line --regexp '^catalog: '
  assert_not_equal "$(lineage_of "$home/run/state/rides-db/1")" "$lineage"
  up
  assert_equal "$(all_users)" "$(users_of_backup)"
  # A request of before the backup is answered as it was, and not carried out again.
  put_user a0 key-a0
  assert_equal "$status" 201
  put_user a0
  assert_equal "$status" 400
  buy_with_key a0
  expect 200 '{"data":{"order_number":0}}'
  # One of after it is a new one.
  put_user b0 key-b0
  assert_equal "$status" 201
  buy_with_key b0
  assert_equal "$status" 200
  # The cache shows what there is.
  run -0 stock Tux
  local left=$output
  buy_with_key c0
  run -0 stock Tux
  assert_equal "$output" $((left - 1))

  # The others have begun anew, each with what it had set aside.
  await_in_sync 2
  assert_equal "$(lineage_of "$home/run/state/rides-db/2")" "$(lineage_of "$home/run/state/rides-db/1")"
  compgen -G "$home/run/state/rides-db/2/set-aside-*/identity" >/dev/null
  compgen -G "$home/run/state/order-2/set-aside-*/identity" >/dev/null
  until_true replicas '[.data[] | select(.in_sync)] | length == 3'
  http GET "$db/worker/status"
  worker=$(jq '.[] | select(.role == "master") | .pid' <<<"$output")
  kill -KILL "$worker"
  put_user after-a-kill
  assert_equal "$status" 201
  down
  up
  run -0 all_users
  assert_line after-a-kill
  assert_line b0
  # It stands once among the events of each group, though both services were started again.
  run -0 "$TANDEM_BIN/rs-client" history all -f json
  run -0 jq -r '.[] | select(.event == "restore") | .group' <<<"$output"
  assert_equal "$(sort <<<"$output" | paste -sd' ')" 'catalog orders rides-db'
}

@test 'a new system begins with a backup, and with its configuration where that is asked for' {
  rideshare
  rm -rf "$home"
  cp -R "$TANDEM_SOURCE/etc" "$backup/etc"
  echo '# of the backup' >>"$backup/etc/orch.toml"
  restore --with-etc "$backup"
  assert_success
  assert_equal "$(tail -n 1 "$home/etc/orch.toml")" '# of the backup'
  up --only rideshare
  assert_equal "$(all_users)" "$old_users"
  put_users c 3
}

@test 'a directory of before a restore is set aside, not believed' {
  rideshare
  cp -a "$home/run/state/rides-db/2" "$BATS_TEST_TMPDIR/kept"
  restore --yes "$backup/rides-db.ndjson"
  assert_success
  up --only rideshare
  await_in_sync 2
  down
  rm -rf "$home/run/state/rides-db/2"
  cp -a "$BATS_TEST_TMPDIR/kept" "$home/run/state/rides-db/2"
  up --only rideshare
  await_in_sync 2
  assert_equal "$(all_users)" "$old_users"
  compgen -G "$home/run/state/rides-db/2/set-aside-*/identity" >/dev/null
}

@test 'a running system is left alone' {
  up --only rideshare
  put_users a 20
  mkdir "$backup"
  cp "$(find "$home/run/state/rides-db/1" -name 'snap-*.ndjson' | sort | head -n 1)" "$backup/rides-db.ndjson"
  restore --yes "$backup"
  assert_failure 75
  assert_output --partial "the system on $home runs; stop it with: tandem --dir $home down"
  # Nor do the programs, by themselves.
  run env -C "$home" "$TANDEM_BIN/rs-orch" --config etc/orch.toml --restore "$backup/rides-db.ndjson"
  assert_failure 69
  assert_output --regexp 'replica [12] of the group .rides-db. runs: process [0-9]+ holds'
  put_user still-there
  assert_equal "$status" 201
}

@test 'what is damaged, cut, of another group or of a later version changes nothing' {
  local before file=$backup/rides-db.ndjson good=$BATS_TEST_TMPDIR/good
  rideshare
  before=$(tree)
  cp "$file" "$good"
  refused_with() { # STATUS WORDS
    restore --yes "$backup"
    assert_failure "$1"
    assert_output --partial "$2"
    assert_output --partial 'nothing was changed'
    assert_equal "$(tree)" "$before"
    cp "$good" "$file"
  }
  head -c -1 "$good" >"$file"
  refused_with 65 'is damaged: it has no end'
  head -n -3 "$good" >"$file"
  refused_with 65 'is damaged'
  sed '5s/1/2/' "$good" >"$file"
  refused_with 65 'is damaged: its checksum is wrong'
  sed '1s/tandem-snapshot-1/tandem-snapshot-2/' "$good" >"$file"
  refused_with 65 'is damaged'
  add_manifest
  printf 'x' >>"$file"
  refused_with 65 "is damaged: it is not the file that '$backup/manifest.json' tells of"
  sed -i 's/tandem-backup-1/tandem-backup-2/' "$backup/manifest.json"
  restore --yes "$backup"
  assert_failure 78
  assert_equal "$(tree)" "$before"
  add_manifest
  rm "$file"
  refused_with 65 "'$file' is missing"
  rm "$backup/manifest.json"
  mv "$file" "$backup/orders.ndjson"
  restore --yes "$backup"
  assert_failure 65
  assert_output --partial "is of the group 'rides-db', not of 'orders'"
  assert_equal "$(tree)" "$before"
  restore --yes "$BATS_TEST_TMPDIR/none"
  assert_failure 65
  echo '{}' >"$BATS_TEST_TMPDIR/other"
  restore --yes "$BATS_TEST_TMPDIR/other"
  assert_failure 65
  assert_equal "$(tree)" "$before"
  has_the_old_state
}

@test 'where there is data a person has to type the name of the system' {
  rideshare
  restore "$backup"
  assert_failure 64
  assert_output --partial 'there is nobody to ask: add --yes'
  at_terminal 'house\n' "$tandem" --dir "$home" restore "$backup"
  assert_equal "$status" 1
  assert_output --partial "'house' is not 'home': nothing was done"
  has_the_old_state
  at_terminal 'home\n' "$tandem" --dir "$home" restore "$backup"
  assert_equal "$status" 0
  up --only rideshare
  assert_equal "$(all_users)" "$old_users"
}

# Each system call that changes a file is the last one once.
@test 'a restore that is killed anywhere leaves the old state or the restored one' {
  command -v strace >/dev/null || skip 'no strace here'
  local calls='rename,fsync,fdatasync,mkdir,link,linkat,renameat2,unlink,pwrite64,ftruncate,fallocate'
  local n=1 kept=$BATS_TEST_TMPDIR/kept lineage code
  local command=("$TANDEM_BIN/rs-orch" --config etc/orch.toml --restore "$backup/rides-db.ndjson")
  rideshare
  lineage=$(lineage_of "$home/run/state/rides-db/1")
  cp -a "$home" "$kept"
  while :; do
    rm -rf "$home"
    cp -a "$kept" "$home"
    code=0
    env -C "$home" strace -f -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$n" \
      "${command[@]}" >"$BATS_TEST_TMPDIR/out" 2>&1 || code=$?
    [ $code != 0 ] || break
    up --only rideshare
    all_users >"$BATS_TEST_TMPDIR/after"
    down
    if cmp -s "$BATS_TEST_TMPDIR/after" "$BATS_TEST_TMPDIR/before"; then
      assert_equal "$n $(lineage_of "$home/run/state/rides-db/1")" "$n $lineage"
    else
      assert_equal "$n $(cat "$BATS_TEST_TMPDIR/after")" "$n $old_users"
    fi
    env -C "$home" "${command[@]}" >"$BATS_TEST_TMPDIR/out" 2>&1
    ((n += 1))
  done
  [ $n -gt 10 ]
}

@test 'a restore of the store that ends between its groups is given again before anything starts' {
  up --only toystore
  buy_some a 30
  down
  take_backup orders catalog
  up --only toystore
  buy_some b 2
  down
  # The catalog's place is taken by something else.
  mv "$home/run/state/catalog-1" "$BATS_TEST_TMPDIR/catalog-1"
  : >"$home/run/state/catalog-1"
  restore --yes "$backup"
  assert_failure
  assert_output --partial "'catalog' is not restored"
  run "$tandem" --dir "$home" --port-base "$port_base" --only toystore up
  assert_failure 78
  assert_output --partial "a restore of '$backup' has not ended"
  rm "$home/run/state/catalog-1"
  mv "$BATS_TEST_TMPDIR/catalog-1" "$home/run/state/catalog-1"
  restore --yes "$backup"
  assert_success
  up --only toystore
  buy_with_key a3
  expect 200 '{"data":{"order_number":3}}'
}

@test 'rs-client restores one application' {
  rideshare
  local client=(env "TANDEM_DIR=$home" "$TANDEM_BIN/rs-client")
  run "${client[@]}" db restore "$backup/rides-db.ndjson"
  assert_failure 64
  run "${client[@]}" db restore -
  assert_failure 64
  assert_output --partial 'a backup is read twice'
  run "${client[@]}" toys restore --yes "$backup"
  assert_failure 65
  run "${client[@]}" db restore --yes --format json "$backup/rides-db.ndjson"
  assert_success
  jq -e '.group == "rides-db" and .rows > 30 and .index > 20' < <(grep '^{' <<<"$output")
  up --only rideshare
  assert_equal "$(all_users)" "$old_users"
}

@test 'a system on Consul is restored with its record there' {
  [ -z "${TANDEM_TEST_COORD-}" ] || skip 'it has an agent of its own'
  TANDEM_CONSUL=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  export TANDEM_CONSUL
  rideshare --coord consul
  restore --yes -p "$port_base" "$backup"
  assert_success
  up --only rideshare --coord consul
  assert_equal "$(all_users)" "$old_users"
  down
  # Onto an empty host, too.
  rm -rf "$home"
  restore --coord consul -p "$port_base" "$backup"
  assert_success
  up --only rideshare --coord consul
  assert_equal "$(all_users)" "$old_users"
  put_users c 3
}

# The commands of the page are run in their order, in the directory that the one before has left.
@test 'what tandem-backup(7) says works as it is written' {
  local line commands first=$home
  up
  put_users a 3
  buy_some a 3
  PATH=$TANDEM_BIN:$PATH
  cd "$home"
  commands=$(sed -n 's/^\$ //p' "$TANDEM_SOURCE/man/tandem-backup.7")
  [ "$(wc -l <<<"$commands")" -ge 9 ]
  while read -r line; do
    line=${line//\/backup\/monday/$backup} line=${line//\/srv\/tandem/$BATS_TEST_TMPDIR/srv}
    case $line in
      'tandem up')
        home=$PWD
        up
        put_user a0 key-a0
        assert_equal "$status" 201
        buy_with_key a0
        expect 200 '{"data":{"order_number":0}}'
        # Stock and orders are of one moment.
        run -0 stock Tux
        assert_equal "$output" 97
        shop GET /orders/2
        assert_equal "$status" 200
        shop GET /orders/3
        assert_equal "$status" 404
        put_user "z$RANDOM$RANDOM"
        assert_equal "$status" 201
        down
        ;;
      # Nobody is at this terminal.
      'tandem restore '* | 'tandem --only '*) eval "${line/restore /restore --yes }" 3>&- ;;
      'tandem backup '*)
        eval "$line" 3>&-
        put_users b 3
        buy_some b 3
        ;;
      *) eval "$line" 3>&- ;;
    esac
  done <<<"$commands"
  refute compgen -G "$first/run/state/order-1/set-aside-*"
}
