# machine-config-operator, nm-l2tp: poll until a tunnel is there
ipsec auto --add site-1
ipsec auto --asynchronous --up site-1 >/dev/null
tries=0
until ipsec auto --status | grep -Eq '"site-1".*(ISAKMP SA|IPsec SA|IKE SA) established'; do
	tries=$((tries + 1))
	[ $tries -lt 3 ] || { echo "given up"; break; }
	sleep 0.2
done
ipsec auto --down site-1 >/dev/null && echo "down"
