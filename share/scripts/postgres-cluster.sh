# What postgres.sh runs as the user of the cluster, who may not be able to read this file: it is the
# shell's standard input. $1 is the directory of PostgreSQL's programs, $2 the user who connects.
# Descriptor 5 is the directory of the data, 6 that of the socket.
# shellcheck shell=sh
programs=$1
client=$2
umask 077
data=/proc/self/fd/5/data

# Aside first, so that there is a whole cluster or none.
make_cluster() {
  new=/proc/self/fd/5/new
  rm -rf $new
  if ! told=$("$programs/initdb" -D $new -U postgres -E UTF8 --locale=C.UTF-8 --auth=peer 2>&1 </dev/null) ||
    ! told=$(echo 'CREATE ROLE tandem LOGIN CREATEDB' |
      "$programs/postgres" --single -D $new -c log_checkpoints=off postgres 2>&1) ||
    ! told=$(settings 2>&1 >>$new/postgresql.conf) ||
    ! told=$(mv -T $new $data 2>&1); then
    printf '%s\n' "$told" 'the cluster cannot be made'
    exit 73
  fi
}

# What a person may change there, or by ALTER SYSTEM. A worker has three connections, and there may
# be nine of them and those that follow; the toy store has eight; the rest is for people. Nothing is replicated from here:
# the workers' log is what there is of that.
settings() {
  cat <<'END'

# Of tandem.
cluster_name = 'tandem'
max_connections = 60
shared_buffers = 64MB
max_wal_size = 512MB
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
jit = off
log_checkpoints = off
log_timezone = 'UTC'
log_line_prefix = '%p %a: '
END
}

[ -e $data/PG_VERSION ] || make_cluster
# At each start: the directory may have been given to another user.
{
  echo 'local all all peer map=tandem' >$data/pg_hba.conf &&
    printf 'tandem "%s" %s\n' "$client" tandem "$client" postgres >$data/pg_ident.conf
} || exit 73
exec "$programs/postgres" -D $data -k /proc/self/fd/6 -p 5432 -c listen_addresses= \
  -c unix_socket_permissions=0777 -c logging_collector=off -c log_destination=stderr </dev/null
