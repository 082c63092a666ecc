# What supervise.sh looks at before it starts anything: whether every configuration is right, and
# whether the ports are free. Each tells everything that is wrong, on stderr, and fails where
# anything is. Sourced; uses $chosen, $templates, $dir, $got, say() and interruptible().
# shellcheck shell=bash disable=SC2154

check_configurations() {
  local name said code bad=0
  local -A told=()
  for name in "${chosen[@]}"; do
    [ -z "$got" ] || return 0
    [ -x "$templates/$name/check" ] || continue
    interruptible "$templates/$name/check" >"$dir/check" 2>&1
    code=$?
    [ $code -ne 0 ] || continue
    [ -z "$got" ] || return 0
    bad=1
    # Replicas share a file, and its mistakes. In brackets stands a process id.
    said=$(sed 's/^\([a-z-]*\)\[[0-9]*\]: /\1: /' "$dir/check")
    [ -z "${told[x$said]:-}" ] || continue
    told[x$said]=yes
    case $code in
      126 | 127) say "$name cannot be run:" ;;
      *) say "the configuration of $name is wrong:" ;;
    esac
    printf '%s\n' "${said:-it gives no reason}" | sed 's/^/  /' >&2
  done
  rm -f "$dir/check"
  return $bad
}

# Prints the inode and the user of the socket that listens on a port where this address would be,
# from /proc/net (proc(5)): the addresses of that table are hexadecimal, IPv4 with the last byte
# first.
listener() { # HOST PORT
  local host=$1 bytes sure inode uid
  case $host in '' | '*') host=0.0.0.0 ;; esac
  case $host in *:*) ;; *[!0-9.]*) host=$(getent ahostsv4 "$host" | awk '{ print $1; exit }') ;; esac
  IFS=. read -ra bytes <<<"$host"
  case $host in
    ::) host=00000000 ;;
    *.*) host=$(printf '%02X%02X%02X%02X' "${bytes[3]}" "${bytes[2]}" "${bytes[1]}" "${bytes[0]}") ;;
    *) host=other ;;
  esac
  read -r sure inode uid < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port="$(printf '%04X' "$2")" -v host="$host" '
      $4 == "0A" && split($2, at, ":") == 2 && at[2] == port {
        v4 = length(at[1]) == 8
        if ((v4 && at[1] ~ /^0+$/ && host != "other") || host == "00000000" || at[1] == host ||
            at[1] == "0000000000000000FFFF0000" host) found = "yes " $10 " " $8
        else if (!v4 && !found) found = "no " $10 " " $8
      }
      END { print found }')
  # A socket for any IPv6 address may be one for IPv4 as well, which the table does not say.
  # shellcheck disable=SC2016  # expanded by the shell that runs it
  [ "${sure:-}" != no ] || timeout 2 bash -c ': <>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null || inode=''
  [ -z "${inode:-}" ] || echo "$inode $uid"
}

# The process that has the socket of this inode, in words.
holder() { # INODE UID
  local pid command
  pid=$(find /proc/[0-9]*/fd -maxdepth 1 -lname "socket:\\[$1\\]" 2>/dev/null | head -n 1)
  if [ -z "$pid" ]; then
    echo "a process of user $(id -nu "$2" 2>/dev/null || echo "$2")"
    return
  fi
  pid=${pid#/proc/}
  pid=${pid%%/*}
  command=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | tr -d '[:cntrl:]' | cut -c 1-60)
  echo "pid $pid (${command% })"
}

# Fails with 78 where the addresses cannot be right, with 69 where a port is taken.
check_ports() {
  local name host port inode uid rc=0
  local -A taken=()
  while read -r name host port; do
    if [ "$port" = 0 ]; then
      say "the port of $name is 0, any one: here it has to be known; set it, or take --port-base"
      rc=78
    elif [ -n "${taken[$port]:-}" ]; then
      say "port $port is meant for $name and for ${taken[$port]}"
      rc=78
    elif read -r inode uid < <(listener "$host" "$port"); then
      say "port $port ($name) is in use by $(holder "$inode" "$uid"): take others with --port-base"
      [ $rc = 78 ] || rc=69
    fi
    taken[$port]=$name
  done < <(for name in "${chosen[@]}"; do
    [ ! -x "$templates/$name/listens" ] || "$templates/$name/listens" | sed "s/^/$name /"
  done)
  return $rc
}

# Sets $status and fails where nothing is to be started.
preflight() {
  check_ports
  status=$?
  check_configurations || status=78
  [ $status -ne 0 ] || return 0
  say "nothing was started"
  return 1
}
