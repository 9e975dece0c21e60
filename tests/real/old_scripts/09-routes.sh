# on demand: route, and take the route away
ipsec auto --ondemand site-1 >/dev/null; echo "ondemand: $?"
ipsec auto --status | grep -q '"site-1".*prospective erouted' && echo "routed"
ipsec auto --route foreign >/dev/null; [ $? -eq 0 ] && echo "foreign is routed" || echo "foreign is not routed"
ipsec auto --unroute site-1 >/dev/null; echo "unroute: $?"
ipsec auto --status | grep -q '"site-1".*prospective erouted' || echo "not routed any more"
