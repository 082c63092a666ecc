# How a process ended, in words. Sourced; the table of exit codes is that of the manual pages.
# shellcheck shell=bash

ending_in_words() { # EXIT-CODE (-1: a signal ended it) SIGNAL (SIGTERM, TERM or 15)
  local code=$1 signal=${2#SIG} why=''
  case $signal in *[!0-9]* | '') ;; *) signal=$(kill -l "$signal") ;; esac
  # A shell tells so what ended its last command.
  if [ "$code" -gt 128 ] && [ "$code" -le 192 ]; then signal=$(kill -l "$code") && code=-1; fi
  if [ "$code" -lt 0 ]; then
    case $signal in
      KILL) why=' (by somebody, or because the memory of the host was full)' ;;
      XFSZ) why=' (a file would have become larger than ulimit -f allows)' ;;
      XCPU) why=' (it used more time than ulimit -t allows)' ;;
      ABRT | SEGV | BUS | ILL | FPE | TRAP) why=' (a bug)' ;;
      SYS) why=' (a system call is forbidden here)' ;;
    esac
    echo "was killed by SIG$signal$why"
    return
  fi
  case $code in
    64) why=' (wrong usage)' ;;
    69) why=' (something that it needs is not there)' ;;
    70) why=' (a bug)' ;;
    73) why=' (a file or directory cannot be made)' ;;
    74) why=' (a disk failed)' ;;
    75) why=' (timed out)' ;;
    77) why=' (permission denied)' ;;
    78) why=' (wrong configuration)' ;;
    126) why=' (its program cannot be executed)' ;;
    127) why=' (its program is not there)' ;;
  esac
  echo "ended with exit code $code$why"
}

# The last line of a service's log that tells of an error, else the last line, without the time.
last_words() { # NAME
  awk '{ sub(/^[0-9-]+[ _][0-9:.]+ +/, "") }
       /: error: |"level":"error"|\[ALERT\]|: fatal: |PANIC:  / { error = $0 }
       NF { last = $0 }
       END { print error != "" ? error : last }' "$TANDEM_DIR/run/log/$1/current" 2>/dev/null |
    tr -d '\000-\010\013-\037' | cut -c 1-300
}
