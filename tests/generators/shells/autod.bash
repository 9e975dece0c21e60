# Completion of autod for bash. Made by `python -m tests.generators.completion` from the parsers.

# What stands behind $1, a word or an operation: sets `options` and `operands`; fails where $1 is neither.
_autod_behind() {
  case $1 in
@BEHIND@
    *) return 1 ;;
  esac
}

# What option $2 wants behind word or operation $1: sets `wants`, to nothing where it wants nothing.
_autod_wants() {
  case ${1#--},$2 in
@WANTS@
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
    [ -n "$behind" ] || options="@ALL@"
    _autod_values "$options" "$typed"
  elif [ -z "$behind$operand" ]; then
    _autod_values "@WORDS@" "$typed"
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
