# neutron-vpnaas: load each site, listen, begin, look
for site in site-1 site-2; do
	ipsec auto --replace $site || { echo "cannot load $site"; exit 1; }
done
ipsec auto --ready | grep -q 'listening for IKE messages' && echo "listening"
for site in site-1 site-2; do
	ipsec auto --asynchronous --up $site >/dev/null && echo "$site begun"
done
for site in site-1 site-2; do
	ipsec auto --status | grep -q "^000 \"$site\": .*; unrouted; eroute owner: #0" && echo "$site is down" || echo "$site is up"
done
for site in site-1 site-2; do
	ipsec auto --down $site >/dev/null; ipsec auto --delete $site >/dev/null
done
ipsec auto --status | grep -c '^000 "site-'
