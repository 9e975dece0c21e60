# Completion of autod for fish. Made by `python -m tests.generators.completion` from the parsers.

# The word or operation that a word on the line means.
function __autod_called
    switch $argv[1]
        case learn
            echo learn
        case doctor
            echo doctor
        case explain
            echo explain
        case decode
            echo decode
        case report
            echo report
        case top
            echo top
        case watch
            echo watch
        case history
            echo history
        case supervise
            echo supervise
        case --up --initiate up initiate
            echo up
        case --down --terminate down terminate
            echo down
        case --add add
            echo add
        case --delete delete
            echo delete
        case --replace replace
            echo replace
        case --start start
            echo start
        case --route route
            echo route
        case --unroute unroute
            echo unroute
        case --ondemand ondemand
            echo ondemand
        case --rotatecert rotatecert
            echo rotatecert
        case --wait wait
            echo wait
        case --rekey-ike rekey-ike
            echo rekey-ike
        case --rekey-child rekey-child
            echo rekey-child
        case --suspend suspend
            echo suspend
        case --deletestate deletestate
            echo deletestate
        case --deleteuser deleteuser
            echo deleteuser
        case --deleteid deleteid
            echo deleteid
        case --status status
            echo status
        case --trafficstatus trafficstatus
            echo trafficstatus
        case --briefstatus briefstatus
            echo briefstatus
        case --globalstatus globalstatus
            echo globalstatus
        case --showstates showstates
            echo showstates
        case --shuntstatus shuntstatus
            echo shuntstatus
        case --fipsstatus fipsstatus
            echo fipsstatus
        case --connectionstatus connectionstatus
            echo connectionstatus
        case --briefconnectionstatus briefconnectionstatus
            echo briefconnectionstatus
        case --addresspoolstatus addresspoolstatus
            echo addresspoolstatus
        case --processstatus processstatus
            echo processstatus
        case --clearstats clearstats
            echo clearstats
        case --ready --listen ready listen
            echo ready
        case --rereadall rereadall
            echo rereadall
        case --rereadsecrets rereadsecrets
            echo rereadsecrets
        case --rereadcerts rereadcerts
            echo rereadcerts
        case --rereadcrls rereadcrls
            echo rereadcrls
        case --rereadgroups rereadgroups
            echo rereadgroups
        case --fetchcrls fetchcrls
            echo fetchcrls
        case --purgeocsp purgeocsp
            echo purgeocsp
        case --listall listall
            echo listall
        case --listpubkeys listpubkeys
            echo listpubkeys
        case --checkpubkeys checkpubkeys
            echo checkpubkeys
        case --listcerts listcerts
            echo listcerts
        case --listcacerts listcacerts
            echo listcacerts
        case --listcrls listcrls
            echo listcrls
        case --listevents listevents
            echo listevents
        case --listpsks listpsks
            echo listpsks
        case --listgroups listgroups
            echo listgroups
        case --check check
            echo check
        case --diff diff
            echo diff
        case --sync sync
            echo sync
        case --ddns ddns
            echo ddns
        case --unlisten unlisten
            echo unlisten
        case --shutdown shutdown
            echo shutdown
        case --debug debug
            echo debug
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
            case --api --as --cache --config --ctlsocket --deadline --file --format --interval --labeled --limit --most --on-failure --only --output --peer --pluto --prune --release --remote-host --remove-at-most --report --retries --seccomp --set --settings --since --sort --timeout --until --whack --xauthname --xauthpass-file
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
complete -c autod -n '__autod_behind ""' -a learn -d 'learn the messages of an installed release that autod does not know'
complete -c autod -n '__autod_behind ""' -a doctor -d 'say whether all is in place to talk to pluto, and what is wrong'
complete -c autod -n '__autod_behind ""' -a explain -d 'say why a connection is not up, and what to do'
complete -c autod -n '__autod_behind ""' -a decode -d 'show a captured message as a tree'
complete -c autod -n '__autod_behind ""' -a report -d 'make one page about the runs of many hosts'
complete -c autod -n '__autod_behind ""' -a top -d 'a live table of the connections'
complete -c autod -n '__autod_behind ""' -a watch -d 'events of a running supervisor, as they happen'
complete -c autod -n '__autod_behind ""' -a history -d 'when connections were down, and how long, as the supervisor remembers it'
complete -c autod -n '__autod_behind ""' -a supervise -d 'keep connections up'
complete -c autod -n '__autod_behind ""' -a up -d 'initiate, and wait until the Child SA is established or it failed'
complete -c autod -n '__autod_behind ""' -a initiate -d 'initiate, and wait until the Child SA is established or it failed'
complete -c autod -n '__autod_behind ""' -a down -d 'terminate: take the SAs down, keep the connection loaded'
complete -c autod -n '__autod_behind ""' -a terminate -d 'terminate: take the SAs down, keep the connection loaded'
complete -c autod -n '__autod_behind ""' -a add -d 'load from the configuration; one that is loaded is replaced'
complete -c autod -n '__autod_behind ""' -a delete -d 'take down and unload; to delete a connection that is not loaded succeeds'
complete -c autod -n '__autod_behind ""' -a replace -d 'delete if loaded, then add'
complete -c autod -n '__autod_behind ""' -a start -d 'add, then up'
complete -c autod -n '__autod_behind ""' -a route -d 'route: traffic brings the connection up'
complete -c autod -n '__autod_behind ""' -a unroute -d 'remove the route; refused for a connection that is up where that would kill pluto (4.0 to 4.15) or take its SAs down (5.x), unless --force'
complete -c autod -n '__autod_behind ""' -a ondemand -d 'add, then route'
complete -c autod -n '__autod_behind ""' -a rotatecert -d 'add again, which takes the certificates as they are now'
complete -c autod -n '__autod_behind ""' -a wait -d 'initiate nothing, end when every connection named is up; with --asynchronous and --up or --start: wait for that after all were taken'
complete -c autod -n '__autod_behind ""' -a rekey-ike -d 'negotiate new keys for the IKE SA (3.30 on)'
complete -c autod -n '__autod_behind ""' -a rekey-child -d 'negotiate new keys for the Child SA (3.30 on)'
complete -c autod -n '__autod_behind ""' -a suspend -d 'take down so that the session can be resumed (5.2 on)'
complete -c autod -n '__autod_behind ""' -a deletestate -d 'delete one SA by its serial number, as --showstates has it'
complete -c autod -n '__autod_behind ""' -a deleteuser -d 'take down the SAs of an XAUTH user'
complete -c autod -n '__autod_behind ""' -a deleteid -d 'take down the SAs of a peer\'s identity'
complete -c autod -n '__autod_behind ""' -a status -d 'pluto\'s status; typed with --json or --format table'
complete -c autod -n '__autod_behind ""' -a trafficstatus -d 'bytes in and out of each established Child SA'
complete -c autod -n '__autod_behind ""' -a briefstatus -d 'totals only; costs pluto next to nothing'
complete -c autod -n '__autod_behind ""' -a globalstatus -d 'pluto\'s counters'
complete -c autod -n '__autod_behind ""' -a showstates -d 'each IKE SA and Child SA'
complete -c autod -n '__autod_behind ""' -a shuntstatus -d 'bare shunts in the kernel'
complete -c autod -n '__autod_behind ""' -a fipsstatus -d 'whether pluto runs in FIPS mode'
complete -c autod -n '__autod_behind ""' -a connectionstatus -d 'the connections\' part of the status'
complete -c autod -n '__autod_behind ""' -a briefconnectionstatus -d 'a line for each connection (5.0 on)'
complete -c autod -n '__autod_behind ""' -a addresspoolstatus -d 'the pools that peers get addresses from (4.0 on)'
complete -c autod -n '__autod_behind ""' -a processstatus -d 'pluto\'s child processes (4.2 on)'
complete -c autod -n '__autod_behind ""' -a clearstats -d 'set pluto\'s counters to zero'
complete -c autod -n '__autod_behind ""' -a ready -d 'listen for IKE messages'
complete -c autod -n '__autod_behind ""' -a listen -d 'listen for IKE messages'
complete -c autod -n '__autod_behind ""' -a rereadall -d 'reread secrets and CRLs, and certificates where the release has them'
complete -c autod -n '__autod_behind ""' -a rereadsecrets -d 'reread the secrets file'
complete -c autod -n '__autod_behind ""' -a rereadcerts -d 'reread the certificates'
complete -c autod -n '__autod_behind ""' -a rereadcrls -d 'fetch the CRLs, which is what is left of it'
complete -c autod -n '__autod_behind ""' -a rereadgroups -d 'reread the policy groups: pluto does it when told to listen'
complete -c autod -n '__autod_behind ""' -a fetchcrls -d 'fetch the CRLs of the loaded certificates'
complete -c autod -n '__autod_behind ""' -a purgeocsp -d 'list all, and purge the OCSP cache'
complete -c autod -n '__autod_behind ""' -a listall -d 'public keys, certificates, CA certificates, CRLs and pre-shared keys'
complete -c autod -n '__autod_behind ""' -a listpubkeys -d 'public keys'
complete -c autod -n '__autod_behind ""' -a checkpubkeys -d 'public keys that expire soon or have expired'
complete -c autod -n '__autod_behind ""' -a listcerts -d 'certificates of this host and of peers'
complete -c autod -n '__autod_behind ""' -a listcacerts -d 'CA certificates'
complete -c autod -n '__autod_behind ""' -a listcrls -d 'certificate revocation lists'
complete -c autod -n '__autod_behind ""' -a listevents -d 'what pluto will do, and when'
complete -c autod -n '__autod_behind ""' -a listpsks -d 'for whom there are pre-shared keys; never the keys'
complete -c autod -n '__autod_behind ""' -a listgroups -d 'policy groups of the policies folder, and the loaded group connections'
complete -c autod -n '__autod_behind ""' -a check -d 'read the configuration, send nothing, show every error and warning'
complete -c autod -n '__autod_behind ""' -a diff -d 'what differs between the configuration and pluto'
complete -c autod -n '__autod_behind ""' -a sync -d 'make pluto hold what the configuration says, and touch nothing else'
complete -c autod -n '__autod_behind ""' -a ddns -d 'look up again the names of peers (3.30 on)'
complete -c autod -n '__autod_behind ""' -a unlisten -d 'stop listening for IKE messages'
complete -c autod -n '__autod_behind ""' -a shutdown -d 'end pluto; with --leave-state its SAs and policies stay in the kernel. Refused beside a running supervisor, unless --force'
complete -c autod -n '__autod_behind ""' -a debug -d 'log more of what pluto does: all, base, tmi and others; none ends it. crypt and private write keys into the log, and want --force'
complete -c autod -n '__autod_behind ""' -l up -l initiate -d 'initiate, and wait until the Child SA is established or it failed'
complete -c autod -n '__autod_behind ""' -l down -l terminate -d 'terminate: take the SAs down, keep the connection loaded'
complete -c autod -n '__autod_behind ""' -l add -d 'load from the configuration; one that is loaded is replaced'
complete -c autod -n '__autod_behind ""' -l delete -d 'take down and unload; to delete a connection that is not loaded succeeds'
complete -c autod -n '__autod_behind ""' -l replace -d 'delete if loaded, then add'
complete -c autod -n '__autod_behind ""' -l start -d 'add, then up'
complete -c autod -n '__autod_behind ""' -l route -d 'route: traffic brings the connection up'
complete -c autod -n '__autod_behind ""' -l unroute -d 'remove the route; refused for a connection that is up where that would kill pluto (4.0 to 4.15) or take its SAs down (5.x), unless --force'
complete -c autod -n '__autod_behind ""' -l ondemand -d 'add, then route'
complete -c autod -n '__autod_behind ""' -l rotatecert -d 'add again, which takes the certificates as they are now'
complete -c autod -n '__autod_behind ""' -l wait -d 'initiate nothing, end when every connection named is up; with --asynchronous and --up or --start: wait for that after all were taken'
complete -c autod -n '__autod_behind ""' -l rekey-ike -d 'negotiate new keys for the IKE SA (3.30 on)'
complete -c autod -n '__autod_behind ""' -l rekey-child -d 'negotiate new keys for the Child SA (3.30 on)'
complete -c autod -n '__autod_behind ""' -l suspend -d 'take down so that the session can be resumed (5.2 on)'
complete -c autod -n '__autod_behind ""' -l deletestate -d 'delete one SA by its serial number, as --showstates has it'
complete -c autod -n '__autod_behind ""' -l deleteuser -d 'take down the SAs of an XAUTH user'
complete -c autod -n '__autod_behind ""' -l deleteid -d 'take down the SAs of a peer\'s identity'
complete -c autod -n '__autod_behind ""' -l status -d 'pluto\'s status; typed with --json or --format table'
complete -c autod -n '__autod_behind ""' -l trafficstatus -d 'bytes in and out of each established Child SA'
complete -c autod -n '__autod_behind ""' -l briefstatus -d 'totals only; costs pluto next to nothing'
complete -c autod -n '__autod_behind ""' -l globalstatus -d 'pluto\'s counters'
complete -c autod -n '__autod_behind ""' -l showstates -d 'each IKE SA and Child SA'
complete -c autod -n '__autod_behind ""' -l shuntstatus -d 'bare shunts in the kernel'
complete -c autod -n '__autod_behind ""' -l fipsstatus -d 'whether pluto runs in FIPS mode'
complete -c autod -n '__autod_behind ""' -l connectionstatus -d 'the connections\' part of the status'
complete -c autod -n '__autod_behind ""' -l briefconnectionstatus -d 'a line for each connection (5.0 on)'
complete -c autod -n '__autod_behind ""' -l addresspoolstatus -d 'the pools that peers get addresses from (4.0 on)'
complete -c autod -n '__autod_behind ""' -l processstatus -d 'pluto\'s child processes (4.2 on)'
complete -c autod -n '__autod_behind ""' -l clearstats -d 'set pluto\'s counters to zero'
complete -c autod -n '__autod_behind ""' -l ready -l listen -d 'listen for IKE messages'
complete -c autod -n '__autod_behind ""' -l rereadall -d 'reread secrets and CRLs, and certificates where the release has them'
complete -c autod -n '__autod_behind ""' -l rereadsecrets -d 'reread the secrets file'
complete -c autod -n '__autod_behind ""' -l rereadcerts -d 'reread the certificates'
complete -c autod -n '__autod_behind ""' -l rereadcrls -d 'fetch the CRLs, which is what is left of it'
complete -c autod -n '__autod_behind ""' -l rereadgroups -d 'reread the policy groups: pluto does it when told to listen'
complete -c autod -n '__autod_behind ""' -l fetchcrls -d 'fetch the CRLs of the loaded certificates'
complete -c autod -n '__autod_behind ""' -l purgeocsp -d 'list all, and purge the OCSP cache'
complete -c autod -n '__autod_behind ""' -l listall -d 'public keys, certificates, CA certificates, CRLs and pre-shared keys'
complete -c autod -n '__autod_behind ""' -l listpubkeys -d 'public keys'
complete -c autod -n '__autod_behind ""' -l checkpubkeys -d 'public keys that expire soon or have expired'
complete -c autod -n '__autod_behind ""' -l listcerts -d 'certificates of this host and of peers'
complete -c autod -n '__autod_behind ""' -l listcacerts -d 'CA certificates'
complete -c autod -n '__autod_behind ""' -l listcrls -d 'certificate revocation lists'
complete -c autod -n '__autod_behind ""' -l listevents -d 'what pluto will do, and when'
complete -c autod -n '__autod_behind ""' -l listpsks -d 'for whom there are pre-shared keys; never the keys'
complete -c autod -n '__autod_behind ""' -l listgroups -d 'policy groups of the policies folder, and the loaded group connections'
complete -c autod -n '__autod_behind ""' -l check -d 'read the configuration, send nothing, show every error and warning'
complete -c autod -n '__autod_behind ""' -l diff -d 'what differs between the configuration and pluto'
complete -c autod -n '__autod_behind ""' -l sync -d 'make pluto hold what the configuration says, and touch nothing else'
complete -c autod -n '__autod_behind ""' -l ddns -d 'look up again the names of peers (3.30 on)'
complete -c autod -n '__autod_behind ""' -l unlisten -d 'stop listening for IKE messages'
complete -c autod -n '__autod_behind ""' -l shutdown -d 'end pluto; with --leave-state its SAs and policies stay in the kernel. Refused beside a running supervisor, unless --force'
complete -c autod -n '__autod_behind ""' -l debug -d 'log more of what pluto does: all, base, tmi and others; none ends it. crypt and private write keys into the log, and want --force'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert status ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls' -l showonly -d 'print the commands `ipsec auto` of 4.10 would run; contact nobody'
complete -c autod -n '__autod_behind "" up down start' -l asynchronous -d 'return once pluto has taken the request'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l config -r -F -d 'ipsec.conf (default: IPSEC_CONF, or /etc/ipsec.conf)'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks sync ddns unlisten shutdown debug' -l verbose -d 'every line of pluto\'s, with its code'
complete -c autod -n '__autod_behind "" purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks' -l utc -d 'times of lists in UTC'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l ctlsocket -r -F -d 'control socket (default: pluto.ctl in IPSEC_RUNDIR, or in /run/pluto)'
complete -c autod -n '__autod_behind "" up start' -l remote-host -x -d 'peer to initiate to, for a connection that leaves it open'
complete -c autod -n '__autod_behind ""' -l version -d 'print autod\'s version'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -s h -l help -d 'say what there is, or all of the operation or word beside it'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l release -x -a '5.4 5.3.2 5.3.1 5.3 5.2 5.1 5.0 4.15 4.14 4.13 4.12 4.11 4.10 4.9 4.8 4.7 4.6 4.5 4.4 4.3 4.2 4.1 4.0 3.32 3.31 3.30 3.29 3.28 3.27' -d 'pluto\'s release, where it cannot be found out (5.2, 4.10, ...)'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l seccomp -x -a 'yes no' -d 'whether pluto was built with USE_SECCOMP (numbers of 5.3 and 5.4 depend on it)'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l labeled -x -a 'yes no' -d 'with --release: whether pluto was built with labeled IPsec (messages of 3.27 to 4.1 depend on it)'
complete -c autod -n '__autod_behind "" unroute sync shutdown debug' -l force -d 'do what was refused for its cost'
complete -c autod -n '__autod_behind "" up start' -l xauthname -x -d 'user name for XAUTH'
complete -c autod -n '__autod_behind "" up start' -l xauthpass-file -r -F -d 'file with the XAUTH password on its first line (- reads standard input)'
complete -c autod -n '__autod_behind "" add replace start ondemand rotatecert sync' -l via-addconn -d 'load through the release\'s own addconn'
complete -c autod -n '__autod_behind "" up down add delete replace wait status sync' -l service -d 'ask the running supervisor instead of pluto; needs no root'
complete -c autod -n '__autod_behind "" up down add delete replace wait status sync shutdown' -l api -r -F -d 'the supervisor\'s socket, for --service (default: /run/autod/autod.sock)'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l json -d 'a JSON object a line: events, then outcomes'
complete -c autod -n '__autod_behind "" status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus addresspoolstatus' -l format -x -a 'text table' -d 'of a status: pluto\'s text (the default), or a table'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls sync ddns unlisten shutdown debug' -l quiet -d 'say nothing of what succeeds (default for several names, where standard output is not a terminal)'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert' -l report -r -F -d 'write a page (HTML, self-contained) about the run, or FILE.json for autod report; - is standard output'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend status trafficstatus connectionstatus briefconnectionstatus check diff sync' -l all -d 'every connection with auto= other than ignore'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert' -l limit -x -d 'in flight at once (default: found while running)'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l timeout -x -d 'for each connection; 90, 90s, 5m and 1h are times'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend deletestate deleteuser deleteid status trafficstatus briefstatus globalstatus showstates shuntstatus fipsstatus connectionstatus briefconnectionstatus addresspoolstatus processstatus clearstats ready rereadall rereadsecrets rereadcerts rereadcrls rereadgroups fetchcrls purgeocsp listall listpubkeys checkpubkeys listcerts listcacerts listcrls listevents listpsks listgroups check diff sync ddns unlisten shutdown debug' -l deadline -x -d 'for the whole, from finding out the release to the last look'
complete -c autod -n '__autod_behind "" up down add delete replace start route unroute ondemand rotatecert' -l retries -x -d 'try again what may pass, with a back-off'
complete -c autod -n '__autod_behind "" up start' -l on-failure -x -a 'leave down' -d 'what to do with a connection that failed: pluto goes on trying, or down'
complete -c autod -n '__autod_behind "" up start' -l if-down -l no-if-down -d 'leave a connection that is up alone (the default)'
complete -c autod -n '__autod_behind "" shutdown' -l leave-state -d 'with --shutdown: tunnels go on without pluto'
complete -c autod -n '__autod_behind "" sync' -l dry-run -d 'with --sync: say what would be done, and what it would cost'
complete -c autod -n '__autod_behind "" diff sync' -l as -r -F -d 'with --diff and --sync --dry-run: --config is to take the place of this file (what would change?)'
complete -c autod -n '__autod_behind "" sync' -l prune -x -a '(__autod_names)' -d 'with --sync: delete this connection too (or those of a pattern), no matter who loaded it'
complete -c autod -n '__autod_behind "" sync' -l remove-at-most -x -d 'with --sync: how much of what the file loaded may be deleted at once without --force (20)'
complete -c autod -n '__autod_behind "" add replace start ondemand rotatecert check' -l set -x -d 'with --add and its relatives, and --check: a setting of the one connection NAME, which then stands in no file'
complete -c autod -n '__autod_behind "" check' -l peer -r -F -d 'with --check: the configuration of the other end; says what of the two will not match'
complete -c autod -n '__autod_behind learn doctor explain decode report top watch history supervise' -s h -l help -d 'show this help message and exit'
complete -c autod -n '__autod_behind learn' -l whack -r -F -d 'the whack to learn from (default: the one beside pluto)'
complete -c autod -n '__autod_behind learn' -l pluto -r -F -d 'the pluto it belongs to (default: the one that runs)'
complete -c autod -n '__autod_behind learn' -l ctlsocket -r -F -d 'control socket, to find the pluto that runs'
complete -c autod -n '__autod_behind learn' -l cache -r -F -d 'where to keep it (default: XDG_CACHE_HOME or /var/cache)'
complete -c autod -n '__autod_behind learn' -l json -d 'one JSON object'
complete -c autod -n '__autod_behind doctor explain top' -l ctlsocket -r -F -d 'control socket (default: as of autod itself)'
complete -c autod -n '__autod_behind doctor explain' -l config -r -F -d 'ipsec.conf (default: as of autod itself)'
complete -c autod -n '__autod_behind doctor explain top' -l release -x -a '5.4 5.3.2 5.3.1 5.3 5.2 5.1 5.0 4.15 4.14 4.13 4.12 4.11 4.10 4.9 4.8 4.7 4.6 4.5 4.4 4.3 4.2 4.1 4.0 3.32 3.31 3.30 3.29 3.28 3.27' -d 'pluto\'s release, where it cannot be found out'
complete -c autod -n '__autod_behind doctor explain top' -l seccomp -x -a 'yes no' -d 'whether pluto was built with USE_SECCOMP'
complete -c autod -n '__autod_behind doctor explain top' -l labeled -x -a 'yes no' -d 'with --release: whether pluto was built with labeled IPsec'
complete -c autod -n '__autod_behind doctor' -l verbose -d 'each message that was compared, also where it is right'
complete -c autod -n '__autod_behind doctor' -l json -d 'a JSON object a finding, then a summary'
complete -c autod -n '__autod_behind explain' -l all -d 'every connection that pluto has loaded'
complete -c autod -n '__autod_behind explain' -l try -d 'bring it up, and tell what happens meanwhile'
complete -c autod -n '__autod_behind explain' -l timeout -x -d 'for --try, each (default: 30s)'
complete -c autod -n '__autod_behind explain' -l deadline -x -d 'end all of it with 124 after so long (5, 30s, 2m)'
complete -c autod -n '__autod_behind explain' -l json -d 'an object for each connection'
complete -c autod -n '__autod_behind explain' -l verbose -d 'with --try: every line of pluto\'s, with its code'
complete -c autod -n '__autod_behind explain watch history' -l api -r -F -d 'the supervisor\'s socket'
complete -c autod -n '__autod_behind decode' -l release -x -a '5.4 5.3.2 5.3.1 5.3 5.2 5.1 5.0 4.15 4.14 4.13 4.12 4.11 4.10 4.9 4.8 4.7 4.6 4.5 4.4 4.3 4.2 4.1 4.0 3.32 3.31 3.30 3.29 3.28 3.27' -d 'the release that wrote it (default: every one that fits)'
complete -c autod -n '__autod_behind decode' -l seccomp -x -a 'yes no' -d 'whether that pluto was built with USE_SECCOMP'
complete -c autod -n '__autod_behind decode' -l labeled -x -a 'yes no' -d 'with --release: whether that pluto was built with labeled IPsec'
complete -c autod -n '__autod_behind decode' -l json -d 'one JSON object instead of a tree'
complete -c autod -n '__autod_behind report' -l output -r -F -d 'the page; - is standard output (default)'
complete -c autod -n '__autod_behind top' -l interval -x -d 'between two looks (default: 2 s, more if pluto is busy)'
complete -c autod -n '__autod_behind top' -l sort -x -a 'name state peer since in out rate failure' -d ''
complete -c autod -n '__autod_behind top' -l only -x -a 'all up not_up trouble' -d ''
complete -c autod -n '__autod_behind top' -l once -d 'print one table and end; with --interval, take two looks and show rates'
complete -c autod -n '__autod_behind top' -l json -d 'with --once: one JSON document'
complete -c autod -n '__autod_behind watch' -l since -x -d 'begin after the event of this number'
complete -c autod -n '__autod_behind watch' -l json -d 'one JSON object a line'
complete -c autod -n '__autod_behind watch' -l until-up -d 'end when all that should be up is up; tell nothing before'
complete -c autod -n '__autod_behind watch' -l timeout -x -d 'end with 124 where the supervisor does not answer for so long (5, 30s, 2m; default: 30s), and with --until-up where not all is up by then (default: never)'
complete -c autod -n '__autod_behind history' -l since -x -d 'from then on (default: a day ago)'
complete -c autod -n '__autod_behind history' -l until -x -d 'up to then (default: now)'
complete -c autod -n '__autod_behind history' -l peer -x -d 'only connections to this peer, or pattern'
complete -c autod -n '__autod_behind history' -l by-peer -d 'a line for each peer instead of each connection'
complete -c autod -n '__autod_behind history' -l changes -d 'everything that happened, not only when a connection was down'
complete -c autod -n '__autod_behind history' -l most -x -d 'show the latest N at most (default: 50; with --json 1000)'
complete -c autod -n '__autod_behind history' -l json -d 'one JSON object, with times in UNIX seconds'
complete -c autod -n '__autod_behind history' -l file -r -F -d 'read this history itself; needs no supervisor, but the right to read it'
complete -c autod -n '__autod_behind history' -l timeout -x -d 'for the supervisor\'s answer (default: 30s)'
complete -c autod -n '__autod_behind supervise' -l settings -r -F -d 'the settings (default: /etc/autod.toml, which may be missing)'
complete -c autod -n '__autod_behind supervise' -l ctlsocket -r -F -d 'pluto\'s control socket, whatever the settings say'
complete -c autod -n '__autod_behind supervise' -l config -r -F -d 'the ipsec.conf, whatever the settings say'
complete -c autod -n '__autod_behind supervise' -l release -x -a '5.4 5.3.2 5.3.1 5.3 5.2 5.1 5.0 4.15 4.14 4.13 4.12 4.11 4.10 4.9 4.8 4.7 4.6 4.5 4.4 4.3 4.2 4.1 4.0 3.32 3.31 3.30 3.29 3.28 3.27' -d 'the release of Libreswan, where it cannot be found out'
complete -c autod -n '__autod_behind supervise' -l api -r -F -d 'where to answer, whatever the settings say; empty: nowhere'
complete -c autod -n '__autod_behind supervise' -l reload -d 'have the running supervisor read its files again, and end: with 0 if it took them, with 1 if connections that left them stay in pluto, with 3 and the error if it kept the old ones'
complete -c autod -n '__autod_behind supervise' -l force -d 'with --reload: also where it deletes more connections than remove_at_most allows at once'
complete -c autod -n '__autod_behind supervise' -l timeout -x -d 'with --reload: how long that may take (default: 60s)'
complete -c autod -n '__autod_behind supervise' -l check -d 'read the files, say what would be kept and how, and end'
complete -c autod -n '__autod_behind explain top watch history up down add delete replace start route unroute ondemand rotatecert wait rekey-ike rekey-child suspend status trafficstatus connectionstatus briefconnectionstatus check diff sync' -a '(__autod_names)'
complete -c autod -n '__autod_behind decode report' -F
complete -c autod -n '__autod_behind debug' -a 'all none routing base cpu-usage refcnt tmi updown crypt private add-prefix add-state whackwatch'
