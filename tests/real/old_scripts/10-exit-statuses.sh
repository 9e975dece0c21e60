# Submariner, raven: what to do by the number
check() { "$@" >/dev/null 2>&1; case $? in 0) echo done;; 3) echo configuration;; 20) echo duplicate;; 21) echo unknown;; 22) echo "not here";; 33) echo "no pluto";; *) echo failed;; esac; }
check ipsec auto --add nosuch
check ipsec auto --up nosuch
check ipsec auto --route nosuch
check ipsec auto --add site-1
check ipsec auto --down site-1
check ipsec auto --delete site-1
check ipsec auto --delete site-1
check ipsec auto --ctlsocket /nonexistent/pluto.ctl --status
check ipsec auto --up
check ipsec auto --sideways site-1
