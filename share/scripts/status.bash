# `tandem status`. Sourced by tandem(1); uses $sv, $format, $TANDEM_BIN and the supervisor's
# functions.
# shellcheck shell=bash disable=SC2154

json_text() {
  local text
  text=$(printf '%s' "$1" | tr -d '\000-\010\013\014\016-\037' | tr '\t\r\n' '   ')
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# "42s", "3m 2s", "5h 7m", "12d 3h"
span() { # SECONDS
  if [ "$1" -lt 60 ]; then
    echo "$1s"
  elif [ "$1" -lt 3600 ]; then
    echo "$(($1 / 60))m $(($1 % 60))s"
  elif [ "$1" -lt 86400 ]; then
    echo "$(($1 / 3600))h $(($1 / 60 % 60))m"
  else
    echo "$(($1 / 86400))d $(($1 / 3600 % 24))h"
  fi
}

# The workers, as rs-orch tells of them; nothing where it doesn't.
ask_workers() { # URL FORMAT
  "$TANDEM_BIN/rs-client" --set orch.url="$1" --timeout 2s --format "$2" \
    workers status 2>/dev/null
}

row() { printf '%-11s %-9s %-8s %-8s %-7s %s\n' "$@"; }

show_workers() { # URL
  local pid role state id since up
  # By a character that is no blank: an empty column, of a worker that says nothing, is one too.
  while IFS=$'\037' read -r pid role state id _ _ _ _ since; do
    up=-
    [ -z "$since" ] || up=$(span "$(($(date +%s) - $(date -d "$since" +%s)))")
    row "  worker $id" "$role" "$up" '' "$pid" "$state"
  done < <(ask_workers "$1" tsv | tr '\t' '\037')
}

show_service() { # NAME STATE SECONDS RESTARTS PID URL WHY
  local up=-
  [ "$2" = down ] || up=$(span "$3")
  row "$1" "$2" "$up" "$4" "$5" "$6"
  if [ "$2" = down ]; then
    echo "  $7, $(span "$3") ago"
    printf '  %s\n' "$(last_words "$1")"
  fi
  if [ "$1" = rs-orch ] && [ "$2" = ready ]; then show_workers "$6"; fi
}

service_json() { # NAME STATE SECONDS RESTARTS PID URL WHY
  local workers
  printf '{"name":%s,"state":"%s","seconds":%d,"restarts":%d' "$(json_text "$1")" "$2" "$3" "$4"
  printf ',"pid":%s' "${5/#-/null}"
  if [ "$6" = - ]; then printf ',"url":null'; else printf ',"url":%s' "$(json_text "$6")"; fi
  if [ "$2" = down ]; then
    printf ',"ended":%s,"last_error":%s' "$(json_text "$7")" "$(json_text "$(last_words "$1")")"
  fi
  if [ "$1" = rs-orch ] && [ "$2" = ready ]; then
    workers=$(ask_workers "$6" json)
    printf ',"workers":%s' "${workers:-null}"
  fi
  printf '}'
}

# The agent that somebody else runs, where there is one: whether requests that have to be consistent
# are answered there.
show_outside_agent() {
  local state=gone url=${TANDEM_CONSUL_UI:-$TANDEM_CONSUL_ADDRESS}
  ! outside_agent_answers || state=ready
  if [ "$format" = json ]; then
    printf '%s{"name":"consul","state":"%s","seconds":null,"restarts":null,"pid":null,"url":%s}' \
      "$1" $state "$(json_text "$url")"
  else
    row consul $state - '' - "$url"
  fi
  [ $state = ready ]
}

show_status() {
  local name state seconds pid why url starts separator='[' bad=0
  # shellcheck source=/dev/null
  . "$sv/.environment"
  [ "$format" = json ] || row NAME STATE UP RESTARTS PID URL
  if [ -n "${TANDEM_CONSUL_ADDRESS:-}" ]; then
    show_outside_agent "$separator" || bad=1
    separator=$',\n'
  fi
  while read -r name; do
    read -r state seconds pid why < <(sup_state "$name")
    [ "$state" = ready ] || bad=1
    starts=1
    read -r starts 2>/dev/null <"$sv/$name/starts"
    url=$(awk -v name="$name" '$1 == name { print $2 }' "$sv/.urls")
    set -- "$name" "$state" "$seconds" "$((starts > 0 ? starts - 1 : 0))" "$pid" "${url:--}" "$why"
    if [ "$format" = json ]; then
      printf '%s' "$separator"
      separator=$',\n'
      service_json "$@"
    else
      show_service "$@"
    fi
  done <"$sv/.order"
  [ "$format" = table ] || echo ']'
  return $bad
}
