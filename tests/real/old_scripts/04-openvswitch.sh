# ovs-monitor-ipsec: each command's standard error and status, then what the state says by regular expression
for tunnel in site-1 site-2; do
	problems=$(ipsec auto --add $tunnel 2>&1 >/dev/null) || echo "$tunnel: cannot be loaded"
	[ -z "$problems" ] || echo "$tunnel: $problems"
	ipsec auto --asynchronous --up $tunnel >/dev/null 2>&1 || echo "$tunnel: cannot be begun"
done
ipsec auto --status | sed -n 's/^000 "\([^"]*\)": .*eroute owner.*/loaded \1/p' | sort
ipsec auto --status | grep -Ec '^000 #[0-9]+: "site-[12]".*established' || true
for tunnel in site-1 site-2; do ipsec auto --delete $tunnel >/dev/null || echo "$tunnel: cannot be deleted"; done
