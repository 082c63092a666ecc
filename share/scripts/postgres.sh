#!/usr/bin/env bash
# PostgreSQL for the tables of the workers and of the toy store: a cluster below
# TANDEM_DIR/run/state/postgres that is theirs alone, on a socket in TANDEM_DIR/run/sock/postgres and no port.
#
#   postgres.sh find     prints the directory of its programs; exits 69 where they are not there
#   postgres.sh check    exits 78 where the data is of a version that is not there
#   postgres.sh run      makes the cluster where there is none and runs it in the foreground; a
#                        newline on descriptor 3 says that it takes connections
#
# PostgreSQL refuses to run as root. Under root it runs as postgres or, where there is no such user,
# nobody, who may enter none of the directories above. Nor need they be opened for it: it gets its
# two directories as descriptors, and knows them as /proc/self/fd/N. In the same way its clients
# know the directory of the socket as /proc/self/cwd/run/sock/postgres: the address of a socket may
# have 107 bytes, and a directory has whatever name it has.
#
# Who connects is who the kernel says (peer): the user of tandem, as the role tandem, which owns the
# databases, or as the superuser postgres. The cluster's own user may not, nor anybody else.
set -u
unset CDPATH
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
state=$TANDEM_DIR/run/state/postgres
sockets=$TANDEM_DIR/run/sock/postgres
oldest=13

# Prints "VERSION DIRECTORY" for each PostgreSQL of this host, the newest first.
installed() {
  local program version
  for program in /usr/lib/postgresql/*/bin/postgres "$(readlink -f "$(command -v postgres)")"; do
    if [ ! -x "${program%/*}/initdb" ] || [ ! -x "${program%/*}/pg_isready" ]; then continue; fi
    version=$("$program" -V | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
    [ "${version:-0}" -lt $oldest ] || echo "$version ${program%/*}"
  done | sort -rn
}

# The version of the data that is there; nothing where there is none.
version_of_data() { cat "$state/data/PG_VERSION" 2>/dev/null; }

find_programs() {
  local wanted found
  wanted=$(version_of_data)
  found=$(installed | awk -v wanted="$wanted" 'wanted == "" || $1 == wanted { print $2; exit }')
  if [ -n "$found" ]; then
    echo "$found"
  elif [ -z "$wanted" ]; then
    echo "no PostgreSQL $oldest or newer here; as root, run:" >&2
    echo "  apt-get install -y --no-install-recommends postgresql-15" >&2
    return 69
  else
    echo "the data in '$state' is of PostgreSQL $wanted, which is not here: install it, or remove the \
data, and the workers make their tables anew" >&2
    return 78
  fi
}

# Whom the cluster runs as, as UID:GID; nothing where it is this user. Whose the data is keeps it.
other_user() {
  local user
  [ "$(id -u)" -eq 0 ] || return 0
  user=$(stat -c %u "$state/data" 2>/dev/null)
  [ "${user:-0}" != 0 ] || user=$(id -u postgres 2>/dev/null || id -u nobody)
  echo "$user:$(id -g "$user" 2>/dev/null || echo "$user")"
}

# Backends outlive a postmaster that was killed, for a moment. Where none is left its locks mean
# nothing: their process ids may be those of others by now, for which PostgreSQL would not start. A
# postmaster that is not seen here, in another container, would hold the lock of the whole system.
end_of_former() {
  local cwd rounds=100 left=yes
  while [ $left = yes ]; do
    left=no
    for cwd in /proc/[0-9]*/cwd; do
      [ ! "$cwd" -ef "$state/data" ] || left=yes
    done
    [ $((rounds -= 1)) -gt 0 ] || return 0
    [ $left = no ] || sleep 0.1
  done
  rm -f "$state/data/postmaster.pid" "$sockets"/.s.PGSQL.5432*
}

# Tells descriptor 3 when the process takes connections, and ends with it.
tell_ready() { # PROGRAMS PID
  until "$1/pg_isready" -q -h /proc/self/cwd/run/sock/postgres -p 5432 -U tandem -d postgres; do
    kill -0 "$2" 2>/dev/null || return
    sleep 0.05
  done
  echo >&3
}

run() {
  local programs user as=()
  programs=$(find_programs) || exit
  mkdir -p "$state" "$sockets" && chmod 0700 "$state" "$sockets" || exit 73
  user=$(other_user)
  if [ -n "$user" ]; then
    chown -h "$user" "$state" "$sockets" || exit 77
    as=(setpriv "--reuid=${user%:*}" "--regid=${user#*:}" --clear-groups)
  fi
  end_of_former
  # No child of the postmaster, which would take the end of one for that of a backend.
  (tell_ready "$programs" $$ </dev/null >/dev/null &)
  exec 3>&- 5<"$state" 6<"$sockets" <"$here/postgres-cluster.sh"
  cd / || exit
  exec "${as[@]}" /bin/sh -s "$programs" "$(id -un)"
}

case ${1-} in
  find) find_programs ;;
  check) find_programs >/dev/null ;;
  run) run ;;
  *) exit 64 ;;
esac
