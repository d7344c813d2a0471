#!/usr/bin/env bash
# The GPU box: sets it up, downloads the models, runs and supervises the model servers. pod.json says what runs; plan.py does the arithmetic.
# Everything is kept below POINTSMAN_POD_HOME (/workspace/pointsman), because a pod that is stopped keeps only its volume.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
home_dir="${POINTSMAN_POD_HOME:-/workspace/pointsman}"
mode="${POINTSMAN_POD_MODE:-pair}"
card="${POINTSMAN_POD_CARD:-auto}"
dry_run=0
names=()

usage() {
  cat <<'HELP'
The GPU box of Pointsman.

  pod.sh setup                 folders, vLLM, cloudflared and an API key, on the volume
  pod.sh download              the models of a mode: in parallel, resumed, checked, with a summary
  pod.sh start                 starts and supervises the servers, and the tunnel where there is a tunnel.yml; returns when all are ready
  pod.sh run                   the same in the foreground, until SIGTERM
  pod.sh stop                  stops everything
  pod.sh restart ID            restarts one server (small, large …); the others serve on
  pod.sh hook                  takes the gateway's orders to restart a server, on 127.0.0.1:8010 (POINTSMAN_HOOK_PORT)
  pod.sh status                each server: process, restarts, whether it answers
  pod.sh logs ID               follows a server's log
  pod.sh memory                what fits: weights, KV cache, context, for a mode and card or for all
  pod.sh explain               every flag and variable with its reason
  pod.sh modes                 what there is to run, and on which cards

  --mode NAME      pair (default), pair-4bit, single-small, single-large, llama-pair, intent-trio (POINTSMAN_POD_MODE)
  --card NAME      a40, l40s, 2x24gb, 80gb, or auto (default): as nvidia-smi says
  --home DIR       where everything is kept (POINTSMAN_POD_HOME, /workspace/pointsman)
  --dry-run        prints the exact commands of setup, download, start and stop, and runs none
HELP
}

say() { printf '%s %s\n' "$(date -u +%H:%M:%S)" "$*"; }

fail() {
  printf 'pod.sh: %s\n' "$*" >&2
  exit 1
}

plan() { python3 "$here/plan.py" "$@"; }

# Runs a command, or prints it as one could type it.
run() {
  if [ "$dry_run" = 1 ]; then
    local word line=''
    for word in "$@"; do
      case "$word" in
        *[!A-Za-z0-9_./:=@%+,-]* | '') line+=" '${word//\'/\'\\\'\'}'" ;;
        *) line+=" $word" ;;
      esac
    done
    printf '%s\n' "${line# }"
  else
    "$@"
  fi
}

# The table's settings by section and name, read once: `settings[supervise.poll_seconds]`.
declare -A settings=()
phase_names=() phase_patterns=() hint_texts=() hint_patterns=()

load_settings() {
  local section name value
  while IFS=$'\t' read -r section name value; do
    case "$section" in
      phase) phase_names+=("$name") && phase_patterns+=("$value") ;;
      hint) hint_texts+=("$name") && hint_patterns+=("$value") ;;
      *) settings["$section.$name"]="$value" ;;
    esac
  done < <(plan settings)
}

# The card to plan for. Fails when nvidia-smi shows none that is known.
choose_card() {
  [ "$card" = auto ] || return 0
  command -v nvidia-smi >/dev/null || fail 'there is no nvidia-smi here; name the card with --card (a40, l40s, 2x24gb, 80gb)'
  local sizes
  sizes="$(nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits)"
  card="$(plan card <<<"$sizes")" || fail "no card of pod.json has the memory that nvidia-smi shows (MiB): ${sizes//$'\n'/, }; name one with --card"
}

# -- setup -------------------------------------------------------------------------------------------------------------------------

setup() {
  load_settings
  local vllm="${settings[versions.vllm]}" hub="${settings[versions.huggingface_hub]}" uv="${settings[versions.uv]}"
  local cloudflared="${settings[versions.cloudflared]}"
  run mkdir -p "$home_dir/bin" "$home_dir/cache" "$home_dir/logs" "$home_dir/models" "$home_dir/run"
  run chmod 700 "$home_dir/run"
  run python3 -m venv "$home_dir/venv"
  run "$home_dir/venv/bin/pip" install --quiet "uv==$uv"
  # uv takes the build of torch that the host's driver can run.
  run "$home_dir/venv/bin/uv" pip install --python "$home_dir/venv/bin/python" --torch-backend=auto "vllm==$vllm" "huggingface_hub==$hub"
  if [ ! -x "$home_dir/bin/cloudflared" ]; then
    run curl --fail --silent --show-error --location --output "$home_dir/bin/cloudflared.part" \
      "https://github.com/cloudflare/cloudflared/releases/download/$cloudflared/cloudflared-linux-amd64"
    run chmod 755 "$home_dir/bin/cloudflared.part"
    run mv "$home_dir/bin/cloudflared.part" "$home_dir/bin/cloudflared"
  fi
  make_key
  [ "$dry_run" = 1 ] || report_setup
}

# A key of its own for this box; 600, so that only its owner reads it, and never an argument of a command.
make_key() {
  if [ "$dry_run" = 1 ]; then
    printf '%s\n' "(umask 077 && openssl rand -hex 32 > $home_dir/api-key)   # only where there is none yet"
  elif [ ! -s "$home_dir/api-key" ]; then
    (umask 077 && python3 -c 'import secrets; print(secrets.token_hex(32))' >"$home_dir/api-key")
    say "made an API key: $home_dir/api-key (the gateway's secret UPSTREAM_API_KEY)"
  fi
}

report_setup() {
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader
  else
    say 'there is no nvidia-smi here: this machine has no NVIDIA card, or no driver'
  fi
  local volume="${home_dir%/*}"
  if command -v mountpoint >/dev/null && ! mountpoint -q "${volume:-/}"; then
    say "warning: $volume is not a volume of its own; what is not on one is lost when a pod stops"
  fi
  say "free on the volume: $(df -h --output=avail "$home_dir" | tail -1 | tr -d ' ')"
}

# -- download ----------------------------------------------------------------------------------------------------------------------

folder_bytes() { du -sb "$1" 2>/dev/null | cut -f1 || echo 0; }

# One run of hf; ends it when no byte has come for so long. Its own process group, so that nothing of it stays.
fetch_once() { # repository folder log
  local workers="${settings[download.workers]}" stall="${settings[download.stall_seconds]}" every="${settings[download.poll_seconds]}"
  local pid since_byte=$SECONDS before now
  HF_HUB_DOWNLOAD_TIMEOUT=30 setsid hf download "$1" --local-dir "$2" --max-workers "$workers" --exclude 'original/*' >>"$3" 2>&1 &
  pid=$!
  before="$(folder_bytes "$2")"
  while kill -0 "$pid" 2>/dev/null; do
    sleep "$every"
    now="$(folder_bytes "$2")"
    if [ "$now" != "$before" ]; then since_byte=$SECONDS; fi
    before="$now"
    if [ "$((SECONDS - since_byte))" -ge "$stall" ]; then
      printf 'no byte for %s s: stopped\n' "$stall" >>"$3"
      kill -KILL -- "-$pid" 2>/dev/null || true
      wait "$pid" 2>/dev/null || true
      return 75
    fi
  done
  wait "$pid"
}

# A damaged file and what hf remembers of it, which would otherwise pass for complete.
drop_damaged() { # folder mistakes
  local line file
  while IFS= read -r line; do
    file="${line%%:*}"
    case "$line" in *' bytes instead of '* | *': cut'* | *'cannot be read'*) rm -f "${1:?}/$file" "$1/.cache/huggingface/download/$file.metadata" ;; esac
  done <<<"$2"
}

fetch_model() { # model repository folder
  local attempt attempts="${settings[download.attempts]}" log="$home_dir/logs/download-$1.log" started before mistakes status=0 seconds bytes
  started=$SECONDS
  before="$(folder_bytes "$3")"
  : >"$log"
  mkdir -p "$3"
  if [ -e "$3/.complete" ] && plan check --model "$1" --folder "$3" >/dev/null; then
    printf '%s\tthere already\t%s\t0\t0\n' "$1" "$(folder_bytes "$3")" >"$home_dir/run/download.$1"
    return 0
  fi
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    status=0
    fetch_once "$2" "$3" "$log" || status=$?
    if [ "$status" = 0 ]; then
      if mistakes="$(plan check --model "$1" --folder "$3")"; then
        touch "$3/.complete"
        seconds=$((SECONDS - started)) bytes="$(folder_bytes "$3")"
        printf '%s\tok, attempt %s\t%s\t%s\t%s\n' "$1" "$attempt" "$bytes" "$seconds" "$((bytes - before))" >"$home_dir/run/download.$1"
        return 0
      fi
      printf 'not whole:\n%s\n' "$mistakes" >>"$log"
      drop_damaged "$3" "$mistakes"
    elif [ "$status" = 75 ]; then
      # The usual way out of a download that hangs near its end: plain HTTP in place of Xet.
      export HF_HUB_DISABLE_XET=1
      say "$1: stalled, resumed over plain HTTP"
    else
      say "$1: hf ended with $status ($(tail -1 "$log" | cut -c1-160)); resumed"
      sleep "$attempt"
    fi
  done
  printf '%s\tFAILED\t%s\t%s\t0\n' "$1" "$(folder_bytes "$3")" "$((SECONDS - started))" >"$home_dir/run/download.$1"
  return 1
}

download() {
  choose_card
  load_settings
  local list model repository folder gated bytes needed=0 free pids=() bad=0 pid
  list="$(plan models --mode "$mode" --card "$card" --home "$home_dir")"
  if [ "$dry_run" = 1 ]; then
    while IFS=$'\t' read -r model repository folder gated bytes; do
      run hf download "$repository" --local-dir "$folder" --max-workers "${settings[download.workers]}" --exclude 'original/*'
      run python3 "$here/plan.py" check --model "$model" --folder "$folder"
    done <<<"$list"
    return 0
  fi
  use_venv
  command -v hf >/dev/null || fail 'there is no hf here: pod.sh setup'
  mkdir -p "$home_dir/logs" "$home_dir/models" "$home_dir/run"
  rm -f "$home_dir/run"/download.*
  while IFS=$'\t' read -r model repository folder gated bytes; do
    [ "$gated" = open ] || [ -n "${HF_TOKEN:-}" ] || fail "$repository is gated: accept its licence on its page and set HF_TOKEN"
    [ -e "$folder/.complete" ] || needed=$((needed + bytes - $(folder_bytes "$folder")))
  done <<<"$list"
  free="$(df -B1 --output=avail "$home_dir" | tail -1)"
  [ "$needed" -le "$free" ] || fail "the models need $((needed / 1000000000)) GB more, and $((free / 1000000000)) GB are free on $home_dir"
  while IFS=$'\t' read -r model repository folder gated bytes; do
    say "$model: $repository, $((bytes / 1000000)) MB"
    fetch_model "$model" "$repository" "$folder" &
    pids+=("$!")
  done <<<"$list"
  for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
  summarise_downloads
  [ "$bad" = 0 ] || fail "not everything is there; the same command goes on where it stopped ($home_dir/logs/download-*.log)"
}

summarise_downloads() {
  printf '%-22s %-16s %10s %9s %8s\n' model result MB seconds MB/s
  local file model result bytes seconds fetched
  for file in "$home_dir/run"/download.*; do
    IFS=$'\t' read -r model result bytes seconds fetched <"$file"
    printf '%-22s %-16s %10s %9s %8s\n' "$model" "$result" "$((bytes / 1000000))" "$seconds" "$((fetched / 1000000 / (seconds > 0 ? seconds : 1)))"
  done
}

# -- serving -----------------------------------------------------------------------------------------------------------------------

use_venv() { export PATH="$home_dir/venv/bin:$home_dir/bin:$PATH"; }

# Copies the log away and empties it in place: the server appends, so it needs no signal.
rotate_log() { # file
  local size keep="${settings[supervise.log_keep]}" i
  size="$(stat -c %s "$1" 2>/dev/null || echo 0)"
  [ "$size" -gt "${settings[supervise.log_max_bytes]}" ] || return 0
  for ((i = keep - 1; i >= 1; i--)); do
    if [ -e "$1.$i" ]; then mv "$1.$i" "$1.$((i + 1))"; fi
  done
  cp "$1" "$1.1"
  : >"$1"
}

is_alive() { [ -r "/proc/$1/status" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; }

# Sleeps, but lets a signal through at once. Whoever outlives the supervisor ($$ is its number in all of its parts) ends as if it were told to.
nap() {
  sleep "$1" &
  wait "$!" || true
  is_alive "$$" || kill -TERM "$BASHPID"
}

# Readers read it to its end: one that stops early (grep -q) ends tail by a signal, and with pipefail the whole would count as failed.
since() { tail -c "+$(($2 + 1))" "$1"; }

# Why a server ended, if its log says so in words that are known.
hint_for() { # log offset
  local i
  for i in "${!hint_texts[@]}"; do
    if since "$1" "$2" | grep -E -- "${hint_patterns[$i]}" >/dev/null; then
      printf '%s' "${hint_texts[$i]}"
      return 0
    fi
  done
}

# Prints each phase of the start as it is reached; `phase` and `phase_at` carry on between calls. The log is read once for all phases:
# it grows meanwhile, and a later phase that is found after an earlier one was looked for in vain would hide that one for good.
print_phases() { # id log offset
  local i now words=() found
  for i in "${phase_patterns[@]}"; do words+=(-e "$i"); done
  found="$(since "$2" "$3" | grep -aoF "${words[@]}" || true)"
  for ((i = phase; i < ${#phase_names[@]}; i++)); do
    if [[ "$found" == *"${phase_patterns[$i]}"* ]]; then
      now=$SECONDS
      say "$1: ${phase_names[$i]} after $((now - launched_at)) s (+$((now - phase_at)) s)"
      phase=$((i + 1)) phase_at=$now
    fi
  done
}

# Ends a server and all of its processes: the engine is a child that would keep the card's memory.
end_group() { # pid
  [ -n "$1" ] || return 0
  kill -TERM -- "-$1" 2>/dev/null || return 0
  local waited=0 limit="${settings[supervise.stop_seconds]}"
  while kill -0 -- "-$1" 2>/dev/null; do
    if [ "$waited" -ge "$((limit * 5))" ]; then kill -KILL -- "-$1" 2>/dev/null || true; fi
    # What nobody reaps (a pod without an init) is dead all the same.
    [ "$waited" -lt "$((limit * 5 + 25))" ] || return 0
    waited=$((waited + 1))
    sleep 0.2
  done
}

is_ready() { plan ready --port "$2" --name "$3" --key "$home_dir/api-key" --server "$1" >/dev/null 2>&1; }

# 0: it answers. 1: it ended. 2: it did not answer in time.
wait_ready() { # id port name log offset
  local limit="${settings[supervise.ready_timeout_seconds]}" every="${settings[supervise.poll_seconds]}"
  phase=0 phase_at=$launched_at
  while kill -0 "$server_pid" 2>/dev/null; do
    print_phases "$1" "$4" "$5"
    if is_ready "$1" "$2" "$3"; then
      print_phases "$1" "$4" "$5"
      say "$1: ready after $((SECONDS - launched_at)) s (+$((SECONDS - phase_at)) s)"
      return 0
    fi
    [ "$((SECONDS - launched_at))" -lt "$limit" ] || return 2
    nap "$every"
  done
  return 1
}

launch() { # id log
  local words variables=() arguments=() word is_variable=1
  mapfile -d '' -t words < <(plan command --mode "$mode" --card "$card" --home "$home_dir" --server "$1" --key "$home_dir/api-key")
  for word in "${words[@]}"; do
    if [ "$is_variable" = 1 ] && [ "$word" = -- ]; then is_variable=0; elif [ "$is_variable" = 1 ]; then variables+=("$word"); else arguments+=("$word"); fi
  done
  # Exported, not given to env(1): an argument would show the key in ps.
  (
    export "${variables[@]}"
    exec setsid "${arguments[@]}"
  ) >>"$2" 2>&1 9>&- &
  server_pid=$!
  launched_at=$SECONDS
  printf '%s\n' "$server_pid" >"$home_dir/run/$1.pid"
}

# Runs one server for ever. Only one of them starts at a time: vLLM measures the whole card while it starts, and gives up when another
# process takes or returns memory meanwhile.
serve() { # id port name
  local log="$home_dir/logs/$1.log" offset status failures=0 delays delay restarts=0 every="${settings[supervise.poll_seconds]}" hint
  read -ra delays <<<"${settings[supervise.backoff_seconds]}"
  server_pid=''
  trap 'end_group "$server_pid"; rm -f "$home_dir/run/'"$1"'.pid"; exit 0' TERM INT
  exec 9>"$home_dir/run/start.lock"
  while true; do
    until flock -w 1 9; do :; done
    touch "$log"
    rotate_log "$log"
    offset="$(stat -c %s "$log")"
    say "$1: starting on port $2"
    printf '%s\n' "$restarts" >"$home_dir/run/$1.restarts"
    launch "$1" "$log"
    status=0
    wait_ready "$1" "$2" "$3" "$log" "$offset" || status=$?
    [ "$status" = 0 ] || end_group "$server_pid"
    flock -u 9
    if [ "$status" = 0 ]; then echo ready >"$home_dir/run/$1.first"; else echo failed >"$home_dir/run/$1.first"; fi
    while kill -0 "$server_pid" 2>/dev/null; do
      rotate_log "$log"
      nap "$every"
    done
    # What is left of it would keep the card's memory.
    end_group "$server_pid"
    hint="$(hint_for "$log" "$(($(stat -c %s "$log") < offset ? 0 : offset))")"
    if [ "$((SECONDS - launched_at))" -ge "${settings[supervise.steady_seconds]}" ]; then failures=0; fi
    delay="${delays[$((failures < ${#delays[@]} ? failures : ${#delays[@]} - 1))]}"
    say "$1: ended after $((SECONDS - launched_at)) s${hint:+ ($hint)}; again in $delay s. Log: $log"
    failures=$((failures + 1)) restarts=$((restarts + 1))
    nap "$delay"
  done
}

# The way in, kept up beside the servers. Its own log, and its own pace: it measures nothing.
serve_tunnel() {
  local log="$home_dir/logs/tunnel.log"
  server_pid=''
  trap 'end_group "$server_pid"; rm -f "$home_dir/run/tunnel.pid"; exit 0' TERM INT
  while true; do
    touch "$log"
    rotate_log "$log"
    (exec setsid cloudflared tunnel --config "$home_dir/tunnel.yml" run) >>"$log" 2>&1 &
    server_pid=$!
    printf '%s\n' "$server_pid" >"$home_dir/run/tunnel.pid"
    say 'tunnel: started'
    while kill -0 "$server_pid" 2>/dev/null; do
      rotate_log "$log"
      nap "${settings[supervise.poll_seconds]}"
    done
    end_group "$server_pid"
    say "tunnel: ended; again in 2 s. Log: $log"
    nap 2
  done
}

supervisor_pid() {
  local pid
  pid="$(cat "$home_dir/run/supervisor.pid" 2>/dev/null)" || return 1
  # A number that was given to another process since is not ours.
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'pod\.sh run' || return 1
  printf '%s' "$pid"
}

# Servers of a supervisor that was killed: they would hold ports and memory.
end_leftovers() {
  local file pid
  for file in "$home_dir/run"/*.pid; do
    if [ ! -e "$file" ] || [ "$file" = "$home_dir/run/supervisor.pid" ]; then continue; fi
    pid="$(cat "$file")"
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qE ' (serve|--port|tunnel) '; then
      say "ending a server of an earlier run (process $pid)"
      end_group "$pid"
    fi
    rm -f "$file"
  done
}

check_start() {
  local model folder mistakes _
  [ -s "$home_dir/api-key" ] || fail "there is no API key at $home_dir/api-key: pod.sh setup"
  command -v vllm >/dev/null || fail 'there is no vllm here: pod.sh setup'
  while IFS=$'\t' read -r model _ folder _ _; do
    mistakes="$(plan check --model "$model" --folder "$folder")" || fail "$model is not whole: ${mistakes//$'\n'/; }. pod.sh download"
  done < <(plan models --mode "$mode" --card "$card" --home "$home_dir")
}

supervise() {
  choose_card
  load_settings
  use_venv
  local id port name list loops=() running=''
  list="$(plan servers --mode "$mode" --card "$card" --home "$home_dir")"
  check_start
  mkdir -p "$home_dir/run" "$home_dir/logs"
  if running="$(supervisor_pid)"; then fail "it runs already (process $running): pod.sh stop"; fi
  end_leftovers
  rm -f "$home_dir/run"/*.first "$home_dir/run/state"
  printf '%s\n' "$$" >"$home_dir/run/supervisor.pid"
  trap 'say "stopping"; kill -TERM "${loops[@]}" 2>/dev/null; wait; rm -f "$home_dir/run/supervisor.pid" "$home_dir/run/state"; say "stopped"; exit 0' TERM INT
  if [ -e "$home_dir/tunnel.yml" ]; then
    serve_tunnel &
    loops+=("$!")
  fi
  say "mode $mode on $card: $(cut -f1 <<<"$list" | paste -sd' ')"
  while IFS=$'\t' read -r id port name; do
    serve "$id" "$port" "$name" &
    loops+=("$!")
    # In this order, each when the one before it answers or has failed once: a share is of the whole card.
    until [ -e "$home_dir/run/$id.first" ]; do nap 0.2; done
  done <<<"$list"
  if grep -q failed "$home_dir/run"/*.first; then
    echo failed >"$home_dir/run/state"
    say 'not every server started; those that ended are tried again'
  else
    echo ready >"$home_dir/run/state"
    say "all ready after $SECONDS s"
  fi
  wait
}

start() {
  choose_card
  if [ "$dry_run" = 1 ]; then
    plan show --mode "$mode" --card "$card" --home "$home_dir"
    return 0
  fi
  local log="$home_dir/logs/supervisor.log" pid tail_pid state
  load_settings
  mkdir -p "$home_dir/run" "$home_dir/logs"
  rm -f "$home_dir/run/state"
  touch "$log"
  rotate_log "$log"
  setsid bash "$here/pod.sh" run --mode "$mode" --card "$card" --home "$home_dir" >>"$log" 2>&1 </dev/null &
  pid=$!
  tail -n 0 -F "$log" 2>/dev/null &
  tail_pid=$!
  until [ -e "$home_dir/run/state" ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
  sleep 0.3
  kill "$tail_pid" 2>/dev/null || true
  state="$(cat "$home_dir/run/state" 2>/dev/null || tail -1 "$log")"
  [ "$state" = ready ] || fail "not everything started: $state ($log)"
}

stop() {
  local pid
  if [ "$dry_run" = 1 ]; then
    printf '%s\n' "kill -TERM \"\$(cat $home_dir/run/supervisor.pid)\"   # and waits until all servers are gone"
    return 0
  fi
  if pid="$(supervisor_pid)"; then
    kill -TERM "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
    say 'stopped'
  else
    load_settings
    end_leftovers
    say 'nothing runs'
  fi
}

restart() {
  local id pid
  [ "${#names[@]}" = 1 ] || fail 'restart which server? pod.sh restart small'
  id="${names[0]}"
  load_settings
  pid="$(cat "$home_dir/run/$id.pid" 2>/dev/null)" || fail "no server $id runs"
  end_group "$pid"
  say "$id: ended; the supervisor starts it again"
}

hook() {
  load_settings
  [ -r "$home_dir/hook-secret" ] || fail "no secret: (umask 077; openssl rand -hex 24 >$home_dir/hook-secret), and the same in the gateway"
  exec python3 "$here/hook.py" --home "$home_dir" --port "${POINTSMAN_HOOK_PORT:-8010}"
}

status() {
  choose_card
  local id port name pid state
  if pid="$(supervisor_pid)"; then say "supervised by process $pid"; else say 'not supervised'; fi
  while IFS=$'\t' read -r id port name; do
    pid="$(cat "$home_dir/run/$id.pid" 2>/dev/null || echo -)"
    if is_ready "$id" "$port" "$name"; then state=answers; else state='does not answer'; fi
    printf '%-12s port %s  process %s  restarts %s  %s\n' "$id" "$port" "$pid" "$(cat "$home_dir/run/$id.restarts" 2>/dev/null || echo -)" "$state"
  done < <(plan servers --mode "$mode" --card "$card" --home "$home_dir")
  if command -v nvidia-smi >/dev/null; then nvidia-smi --query-gpu=index,memory.used,memory.total,utilization.gpu --format=csv,noheader; fi
}

follow_log() {
  [ "${#names[@]}" = 1 ] || fail 'which log? pod.sh logs small (or large, supervisor, …)'
  exec tail -n 100 -F "$home_dir/logs/${names[0]}.log"
}

# -- command line ------------------------------------------------------------------------------------------------------------------

verb="${1:-help}"
[ "$#" = 0 ] || shift
while [ "$#" -gt 0 ]; do
  case "$1" in
    --mode) mode="${2:?--mode needs a name}" && shift 2 ;;
    --card) card="${2:?--card needs a name}" && shift 2 ;;
    --home) home_dir="${2:?--home needs a folder}" && shift 2 ;;
    --dry-run) dry_run=1 && shift ;;
    --help) usage && exit 0 ;;
    -*) fail "unknown option $1; pod.sh --help" ;;
    *) names+=("$1") && shift ;;
  esac
done

case "$verb" in
  setup) setup ;;
  download) download ;;
  start) start ;;
  run) supervise ;;
  stop) stop ;;
  restart) restart ;;
  hook) hook ;;
  status) status ;;
  logs) follow_log ;;
  memory)
    only=()
    [ "$mode" = pair ] && [ "$card" = auto ] || only+=(--mode "$mode")
    [ "$card" = auto ] || only+=(--card "$card")
    plan memory "${only[@]}"
    ;;
  explain) plan explain ;;
  modes) plan modes ;;
  help | --help | -h) usage ;;
  *) fail "unknown command $verb; pod.sh --help" ;;
esac
