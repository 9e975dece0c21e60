#compdef autod ipsec
# Completion of autod for zsh. Made by `python -m tests.generators.completion` from the parsers.

# What stands behind $1, a word or an operation: sets `options` and `operands`; fails where $1 is neither.
_autod_behind() {
  case $1 in
@BEHIND@
    *) return 1 ;;
  esac
}

_autod_names() {
  local -a names expl
  if compset -P @; then
    _files
    return
  fi
  names=(${(f)"$(autod --complete $given 2>/dev/null </dev/null)"})
  _wanted connections expl connection compadd -a names
}

_autod() {
  local word at behind= operand= literal= value= options= operands=
  local -a specs given
  if [[ $service == ipsec ]]; then
    if (( CURRENT == 2 )) || [[ $words[2] != autod ]]; then
      # zsh has a completion of its own for it, which does not know autod.
      (( $+functions[_ipsec] )) && _ipsec "$@"
      (( CURRENT == 2 )) && compadd autod
      return
    fi
    shift words
    (( CURRENT -= 1 ))
  fi
  for ((at = 2; at < CURRENT; at++)); do
    word=$words[at]
    case $word in
      (--) literal=yes; break ;;
      (--config=*|--api=*|--ctlsocket=*|--release=*) given+=($word) ;;
      (@VALUED@)
        (( at += 1 ))
        (( at < CURRENT )) || value=yes
        case $word in
          (--config|--api|--ctlsocket|--release) [[ -n $value ]] || given+=("$word=${(Q)words[at]}") ;;
        esac
        ;;
      (-*) [[ -n $behind ]] || { _autod_behind $word && behind=$word } ;;
      (*)
        [[ -n $behind$operand ]] || { _autod_behind $word && behind=$word }
        operand=yes
        ;;
    esac
  done
  if [[ -z $behind ]]; then
    options="@ALL@"
    operands=names
    if [[ -z $operand$literal$value && $words[CURRENT] != -* ]]; then
      _describe word _autod_words
      return
    fi
  elif [[ $behind == -* ]]; then
    specs=("!$behind")
  else
    # The word itself is no operand.
    words[(i)$behind]=()
    (( CURRENT -= 1 ))
  fi
  for word in ${(z)options}; do
    specs+=(${_autod_specs[${behind#--},$word]-$_autod_specs[$word]})
  done
  case $operands in
    (names) specs+=('*:connection:_autod_names') ;;
    (files) specs+=('*:file:_files') ;;
    (''|anything) ;;
    (*) specs+=("*:word:($operands)") ;;
  esac
  _arguments $specs
}

typeset -gA _autod_specs
_autod_specs=(
@SPECS@
)
typeset -ga _autod_words
_autod_words=(
@WORDS@
)

_autod "$@"
