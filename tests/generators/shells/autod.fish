# Completion of autod for fish. Made by `python -m tests.generators.completion` from the parsers.

# The word or operation that a word on the line means.
function __autod_called
    switch $argv[1]
@CALLED@
    end
end

# Whether the line is behind one of these words and operations; '' is: behind none yet.
function __autod_behind
    set -l behind ''
    set -l operand ''
    set -l skip ''
    for word in (commandline -opc)[2..]
        if test -n "$skip"
            set skip ''
            continue
        end
        switch $word
            case --
                break
            case @VALUED@
                set skip yes
            case '-*'
                set behind (__autod_called $word)
            case '*'
                test -n "$operand"; or set behind (__autod_called $word)
                set operand yes
        end
        test -z "$behind"; or break
    end
    contains -- "$behind" $argv
end

function __autod_names
    set -l typed (commandline -opc)
    set -l given
    for at in (seq 2 (count $typed))
        switch $typed[$at]
            case --config --api --ctlsocket --release
                test $at -lt (count $typed); and set -a given $typed[$at]=$typed[(math $at + 1)]
            case '--config=*' '--api=*' '--ctlsocket=*' '--release=*'
                set -a given $typed[$at]
        end
    end
    autod --complete $given 2>/dev/null </dev/null
    # A file of names.
    set -l token (commandline -ct)
    string match -q '@*' -- $token; and for file in (__fish_complete_path (string sub -s 2 -- $token))
        echo "@$file"
    end
end

complete -c autod -f
# `ipsec autod ...` is completed as `autod ...` is.
complete -c ipsec -n '__fish_seen_subcommand_from autod' -f -a '(__fish_complete_subcommand)'
@LINES@
