# a cron job: bring up again what is not up
ipsec auto --add site-1 || exit 3
if ! ipsec whack --trafficstatus | grep -q '"site-1"'; then
	echo "site-1 is not up"
	ipsec auto --down site-1 >/dev/null 2>&1
	ipsec auto --asynchronous --up site-1 >/dev/null && echo "begun again"
fi
ipsec whack --showstates | grep -c '"site-1":500 STATE_V2_PARENT_I1'
