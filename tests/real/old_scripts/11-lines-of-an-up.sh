# support scripts: what an up said, by code
ipsec auto --add site-1
ipsec auto --up site-1 >"$TMPDIR/said" 2>&1; status=$?
[ $status -ne 0 ] && echo "not up"
sed -n 's/^\(1[0-9][0-9]\) "site-1" #[0-9]*: \([a-z]*\).*/\1 \2/p' "$TMPDIR/said"
grep -q '^010 "site-1" #[0-9]*: STATE_V2_PARENT_I1: retransmission' "$TMPDIR/said" && echo "the peer does not answer"
grep -q '^031 "site-1" #[0-9]*: ' "$TMPDIR/said" && echo "timed out"
ipsec auto --delete site-1 >/dev/null
