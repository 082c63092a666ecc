#!/usr/bin/env bats
# ctest: timeout=300
# A system whose token has the policy that is shipped, in a Consul that allows nothing else; and what is
# told where a part of it is missing.

load test_helper
load toy_store
load consul_agent

setup_file() {
  take_ports 12
  export port_base home=$BATS_FILE_TMPDIR/home
  export CONSUL_HTTP_ADDR=127.0.0.1:$((port_base + 5)) master=root-of-the-test
  export TANDEM_CONSUL_DNS=127.0.0.1:$((port_base + 8))
  consul_up "$BATS_FILE_TMPDIR/agent" $((port_base + 5)) $((port_base + 6)) '{"acl":{"enabled":true,
    "default_policy":"deny","tokens":{"master":"'$master'","agent":"'$master'","default":"'$master'"}}}'
  echo "$consul_pid" >"$BATS_FILE_TMPDIR/pid"
}

teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/pid")"; }

setup() {
  consul=http://$CONSUL_HTTP_ADDR/v1
  alone=''
}

teardown() {
  [ -z "$alone" ] || stop_started "$alone"
  "$tandem" --dir "$home" down
}

acl() { curl -sSf -X PUT -H "X-Consul-Token: $master" "$consul/acl/$1" -d "$2"; } # PATH BODY

# A token with the policy of the prefix "tandem", less what begins with $1; its file is in
# CONSUL_HTTP_TOKEN_FILE.
token_without() { # [RULE]
  local rules name=policy-$BATS_TEST_NUMBER-$RANDOM
  rules=$(awk -v without="${1:-nothing}" 'index($0, without) == 1 { skip = 1 } !skip; /^}/ { skip = 0 }' \
    "$TANDEM_SOURCE/etc/consul-policy.hcl")
  acl policy "$(jq -n --arg name "$name" --arg rules "$rules" '{Name: $name, Rules: $rules}')" >/dev/null
  export CONSUL_HTTP_TOKEN_FILE=$BATS_TEST_TMPDIR/token
  acl token '{"Policies":[{"Name":"'"$name"'"}]}' | jq -r .SecretID >"$CONSUL_HTTP_TOKEN_FILE"
}

registered() { curl -sSf -H "X-Consul-Token: $master" "$consul/catalog/services" | jq -e "$1" >/dev/null; }

@test 'the policy that is shipped is enough' {
  token_without
  TANDEM_COORD_PREFIX=tandem tandem_up "$home" --coord consul --port-base "$port_base"
  until_true registered 'has("rs-orch") and has("rs-worker") and has("rs-users") and has("ts-order")'
  curl -sSf -X PUT "http://127.0.0.1:$((port_base + 3))/api/v1/users" -H 'Content-Type: application/json' \
    -d '{"username":"ann","password":"'"$(printf secret | sha1sum | cut -c 1-40)"'"}'
  run grep -rhE 'does not let|Permission denied' "$home"/run/log
  assert_output ''
  # No process is told the token itself.
  run grep -rlF -f "$CONSUL_HTTP_TOKEN_FILE" "$home/run/sv" "$home/run/log"
  assert_output ''
}

# The database alone, without waiting for it to be ready; what it says is looked at.
missing() { # RULE WORDS
  token_without "$1"
  mkdir -p "$home.$BATS_TEST_NUMBER"
  env -C "$home.$BATS_TEST_NUMBER" "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" \
    --port $((port_base + 10)) --set coord.backend=consul --set coord.addresses="$CONSUL_HTTP_ADDR" \
    --set coord.token_file="$CONSUL_HTTP_TOKEN_FILE" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  alone=$!
  until_true says "$2"
}

says() { # WORDS
  curl -s "http://127.0.0.1:$((port_base + 10))/readyz" | grep -q "$1" || grep -q "$1" "$BATS_TEST_TMPDIR/log"
}

@test 'no right on keys' { missing key_prefix 'does not let this process read keys: its token needs the policy of tandem-coord(7)'; }

@test 'no right to make sessions' { missing session "make sessions of the node 'tandem'"; }

@test 'no right on services: it runs, and the log says that it is not registered' {
  missing service_prefix 'Permission denied\|cannot register'
}

# Consul lists what may be read, and leaves out the rest.
@test 'no right on keys: the record that is there is not taken for none when it is to be moved' {
  token_without key_prefix
  curl -sSf -X PUT -H "X-Consul-Token: $master" "$consul/kv/hidden/rides-db/record?flags=7" -d text
  mkdir -p "$BATS_TEST_TMPDIR/run/state/coord"
  run -77 env -C "$BATS_TEST_TMPDIR" "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" --move-record local \
    --set coord.addresses="$CONSUL_HTTP_ADDR" --set coord.prefix=hidden --set coord.token_file="$CONSUL_HTTP_TOKEN_FILE"
  assert_output --partial 'Permission denied'
}
