#!/usr/bin/env bats
# rs-client top in a terminal of 80 by 24, which tmux is here.

load test_helper
load toy_store

setup_file() {
  take_ports 5
  export system=$BATS_FILE_TMPDIR/system
  tandem_up "$system" --port-base "$port_base"
  export started
}

teardown_file() {
  kill -TERM "$started"
  wait_until_down "$system"
}

setup() {
  eval "$("$tandem" -d "$system" env)"
  socket=top-$BATS_TEST_NUMBER-$$
  # A shell that runs a command forgets PS1.
  env -u NO_COLOR TERM=screen LC_ALL=C.UTF-8 tmux -L "$socket" -f /dev/null new-session -d -x 80 -y 24 \
    "exec env PS1='prompt> ' bash --norc --noprofile"
  until_true screen_has 'prompt>'
}

teardown() { tmux -L "$socket" kill-server; }

screen() { tmux -L "$socket" capture-pane -p; }
screen_has() { screen | grep -q -- "$1"; } # REGEX
screen_lacks() { ! screen_has "$1"; }      # REGEX
keys() { tmux -L "$socket" send-keys "$@"; }
in_front() { [ "$(tmux -L "$socket" display -p '#{alternate_on}')" = "$1" ]; } # 0|1
# The terminal is as any program wants to find it.
is_restored() {
  until_true in_front 0
  keys 'stty -a | grep -o " icanon\| echo " | tr -d "\n"; echo " restored"' Enter
  until_true screen_has '^ icanon echo  *restored'
}
top_pid() { pgrep -x -P "$(tmux -L "$socket" display -p '#{pane_pid}')" rs-client; }
begin() { # [ARGUMENT]…
  keys "'$TANDEM_BIN/rs-client' top $*" Enter
  until_true screen_has '^rs-orch  *READY'
}

ended_with() { # STATUS
  until_true in_front 0
  keys 'echo "ended with $?"' Enter
  until_true screen_has "^ended with $1"
}

@test 'both applications on one screen, replicas in their rows, the newest events' {
  begin all --interval 200ms
  until_true screen_has '^ts-front  *READY'
  run screen
  assert_equal "${#lines[@]}" "$(wc -l <<<"$output")"
  assert_line --regexp '^tandem  [0-9:]{8} UTC'
  assert_line --regexp '^\* [12]   master    in sync'
  assert_line --regexp '^  [12]   slave     in sync'
  assert_line --regexp '^  orders  replica 3 leads'
  assert_line --regexp '^\* 3   leader    in sync'
  assert_line --regexp 'EVENTS$'
  until_true screen_has 'reads [0-9.]*/s'
  keys q
  ended_with 0
  is_restored
}

@test 'a worker that dies keeps its row, and comes back in it' {
  begin rideshare --interval 100ms
  local row pid
  row=$(screen | grep -n '^[* ] 1   ' | cut -d: -f1)
  pid=$(screen | sed -n 's/^[* ] 1   .*in sync *\([0-9]*\) .*/\1/p')
  kill -KILL "$pid"
  until_true screen_has ' 1   .*in sync *[0-9]* '
  until_true screen_lacks " $pid "
  until_true screen_has '^[* ] 1   .*in sync'
  assert_equal "$(screen | grep -n '^[* ] 1   ' | cut -d: -f1)" "$row"
  until_true screen_has ' death '
  keys q
  is_restored
}

@test '^C, ^Z, TERM and a crash leave the terminal as it was' {
  begin rideshare
  until_true in_front 1
  keys C-z
  is_restored
  keys fg Enter
  until_true in_front 1
  until_true screen_has '^rs-orch  *READY'
  keys C-c
  ended_with 130
  is_restored
  local signal
  for signal in TERM HUP ABRT SEGV; do
    keys clear Enter
    until_true screen_lacks 'ended with'
    begin rideshare
    until_true in_front 1
    kill -s "$signal" "$(top_pid)"
    ended_with $((128 + $(kill -l "$signal")))
    is_restored
  done
}

@test 'pause holds the screen; another size is drawn anew' {
  begin rideshare --interval 100ms
  keys Space
  until_true screen_has PAUSED
  keys Space
  until_true screen_lacks PAUSED
  tmux -L "$socket" resize-window -x 50 -y 10
  until_true eval '[ "$(screen | LC_ALL=C.UTF-8 wc -L)" -le 50 ]'
  assert_equal "$(tmux -L "$socket" capture-pane -p | wc -l)" 10
  until_true screen_has '^rs-orch  *READY'
  keys q
  is_restored
}

@test 'off a terminal it is status; a wrong interval is refused' {
  run -0 "$TANDEM_BIN/rs-client" top rideshare
  assert_line --regexp $'^rs-orch\tready\t'
  run -0 "$TANDEM_BIN/rs-client" top rideshare -f json
  assert_equal "$(jq -r '.[0].name' <<<"$output")" rs-orch
  run -64 "$TANDEM_BIN/rs-client" top --interval 5
  run -64 "$TANDEM_BIN/rs-client" top --interval 1ms
  assert_output --partial '100ms or more'
}
