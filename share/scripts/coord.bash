# How `tandem` has the processes of a system coordinate: by local files or by Consul, with an agent of
# the system's own or the one that CONSUL_HTTP_ADDR names; and `tandem coord move` from the one to the
# other. Sourced by tandem(1); uses $port_base, $start_directory, say(), die() and setting().
#
# run/state/coordination is there where the record is in Consul, or was meant to be:
#   consul PREFIX own            in the agent of the system's own
#   consul PREFIX ADDRESS        in that of CONSUL_HTTP_ADDR, which had this address then
# The directory of the local files has a file `moved` where the records there do not count: from when
# a move to Consul has copied them to the end of one back. Without the line above such a move has not
# ended; with the line, and records without that file, one back has ended, all but for the line.
# shellcheck shell=bash disable=SC2154

coord_note=run/state/coordination
# Each program has the same settings.
coord_programs=(RS_ORCH RS_WORKER RS_USERS RS_RIDES TS_ORDER TS_CATALOG TS_FRONT)

coord_setting() { # KEY VALUE
  local program
  for program in "${coord_programs[@]}"; do export "${program}_COORD_$1=$2"; done
}

# The name of this system in a Consul that it may share with others, for its keys and for DNS: what
# tells people which one it is, and some digits.
name_of_system() {
  local host=${HOSTNAME%%.*} name
  name=$(tr '[:upper:]' '[:lower:]' <<<"tandem-$host-${TANDEM_DIR##*/}" | tr -cs 'a-z0-9\n' -)
  printf '%.40s-%06x\n' "${name%-}" $(($(cksum <<<"$host:$TANDEM_DIR" | cut -d ' ' -f 1) & 0xffffff))
}

# The address in CONSUL_HTTP_ADDR as coord.addresses takes it. As Consul's own programs do, TLS that
# was asked for is never left out.
outside_address() {
  local address=$CONSUL_HTTP_ADDR
  case $address in
    unix://* | https://*) ;;
    http://* | *)
      case ${CONSUL_HTTP_SSL:-} in
        1 | t | T | true | True | TRUE) address=https://${address#http://} ;;
        *) address=http://${address#http://} ;;
      esac
      ;;
  esac
  echo "${address%/}"
}

# What Consul's own programs would do with these, and tandem does not, must not be passed over.
refuse_unknown_consul_settings() {
  local name
  for name in CONSUL_CAPATH CONSUL_TLS_SERVER_NAME CONSUL_HTTP_AUTH CONSUL_NAMESPACE CONSUL_PARTITION; do
    [ -z "${!name:-}" ] || die 78 "$name is set, which tandem does not know; see tandem-coord(7)"
  done
  case ${CONSUL_HTTP_SSL_VERIFY:-} in
    '' | 1 | t | T | true | True | TRUE) ;;
    *) die 78 "CONSUL_HTTP_SSL_VERIFY=$CONSUL_HTTP_SSL_VERIFY: tandem speaks TLS with nobody whom it \
cannot verify; name the authority in CONSUL_CACERT" ;;
  esac
}

# The path of a file that a person named from where tandem was started, for the services.
from_start() { # FILE
  case $1 in '' | /*) echo "$1" ;; *) echo "$start_directory/$1" ;; esac
}

settle_own_agent() {
  local base=${port_base:-}
  export TANDEM_CONSUL_OWN=yes TANDEM_CONSUL_PORT=8500 TANDEM_CONSUL_DNS_PORT=8600 \
    TANDEM_CONSUL_SERVER_PORT=8300 TANDEM_CONSUL_SERF_PORT=8301
  if [ -n "$base" ]; then
    TANDEM_CONSUL_PORT=$((base + 5)) TANDEM_CONSUL_DNS_PORT=$((base + 6))
    TANDEM_CONSUL_SERVER_PORT=$((base + 7)) TANDEM_CONSUL_SERF_PORT=$((base + 8))
  fi
  coord_address=http://127.0.0.1:$TANDEM_CONSUL_PORT
  export TANDEM_CONSUL_UI=$coord_address/ui/ TANDEM_CONSUL_DNS=127.0.0.1:$TANDEM_CONSUL_DNS_PORT
  coord_setting TOKEN_FILE ''
}

settle_outside_agent() {
  local token name
  refuse_unknown_consul_settings
  coord_address=$(outside_address)
  # A token without a file is put into one: it must stand in no list of processes or settings.
  token=$(from_start "${CONSUL_HTTP_TOKEN_FILE:-}")
  if [ -z "$token" ] && [ -n "${CONSUL_HTTP_TOKEN:-}" ]; then
    token=run/consul-token
    (umask 077 && rm -f $token && printf '%s\n' "$CONSUL_HTTP_TOKEN" >$token) ||
      die 73 "cannot write '$TANDEM_DIR/$token'"
  fi
  unset TANDEM_CONSUL_OWN
  TANDEM_CONSUL_TOKEN_FILE=$token
  TANDEM_CONSUL_CA=$(from_start "${CONSUL_CACERT:-}")
  TANDEM_CONSUL_CERT=$(from_start "${CONSUL_CLIENT_CERT:-}")
  TANDEM_CONSUL_KEY=$(from_start "${CONSUL_CLIENT_KEY:-}")
  export TANDEM_CONSUL_ADDRESS=$coord_address TANDEM_CONSUL_TOKEN_FILE TANDEM_CONSUL_CA \
    TANDEM_CONSUL_CERT TANDEM_CONSUL_KEY
  coord_setting TOKEN_FILE "$token"
  coord_setting CA_FILE "$TANDEM_CONSUL_CA"
  coord_setting CERT_FILE "$TANDEM_CONSUL_CERT"
  coord_setting KEY_FILE "$TANDEM_CONSUL_KEY"
  case $coord_address in http*) export TANDEM_CONSUL_UI=$coord_address/ui/ ;; esac
}

# Sets $home_prefix and $home_agent, of a record in Consul; empty: it is not there.
read_note() {
  home_prefix='' home_agent=''
  read -r _ home_prefix home_agent 2>/dev/null <$coord_note || true
}

# Consul as it is there for this system: its own agent, or the one that it was told of at first.
settle_consul() {
  local agent=own
  if [ "$home_agent" = own ] && [ -n "${CONSUL_HTTP_ADDR:-}" ]; then
    die 78 "the record of this system is in its own Consul, and CONSUL_HTTP_ADDR names another: unset \
it, or go by way of local files: CONSUL_HTTP_ADDR= tandem --dir $TANDEM_DIR coord move local"
  fi
  case $home_agent in '' | own) ;; *) CONSUL_HTTP_ADDR=${CONSUL_HTTP_ADDR:-$home_agent} ;; esac
  if [ -n "${CONSUL_HTTP_ADDR:-}" ]; then settle_outside_agent; else settle_own_agent; fi
  if [ -n "$home_prefix" ] && [ "${TANDEM_COORD_PREFIX:-$home_prefix}" != "$home_prefix" ]; then
    die 78 "the record of this system is in Consul below '$home_prefix', not '$TANDEM_COORD_PREFIX'"
  fi
  TANDEM_COORD_PREFIX=${TANDEM_COORD_PREFIX:-$home_prefix}
  if [ -z "$TANDEM_COORD_PREFIX" ]; then
    TANDEM_COORD_PREFIX=tandem
    [ -n "${TANDEM_CONSUL_OWN:-}" ] || TANDEM_COORD_PREFIX=$(name_of_system)
  fi
  [ -n "${TANDEM_CONSUL_OWN:-}" ] || agent=$coord_address
  coord_setting ADDRESSES "$coord_address"
  coord_setting PREFIX "$TANDEM_COORD_PREFIX"
  # As a tag of services it is a name in DNS, too.
  export TANDEM_COORD_TAG=${TANDEM_COORD_PREFIX//[^A-Za-z0-9-]/-}
  export TANDEM_COORD_PREFIX TANDEM_COORD_NOTE="consul $TANDEM_COORD_PREFIX $agent"
}

# For `up`: exports what the programs are to be told, and refuses to begin an empty record beside
# data that another one is of.
settle_coord() {
  local wanted=$TANDEM_COORD root='' command="tandem --dir $TANDEM_DIR"
  [ -z "$TANDEM_COORD" ] || coord_setting BACKEND "$TANDEM_COORD"
  if [ -x "$TANDEM_BIN/rs-orch" ]; then
    root=$(unquoted_setting coord.root)
    [ -n "$wanted" ] || wanted=$(unquoted_setting coord.backend)
  fi
  read_note
  case $wanted:$home_prefix in
    local:?*) die 78 "the record of this system is in Consul, below '$home_prefix'; to go on with \
that: $command --coord consul up; to take it to local files: $command coord move local" ;;
    *:?*) ;;
    *)
      [ ! -e "$root/moved" ] ||
        die 78 "a move of the record to Consul has not ended; give it again: $command coord move \
consul; or take it back: $command coord move local"
      [ "$wanted" != consul ] || ! has_local_records "$root" ||
        die 78 "the record of this system is in local files, below '$root'; to take it to Consul: \
$command coord move consul"
      ;;
  esac
  if [ "$TANDEM_COORD" = consul ]; then
    settle_consul
    settle_outside_dns
  elif [ "$wanted" = consul ]; then # by its configuration, which says all of it
    export TANDEM_COORD_NOTE
    TANDEM_COORD_NOTE="consul $(unquoted_setting coord.prefix) $(unquoted_setting coord.addresses | tr -d '[] ')"
  fi
}

has_local_records() { compgen -G "$1/*/record/*" >/dev/null; } # ROOT

unquoted_setting() { setting rs-orch "$1" | tr -d '"'; } # KEY

# Asks somebody else's agent; prints the answer, fails where it is none of success.
ask_outside_agent() { # PATH
  local url=$TANDEM_CONSUL_ADDRESS curl=(curl -qsf --noproxy '*' -m 2 -K -)
  case $url in unix://*) curl+=(--unix-socket "${url#unix://}") url=http://localhost ;; esac
  [ -z "$TANDEM_CONSUL_CA" ] || curl+=(--cacert "$TANDEM_CONSUL_CA")
  [ -z "$TANDEM_CONSUL_CERT" ] || curl+=(--cert "$TANDEM_CONSUL_CERT")
  [ -z "$TANDEM_CONSUL_KEY" ] || curl+=(--key "$TANDEM_CONSUL_KEY")
  # The token comes on standard input: a command line is for everybody to see.
  "${curl[@]}" "$url$1" < <([ -z "$TANDEM_CONSUL_TOKEN_FILE" ] ||
    printf 'header = "X-Consul-Token: %s"\n' "$(head -n 1 "$TANDEM_CONSUL_TOKEN_FILE" |
      tr -d '\r')")
}

outside_agent_answers() {
  ask_outside_agent "/v1/kv/$TANDEM_COORD_PREFIX/?keys&separator=/&consistent" >/dev/null ||
    [ $? = 22 ] && ask_outside_agent /v1/status/leader | grep -q :
}

# The DNS of somebody else's agent: TANDEM_CONSUL_DNS, or what the agent says itself. Where it
# cannot be known the load balancer does without it.
settle_outside_dns() {
  local said
  [ -z "${TANDEM_CONSUL_DNS:-}" ] || return 0
  said=$(ask_outside_agent /v1/agent/self | tr -d ' \n\t' |
    grep -oE '"DNSAddrs":\["[^]]*udp://[0-9.]+:[0-9]+' | grep -oE '[0-9.]+:[0-9]+$' | head -n 1)
  if [ -n "$said" ]; then
    export TANDEM_CONSUL_DNS=${said/#0.0.0.0:/127.0.0.1:}
  else
    say "the Consul at $coord_address does not tell where its DNS is: the load balancer takes the \
ports that are configured; TANDEM_CONSUL_DNS=HOST:PORT names it"
  fi
}

# The own agent, for as long as this process lives.
own_agent=''
start_own_agent() {
  local ready=run/consul.ready output=run/consul.out
  rm -f $ready
  mkfifo $ready || die 73 "cannot create '$TANDEM_DIR/$ready'"
  setpriv --pdeathsig TERM "$share/consul-agent.sh" run >$output 2>&1 3>$ready 9>&- &
  own_agent=$!
  if ! read -r _ <$ready; then
    tail -n 15 $output | sed 's/^/  /' >&2
    die 69 "Consul does not start"
  fi
  rm -f $ready $output
}

# A move to Consul that did not end is taken back by one to local files, which marks in Consul what
# was copied. Where that cannot be had, as nobody answers, a person may know that nobody ever will.
unanswered='' # the file that marks such a move, until Consul has answered
end_of_coord() {
  { [ -z "$own_agent" ] || { kill -TERM "$own_agent" && wait "$own_agent"; }; } 2>/dev/null
  [ -z "$unanswered" ] || say "the record has never left the local files, and Consul, where a move of it \
has begun, does not answer; where that Consul is gone for good, go on with: rm '$unanswered'"
}

# `tandem coord move consul|local`. What may be lost by it is refused by rs-orch, which does it;
# nobody starts meanwhile, as the lock is held.
coord() {
  local target=${names[1]} there=local mark rc
  need_owner
  [ -d run/state ] || die 1 "there is no data below '$TANDEM_DIR/run'"
  lock 1 || die 75 "the system on $TANDEM_DIR runs; stop it with: tandem --dir $TANDEM_DIR down"
  link_etc
  read_note
  mark=$(unquoted_setting coord.root)/moved
  [[ $mark = /* ]] || mark=$TANDEM_DIR/$mark
  if [ -n "$home_prefix" ]; then there=consul; elif [ -e "$mark" ]; then there=between; fi
  if [ "$there $target" = "consul local" ] && [ ! -e "$mark" ] && has_local_records "${mark%/moved}"; then
    rm -f $coord_note
    there=local
  fi
  if [ $there = "$target" ]; then
    say "the record is there already"
    return 0
  fi
  settle_consul
  if [ "$there $target" = "between local" ]; then
    grep -qF "'$TANDEM_COORD_PREFIX'" "$mark" ||
      die 78 "the move that has not ended was to $(cat "$mark"); name its agent in CONSUL_HTTP_ADDR"
    unanswered=$mark
  fi
  trap end_of_coord EXIT
  trap 'unanswered=; exit 130' INT
  trap 'unanswered=; exit 143' TERM HUP
  prepare_consul
  if [ -n "${TANDEM_CONSUL_OWN:-}" ]; then
    start_own_agent
    unanswered=''
  fi
  "$TANDEM_BIN/rs-orch" --config etc/orch.toml --move-record "$target" || {
    rc=$?
    [ -z "$unanswered" ] || ! outside_agent_answers || unanswered=''
    return $rc
  }
  unanswered=''
  if [ "$target" = local ]; then
    rm -f $coord_note
    say "the record is in local files; start with: tandem --dir $TANDEM_DIR up"
    return 0
  fi
  { printf '%s\n' "$TANDEM_COORD_NOTE" >$coord_note.new && mv -f $coord_note.new $coord_note; } ||
    die 73 "cannot write '$TANDEM_DIR/$coord_note'"
  say "the record is in Consul, below '$TANDEM_COORD_PREFIX'; start with: \
tandem --dir $TANDEM_DIR --coord consul up"
}
