#!/bin/sh
# A hook of autod that sends a mail through sendmail (or SENDMAIL):
#
#     [[hook]]
#     name = "mail"
#     command = ["/usr/share/doc/autod/hooks/mail.sh", "admin@example.org"]
#
# As a unit it needs what sendmail needs: most are setgid, and write below /var/spool. In a drop-in of
# autod-hook@.service: NoNewPrivileges=no, RestrictSUIDSGID=no, ReadWritePaths=/var/spool and DynamicUser=no.
set -eu
to=$1
"${SENDMAIL:-/usr/sbin/sendmail}" -i -- "$to" <<END
To: $to
Subject: $AUTOD_CONNECTION is $AUTOD_EVENT on $AUTOD_HOST
Auto-Submitted: auto-generated
Content-Type: text/plain; charset=utf-8

$AUTOD_CONNECTION (peer ${AUTOD_PEER:-unknown}) is $AUTOD_EVENT on $AUTOD_HOST.

state:  $AUTOD_STATE
cause:  ${AUTOD_CAUSE:-none}
detail: ${AUTOD_DETAIL:-none}
since:  $(date -d "@$AUTOD_SINCE" 2>/dev/null || echo "$AUTOD_SINCE")

autod history $AUTOD_CONNECTION
END
