#!/usr/bin/env bash
# A PostgreSQL cluster for tests, with a socket in its directory and no port. Whoever connects is who
# they say, as the superuser tester.
#
#   postgres.sh make DIRECTORY               makes a cluster in DIRECTORY
#   postgres.sh copy DIRECTORY DIRECTORY     makes another one of one that does not run
#   postgres.sh run DIRECTORY [ARGUMENT]…    runs it in the foreground, with arguments of postgres(1)
#   postgres.sh wait DIRECTORY               returns when it takes connections
#   postgres.sh sql DIRECTORY DATABASE [SQL] what psql prints, without names and borders; without SQL
#                                            it is read from the standard input
#
# As root it runs as nobody, for PostgreSQL refuses root; where root is the only user there is, in
# the namespace of an ordinary user, as another one in a namespace of that. The directories above
# need not be open to it: it gets its own one as descriptor 5.
set -eu
unset CDPATH
export LC_ALL=C

programs=''
for program in /usr/lib/postgresql/*/bin/initdb; do
  if [ -x "$program" ]; then programs=${program%/*}; fi
done
[ -n "$programs" ] || {
  echo 'postgres.sh: no PostgreSQL here (share/scripts/dependencies.sh test)' >&2
  exit 69
}

# The words before what runs as the other user; that ends with its parent.
as=(setpriv --pdeathsig QUIT)
owner=''
if [ "$(id -u)" = 0 ]; then
  if [ "$(awk '{ users += $3 } END { print (users > 1) }' /proc/self/uid_map)" = 1 ]; then
    owner=nobody:nogroup
    as+=(--reuid=nobody --regid=nogroup --clear-groups)
  else
    as=(unshare --user --map-user=65534 --map-group=65534)
  fi
fi

give() { [ -z "$owner" ] || chown -R "$owner" "$1"; } # DIRECTORY

make_cluster() { # DIRECTORY
  mkdir -p "$1"
  chmod 711 "$1"
  give "$1"
  "${as[@]}" "$programs/initdb" -D /proc/self/fd/5/data -A trust -U tester -E UTF8 --locale=C.UTF-8 \
    --no-sync 5<"$1" >/dev/null </dev/null
}

copy() { # DIRECTORY DIRECTORY
  mkdir -p "$2"
  chmod 711 "$2"
  cp -r "$1/data" "$2"
  give "$2"
}

# Backends outlive a postmaster that was killed, for a moment, and no other one starts meanwhile.
# Where none is left, its locks mean nothing.
end_of_former() { # DIRECTORY
  local cwd left=yes
  while [ $left = yes ]; do
    left=no
    for cwd in /proc/[0-9]*/cwd; do
      [ ! "$cwd" -ef "$1/data" ] || left=yes
    done
    [ $left = no ] || sleep 0.02
  done
  rm -f "$1/data/postmaster.pid" "$1"/.s.PGSQL.5432*
}

run() { # DIRECTORY [ARGUMENT]…
  local directory=$1 quick=()
  shift
  # After a crash each file would be synced by itself, which takes long on a busy disk.
  [[ $("$programs/postgres" -V) =~ \ 13 ]] || quick=(-c recovery_init_sync_method=syncfs)
  end_of_former "$directory"
  exec 5<"$directory"
  # As nobody it may not be where this script is. fsync stays on: a server without it is refused.
  cd /
  exec "${as[@]}" "$programs/postgres" -D /proc/self/fd/5/data -k /proc/self/fd/5 -p 5432 \
    -c listen_addresses= -c unix_socket_permissions=0777 -c shared_buffers=16MB \
    -c max_connections=40 -c wal_level=minimal -c max_wal_senders=0 -c jit=off \
    -c log_checkpoints=off "${quick[@]}" "$@" </dev/null
}

# From within the directory: the address of a socket may have 107 bytes.
psql() { # DIRECTORY [ARGUMENT]…
  cd "$1"
  shift
  env -u PGOPTIONS "$programs/psql" -XqAt -h /proc/self/cwd -p 5432 -U tester -v ON_ERROR_STOP=1 "$@"
}

case ${1-}:$# in
  make:2) make_cluster "$2" ;;
  copy:3) copy "$2" "$3" ;;
  run:[2-9]*) run "${@:2}" ;;
  wait:2) until psql "$2" -d postgres -c '' 2>/dev/null; do sleep 0.02; done ;;
  sql:3) psql "$2" -d "$3" ;;
  sql:4) psql "$2" -d "$3" -c "$4" ;;
  *)
    sed -n 's/^#   //p' "$0" >&2
    exit 64
    ;;
esac
