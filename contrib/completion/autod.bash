# Completion of autod for bash. Made by `python -m tests.generators.completion` from the parsers.

# What stands behind $1, a word or an operation: sets `options` and `operands`; fails where $1 is neither.
_autod_behind() {
  case $1 in
    learn) options="-h --help --whack --pluto --ctlsocket --cache --json" operands="" ;;
    doctor) options="-h --help --ctlsocket --config --release --seccomp --labeled --verbose --json" operands="" ;;
    explain) options="-h --help --all --try --timeout --deadline --json --verbose --ctlsocket --config --release --seccomp --labeled --api" operands="names" ;;
    decode) options="-h --help --release --seccomp --labeled --json" operands="files" ;;
    report) options="-h --help --output" operands="files" ;;
    top) options="-h --help --ctlsocket --release --seccomp --labeled --interval --sort --only --once --json" operands="names" ;;
    watch) options="-h --help --api --since --json --until-up --timeout" operands="names" ;;
    history) options="-h --help --since --until --peer --by-peer --changes --most --json --api --file --timeout" operands="names" ;;
    supervise) options="-h --help --settings --ctlsocket --config --release --api --reload --force --timeout --check" operands="" ;;
    --up|--initiate|up|initiate) options="--showonly --asynchronous --config --verbose --ctlsocket --remote-host -h --help --release --seccomp --labeled --xauthname --xauthpass-file --service --api --json --quiet --report --all --limit --timeout --deadline --retries --on-failure --if-down --no-if-down" operands="names" ;;
    --down|--terminate|down|terminate) options="--showonly --asynchronous --config --verbose --ctlsocket -h --help --release --seccomp --labeled --service --api --json --quiet --report --all --limit --timeout --deadline --retries" operands="names" ;;
    --add|add|--replace|replace) options="--showonly --config --verbose --ctlsocket -h --help --release --seccomp --labeled --via-addconn --service --api --json --quiet --report --all --limit --timeout --deadline --retries --set" operands="names" ;;
    --delete|delete) options="--showonly --config --verbose --ctlsocket -h --help --release --seccomp --labeled --service --api --json --quiet --report --all --limit --timeout --deadline --retries" operands="names" ;;
    --start|start) options="--showonly --asynchronous --config --verbose --ctlsocket --remote-host -h --help --release --seccomp --labeled --xauthname --xauthpass-file --via-addconn --json --quiet --report --all --limit --timeout --deadline --retries --on-failure --if-down --no-if-down --set" operands="names" ;;
    --route|route) options="--showonly --config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --quiet --report --all --limit --timeout --deadline --retries" operands="names" ;;
    --unroute|unroute) options="--showonly --config --verbose --ctlsocket -h --help --release --seccomp --labeled --force --json --quiet --report --all --limit --timeout --deadline --retries" operands="names" ;;
    --ondemand|ondemand|--rotatecert|rotatecert) options="--showonly --config --verbose --ctlsocket -h --help --release --seccomp --labeled --via-addconn --json --quiet --report --all --limit --timeout --deadline --retries --set" operands="names" ;;
    --wait|wait) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --service --api --json --quiet --all --timeout --deadline" operands="names" ;;
    --rekey-ike|rekey-ike|--rekey-child|rekey-child|--suspend|suspend) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --quiet --all --timeout --deadline" operands="names" ;;
    --deletestate|deletestate|--deleteuser|deleteuser|--deleteid|deleteid) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --quiet --timeout --deadline" operands="anything" ;;
    --status|status) options="--showonly --config --verbose --ctlsocket -h --help --release --seccomp --labeled --service --api --json --format --quiet --all --timeout --deadline" operands="names" ;;
    --trafficstatus|trafficstatus) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --format --all --timeout --deadline" operands="names" ;;
    --briefstatus|briefstatus|--globalstatus|globalstatus|--showstates|showstates|--shuntstatus|shuntstatus|--fipsstatus|fipsstatus|--addresspoolstatus|addresspoolstatus) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --format --timeout --deadline" operands="" ;;
    --connectionstatus|connectionstatus|--briefconnectionstatus|briefconnectionstatus) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --all --timeout --deadline" operands="names" ;;
    --processstatus|processstatus) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --timeout --deadline" operands="" ;;
    --clearstats|clearstats|--ddns|ddns|--unlisten|unlisten) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --quiet --timeout --deadline" operands="" ;;
    --ready|--listen|ready|listen|--rereadall|rereadall|--rereadsecrets|rereadsecrets|--rereadcerts|rereadcerts|--rereadcrls|rereadcrls|--rereadgroups|rereadgroups|--fetchcrls|fetchcrls) options="--showonly --config --verbose --ctlsocket -h --help --release --seccomp --labeled --json --quiet --timeout --deadline" operands="" ;;
    --purgeocsp|purgeocsp|--listall|listall|--listpubkeys|listpubkeys|--checkpubkeys|checkpubkeys|--listcerts|listcerts|--listcacerts|listcacerts|--listcrls|listcrls) options="--showonly --config --verbose --utc --ctlsocket -h --help --release --seccomp --labeled --json --timeout --deadline" operands="" ;;
    --listevents|listevents|--listpsks|listpsks) options="--config --verbose --utc --ctlsocket -h --help --release --seccomp --labeled --json --timeout --deadline" operands="" ;;
    --listgroups|listgroups) options="--config --ctlsocket -h --help --release --seccomp --labeled --json --timeout --deadline" operands="" ;;
    --check|check) options="--config --ctlsocket -h --help --release --seccomp --labeled --json --all --timeout --deadline --set --peer" operands="names" ;;
    --diff|diff) options="--config --ctlsocket -h --help --release --seccomp --labeled --json --all --timeout --deadline --as" operands="names" ;;
    --sync|sync) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --force --via-addconn --service --api --json --quiet --all --timeout --deadline --dry-run --as --prune --remove-at-most" operands="names" ;;
    --shutdown|shutdown) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --force --api --json --quiet --timeout --deadline --leave-state" operands="" ;;
    --debug|debug) options="--config --verbose --ctlsocket -h --help --release --seccomp --labeled --force --json --quiet --timeout --deadline" operands="all none routing base cpu-usage refcnt tmi updown crypt private add-prefix add-state whackwatch" ;;
    *) return 1 ;;
  esac
}

# What option $2 wants behind word or operation $1: sets `wants`, to nothing where it wants nothing.
_autod_wants() {
  case ${1#--},$2 in
    history,--peer) wants="anything" ;;
    *,--release) wants="5.4 5.3.2 5.3.1 5.3 5.2 5.1 5.0 4.15 4.14 4.13 4.12 4.11 4.10 4.9 4.8 4.7 4.6 4.5 4.4 4.3 4.2 4.1 4.0 3.32 3.31 3.30 3.29 3.28 3.27" ;;
    *,--only) wants="all up not_up trouble" ;;
    *,--remote-host|*,--xauthname|*,--limit|*,--timeout|*,--deadline|*,--retries|*,--remove-at-most|*,--set|*,--interval|*,--since|*,--until|*,--most) wants="anything" ;;
    *,--config|*,--ctlsocket|*,--xauthpass-file|*,--api|*,--report|*,--as|*,--peer|*,--whack|*,--pluto|*,--cache|*,--output|*,--file|*,--settings) wants="files" ;;
    *,--on-failure) wants="leave down" ;;
    *,--sort) wants="name state peer since in out rate failure" ;;
    *,--prune) wants="names" ;;
    *,--format) wants="text table" ;;
    *,--seccomp|*,--labeled) wants="yes no" ;;
    *) wants= ;;
  esac
}

# Offers those of the lines that are read which begin with $1, quoted as a shell needs them.
_autod_offer() {
  local line quoted
  while IFS= read -r line; do
    [[ $line == "$1"* ]] || continue
    printf -v quoted %q "$line"
    COMPREPLY+=("$quoted")
  done
}

# Offers the files that $2 begins, with $1 in front.
_autod_files() {
  local file
  compopt -o nospace 2>/dev/null
  while IFS= read -r file; do
    if [ -d "$file" ]; then file+=/; else file+=' '; fi
    if [[ $file == *' '*?* ]]; then printf -v file '%q ' "${file% }"; fi
    COMPREPLY+=("$1$file")
  done < <(compgen -f -- "$2")
}

# Offers what is wanted, $1, for what was typed, $2.
_autod_values() {
  case $1 in
    names)
      if [[ $2 == @* ]]; then
        _autod_files @ "${2#@}"
      else
        _autod_offer "$2" < <(autod --complete "${given[@]}" 2>/dev/null </dev/null)
      fi
      ;;
    files) _autod_files '' "$2" ;;
    anything | '') ;;
    *) _autod_offer "$2" < <(printf '%s\n' $1) ;;
  esac
}

_autod() {
  local typed=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local behind= wants= options= operands= operand= literal= given=() at word value
  COMPREPLY=()
  # bash cuts --config=FILE into three words.
  if [ "$typed" = = ]; then
    typed=
  elif [ "$before" = = ]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    if [ "$word" = -- ]; then
      literal=yes
      break
    fi
    if [[ $word != -* ]]; then
      [ -n "$operand$behind" ] || ! _autod_behind "$word" || behind=$word
      operand=yes
      continue
    fi
    case $word in
      --config=* | --api=* | --ctlsocket=* | --release=*) given+=("$word") ;;
    esac
    _autod_wants "$behind" "$word"
    if [ -n "$wants" ]; then
      ((at += 1))
      [ "${COMP_WORDS[at]}" != = ] || ((at += 1))
      value=${COMP_WORDS[at]}
      case $word in
        --config | --api | --ctlsocket | --release) ((at >= COMP_CWORD)) || given+=("$word=$value") ;;
      esac
    elif [ -z "$behind" ] && _autod_behind "$word"; then
      behind=$word
    fi
  done
  wants=
  [ -n "$literal" ] || _autod_wants "$behind" "$before"
  if [ -n "$wants" ]; then
    _autod_values "$wants" "$typed"
  elif [ -z "$literal" ] && [[ $typed == -* ]]; then
    [ -n "$behind" ] || options="--up --initiate --down --terminate --add --delete --replace --start --route --unroute --ondemand --rotatecert --wait --rekey-ike --rekey-child --suspend --deletestate --deleteuser --deleteid --status --trafficstatus --briefstatus --globalstatus --showstates --shuntstatus --fipsstatus --connectionstatus --briefconnectionstatus --addresspoolstatus --processstatus --clearstats --ready --listen --rereadall --rereadsecrets --rereadcerts --rereadcrls --rereadgroups --fetchcrls --purgeocsp --listall --listpubkeys --checkpubkeys --listcerts --listcacerts --listcrls --listevents --listpsks --listgroups --check --diff --sync --ddns --unlisten --shutdown --debug --showonly --asynchronous --config --verbose --utc --ctlsocket --remote-host --version -h --help --release --seccomp --labeled --force --xauthname --xauthpass-file --via-addconn --service --api --json --format --quiet --report --all --limit --timeout --deadline --retries --on-failure --if-down --no-if-down --leave-state --dry-run --as --prune --remove-at-most --set --peer"
    _autod_values "$options" "$typed"
  elif [ -z "$behind$operand" ]; then
    _autod_values "learn doctor explain decode report top watch history supervise up initiate down terminate add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready listen rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug" "$typed"
  else
    _autod_values "${operands:-$([ -n "$behind" ] || echo names)}" "$typed"
  fi
}

# `ipsec autod ...` is completed as `autod ...` is, and the rest as bash-completion has it, if it is there.
_autod_behind_ipsec() {
  if [ "${COMP_WORDS[1]}" = autod ] && ((COMP_CWORD > 1)); then
    local COMP_WORDS=("${COMP_WORDS[@]:1}") COMP_CWORD=$((COMP_CWORD - 1))
    _autod
    return
  fi
  if [ -z "${_autod_ipsec-}" ]; then
    complete -r ipsec
    _comp_load ipsec 2>/dev/null || _completion_loader ipsec 2>/dev/null
    _autod_ipsec=$(complete -p ipsec 2>/dev/null | sed 's/.*-F \([^ ]*\).*/\1/')
    complete -o bashdefault -o default -F _autod_behind_ipsec ipsec
  fi
  [ -z "$_autod_ipsec" ] || "$_autod_ipsec" "$@"
  if ((COMP_CWORD == 1)) && [[ autod == "$2"* ]]; then COMPREPLY+=(autod); fi
}

complete -F _autod autod
complete -o bashdefault -o default -F _autod_behind_ipsec ipsec
