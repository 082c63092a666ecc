# What `tandem up` finds out about the services and tells them, the load balancer and the scripts in
# etc/sv through the environment. Sourced by tandem(1); uses $port_base, $TANDEM_BIN and
# $TANDEM_SHARE.
# For each program with an HTTP interface, rs-users as an example:
#   RS_USERS_HTTP_PORT     its port, which the program itself reads, too
#   TANDEM_RS_USERS_HOST   where the load balancer finds it
#   TANDEM_RS_USERS_URL    where clients on this host find it
# shellcheck shell=bash disable=SC2154

# Prints the value of one key of a program's configuration, as the program itself sees it.
setting() {
  "$TANDEM_BIN/$1" --config "etc/${1#??-}.toml" --print-config 2>/dev/null | awk -v want="$2" '
    /^\[/ { section = $0; gsub(/[][]/, "", section); section = section "."; next }
    /^[a-z]/ { split($0, part, / *= */)
               if (section part[1] == want) { sub(/ *#.*/, "", part[2]); print part[2]; exit } }'
}

# The URL of an address to listen on, for clients on this host.
url_of() { # HOST PORT
  case $1 in
    '' | 0.0.0.0 | '*') echo "http://127.0.0.1:$2" ;;
    ::) echo "http://[::1]:$2" ;;
    \[*) echo "http://$1:$2" ;;
    *:*) echo "http://[$1]:$2" ;;
    *) echo "http://$1:$2" ;;
  esac
}

settle_http() { # PROGRAM CAPITALS OFFSET
  local host='' port='' url
  [ -z "$port_base" ] || export "$2_HTTP_PORT=$((port_base + $3))"
  [ -x "$TANDEM_BIN/$1" ] || return 0
  read -r host port < <("$TANDEM_SHARE/listens.sh" "$1" --config "etc/${1#??-}.toml")
  # A configuration that is wrong tells nothing; the check says why.
  [ -n "$port" ] || return 0
  url=$(url_of "$host" "$port")
  host=${url#http://}
  export "$2_HTTP_PORT=$port" "TANDEM_$2_URL=$url" "TANDEM_$2_HOST=${host%:*}"
}

# The services are asked by the names of the balancer. One that others than this host reach has
# names that nobody here knows; http.hosts can tell them.
settle_hosts() { # PROGRAM CAPITALS
  case $TANDEM_LB_HOST in localhost | 127.* | ::1 | '[::1]') return 0 ;; esac
  [ ! -x "$TANDEM_BIN/$1" ] || [ "$(setting "$1" http.hosts)" != '[]' ] || export "$2_HTTP_HOSTS=*"
}

# For the scripts that stop workers which rs-orch has left, and look at what configures them.
settle_workers() {
  [ -x "$TANDEM_BIN/rs-orch" ] || return 0
  RS_ORCH_WORKERS_DIRECTORY=$(setting rs-orch workers.directory | tr -d '"')
  TANDEM_WORKERS_CONFIG=$(setting rs-orch workers.config | tr -d '"')
  export RS_ORCH_WORKERS_DIRECTORY TANDEM_WORKERS_CONFIG
}

# Where the workers, and the replicas of the toy store, have tables; without --tables that is what
# their configuration says. They run in the directory of the system, so that a short name leads to
# its socket. What a person has in the environment for libpq means another server.
settle_tables() {
  local host=$TANDEM_DIR/run/sock/postgres program
  for program in RS_WORKER TS_ORDER TS_CATALOG; do
    [ -z "$TANDEM_TABLES" ] || export "${program}_TABLES_BACKEND=$TANDEM_TABLES"
    [ "$TANDEM_TABLES" = postgres ] || continue
    export "${program}_TABLES_PASSWORD_FILE=" \
      "${program}_TABLES_URL=host=/proc/self/cwd/run/sock/postgres port=5432 user=tandem \
dbname=$(tr '[:upper:]' '[:lower:]' <<<"${program#*_}")_{id}"
  done
  [ "$TANDEM_TABLES" = postgres ] || return 0
  unset "${!PG@}"
  # For people. Too long for a socket, or not for a URL, it is had by way of the guard.
  if [ ${#host} -gt 90 ] || [[ $host == *[!A-Za-z0-9/._+-]* ]]; then
    host=/proc/$$/cwd/run/sock/postgres
  fi
  case $TANDEM_ONLY in toystore) program=order ;; *) program=worker ;; esac
  export TANDEM_POSTGRES_URL="postgresql:///${program}_1?host=$host&user=tandem"
}

settle_environment() {
  settle_http rs-users RS_USERS 0
  settle_http rs-rides RS_RIDES 1
  settle_http rs-orch RS_ORCH 2
  settle_http ts-front TS_FRONT 4
  settle_workers
  settle_tables
  settle_coord
  [ -z "$port_base" ] || export TANDEM_LB_PORT=$((port_base + 3))
  export TANDEM_LB_HOST=${TANDEM_LB_HOST:-127.0.0.1} TANDEM_LB_PORT=${TANDEM_LB_PORT:-8088}
  TANDEM_LB_URL=$(url_of "$TANDEM_LB_HOST" "$TANDEM_LB_PORT")
  export TANDEM_LB_URL
  settle_hosts rs-users RS_USERS
  settle_hosts rs-rides RS_RIDES
}
